#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/database.h"
#include "storage/search_page.h"

// Compiles the search language of MLflow's clients into SQL: `metrics.auc > 0.7 AND tags.team =
// 'nlp'`, and beyond it OR, NOT, parentheses and IN. Values become parameters, names come only from
// a SearchSchema, so that no text of a caller is ever part of the SQL.
//
// clang-format off
//   filter = or
//   or     = and {OR and}
//   and    = unary {[AND] unary}
//   unary  = NOT unary | ( or ) | test
//   test   = name op value | name [NOT] IN ( value {, value} ) | name IS [NOT] NULL
//   name   = [entity.]key, each plain, `quoted` or "quoted"
//   op     = = | != | < | <= | > | >= | [NOT] LIKE | [NOT] ILIKE
// clang-format on
//
// Keywords are read in any case.
namespace millwright::storage {

inline constexpr size_t kFilterBytesMax = 64 * 1024;
inline constexpr size_t kFilterTestsMax = 200;
inline constexpr int kFilterDepthMax = 50;
inline constexpr size_t kFilterListMax = 10'000;
inline constexpr size_t kOrderKeysMax = 20;
inline constexpr size_t kPageTokenBytesMax = 128 * 1024;

enum class SearchType { kText, kNumber };

// A fixed name that may be searched, such as attribute.status, and the column it stands for.
struct SearchAttribute {
  std::string_view entity;
  std::string_view name;
  std::string_view column;
  SearchType type = SearchType::kText;
  bool can_filter = true;
  bool can_order = true;
  bool is_alias = false;     // works but is not named among the valid ones
  bool is_nullable = false;  // the column may hold NULL
  // When the column is of another table: "SELECT 1 FROM … WHERE …", completed with AND.
  std::string_view exists = {};
  // An index of the searched table that finds rows by this column alone (SearchTable).
  std::string_view index = {};
  // "SELECT DISTINCT key FROM … WHERE", which finds rows by a column of another table.
  std::string_view finder = {};
};

// Names of the users' own choice, such as tags.team: rows (key, value) of a table; numbers have
// is_nan beside the value. '@' stands for the table's alias in `owner`.
struct SearchKeyed {
  std::string_view entity;
  SearchType type = SearchType::kText;
  std::string_view table;
  std::string_view owner;
  bool can_order = true;
  // What to order by where `table` has several rows a key; it has at most one.
  std::string_view order_table = {};
  std::string_view order_owner = {};
  // A mark that most rows lack: for this key `!=` also finds what has no such key.
  std::string_view mark = {};
  // The index (key, is_nan, value, SearchTable::key) of numbers or (key, value, SearchTable::key)
  // of texts, of which PostgreSQL has the beginnings only; `table` has one row a key then.
  std::string_view index = {};
};

// How an entity may be written: {"params", "parameter"}.
struct SearchEntityName {
  std::string_view written;
  std::string_view entity;
};

// A column to order by; never NULL.
struct SearchColumn {
  std::string_view sql;
  SearchType type = SearchType::kText;
  bool descending = false;
};

// What the planner needs of a large table (search_plan.h); small ones are sorted.
struct SearchTable {
  std::string_view key;         // a column of the table and of all that have an `index`
  std::string_view row_key;     // the same with the table's alias
  std::string_view size;        // an upper bound of the rows: "SELECT max(key) FROM …"
  std::string_view scope_test;  // the attribute that the scope's index is ordered by
};

// The wording of refusals, which differs between MLflow's searches. Logged models also take values
// without quotes as texts.
enum class SearchWording { kRuns, kExperiments, kRegistry, kLoggedModels };

struct SearchSchema {
  SearchWording wording = SearchWording::kRuns;
  std::string_view from;           // the table with its alias, perhaps joined
  std::string_view entities_text;  // closes "Invalid entity type 'x'. "
  std::span<const SearchEntityName> entities;
  std::span<const SearchAttribute> attributes;
  std::span<const SearchKeyed> keyed;
  std::span<const SearchColumn> default_order;    // when no order is asked for
  std::span<const SearchColumn> ties;             // follows what is asked for; unique at its end
  std::string_view order_noun = "attribute key";  // names an unknown order key in messages
  bool refuse_repeated_order = false;
  const SearchTable* table = nullptr;
};

// Which rows are looked at before any filter. `parameters` are $1 … $n of the query.
struct SearchScope {
  std::vector<Value> parameters = {};
  // Of a SearchTable: the condition, the index that finds the rows in it and the one that has rows
  // in the order of the ties, which is the same where the scope is one stretch of it.
  std::string_view sql = {};
  std::string_view index = {};
  std::string_view ordered_index = {};
};

struct SearchRequest {
  std::string filter;
  std::vector<std::string> order_by;
  int64_t limit = 1000;            // of rows of a page; 0 makes an empty page with a token
  std::string page_token;          // what the page before ended with; empty for the first
  std::string bound_to;            // what else makes two searches the same, for their tokens
  int64_t time_limit_ms = 10'000;  // of a statement
};

// A statement with its markers filled in; `query()` is valid as long as this object.
class SearchQuery {
 public:
  SearchQuery(std::string_view name, std::string sql, std::vector<Value> parameters)
      : name_(name), sql_(std::move(sql)), parameters_(std::move(parameters)) {}
  Query query() const { return {name_, sql_, sql_}; }
  const std::vector<Value>& parameters() const { return parameters_; }

 private:
  std::string name_;
  std::string sql_;
  std::vector<Value> parameters_;
};

// A search that was understood. Pages follow each other by keyset: a token holds the place in the
// order where its page ended, so that a page costs the same however deep it is, and what is added
// meanwhile neither repeats nor hides a row. What changes its own place in the order may be seen
// twice or not at all.
//
// A query's text has the markers /*columns*/, /*from*/, /*filter*/, /*order*/ and /*limit*/, and
// /*scope*/ where the schema has a table.
class Search {
 public:
  // Throws kInvalidArgument naming what is wrong with the filter, the order or the token.
  Search(const SearchSchema& schema, Dialect dialect, SearchScope scope, SearchRequest request);
  ~Search();

  // Gives the rows of the page in order and returns the token of the next page, or "". Throws
  // kFailedPrecondition when the time limit is over.
  std::string Page(Connection& connection, const Query& query,
                   const std::function<void(const Row&)>& each) const;
  // Gives, for every row that matches, the values of `names` as the filter writes them: NULL where
  // there is none or NaN. Only with a table.
  void Values(Connection& connection, const std::vector<std::string>& names,
              const std::function<void(const Row&)>& each) const;
  // Counts the rows that match, up to `max`. Only with a table.
  int64_t Count(Connection& connection, int64_t max) const;
  // Gives the rows of another query over the rows that match, such as the keys they have. Its
  // parameters follow the scope's. `few` has /*from*/ and is asked where few rows match or are to
  // be looked at, `many` brings a FROM of its own. Only with a table.
  std::vector<Row> Keys(Connection& connection, const Query& few, const Query& many,
                        const std::vector<Value>& parameters) const;
  // Says whether the filter or the order names something of an entity.
  bool Uses(std::string_view entity) const;
  // The statement of a page without a plan, as tests look at it.
  SearchQuery Statement(const Query& query) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millwright::storage

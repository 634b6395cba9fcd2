#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/database.h"

// Compiles the search language of MLflow's clients into SQL: `metrics.auc > 0.7 AND tags.team =
// 'nlp'`, and beyond it OR, NOT, parentheses and IN. Values become parameters, names come only from
// a SearchSchema, so that no text of a caller is ever part of the SQL.
//
//   filter     = or ; or = and {OR and} ; and = unary {[AND] unary} ; unary = NOT unary | (or) |
//   test test       = name op value | name [NOT] IN (value, …) | name IS [NOT] NULL name       =
//   [entity.]key, each plain, `quoted` or "quoted" op         = = != < <= > >= [NOT] LIKE ILIKE ;
//   keywords in any case
namespace millwright::storage {

inline constexpr size_t kFilterBytesMax = 64 * 1024;
inline constexpr size_t kFilterTestsMax = 200;
inline constexpr int kFilterDepthMax = 50;
inline constexpr size_t kFilterListMax = 10'000;
inline constexpr size_t kOrderKeysMax = 20;

enum class SearchType { kText, kNumber };

// A fixed name that may be searched, such as attribute.status, and the column it stands for.
struct SearchAttribute {
  std::string_view entity;
  std::string_view name;
  std::string_view column;
  SearchType type = SearchType::kText;
  bool can_filter = true;
  bool can_order = true;
  bool is_alias = false;  // works but is not named among the valid ones
  // When the column is of another table: "SELECT 1 FROM … WHERE …", completed with AND.
  std::string_view exists = {};
};

// Names of the users' own choice, such as tags.team: rows (key, value) of a table; numbers have
// is_nan beside the value. '@' stands for the table's alias in `owner`.
struct SearchKeyed {
  std::string_view entity;
  SearchType type = SearchType::kText;
  std::string_view table;
  std::string_view owner;
  bool can_order = true;
  // The table to order by where `table` has several rows a key; it has at most one.
  std::string_view order_table = {};
  // A mark that most rows lack: for this key `!=` also finds what has no such key.
  std::string_view mark = {};
};

// How an entity may be written: {"params", "parameter"}.
struct SearchEntityName {
  std::string_view written;
  std::string_view entity;
};

// The wording of refusals, which differs between MLflow's searches. Logged models also take values
// without quotes as texts.
enum class SearchWording { kRuns, kExperiments, kRegistry, kLoggedModels };

struct SearchSchema {
  SearchWording wording = SearchWording::kRuns;
  std::string_view entities_text;  // closes "Invalid entity type 'x'. "
  std::span<const SearchEntityName> entities;
  std::span<const SearchAttribute> attributes;
  std::span<const SearchKeyed> keyed;
  std::string_view default_order;                 // when no order is asked for
  std::string_view ties;                          // follows what is asked for
  std::string_view order_noun = "attribute key";  // names an unknown order key in messages
  bool refuse_repeated_order = false;
};

// A query with its markers filled in; `query()` is valid as long as this object.
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

// Fills /*joins*/, /*filter*/ and /*order*/ of a query. `parameters` are those the query has
// already ($1 … $n). Throws kInvalidArgument naming what is wrong with the filter or the order.
SearchQuery CompileSearch(const Query& base, const SearchSchema& schema, Dialect dialect,
                          std::string_view filter, const std::vector<std::string>& order_by,
                          std::vector<Value> parameters);

}  // namespace millwright::storage

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/search.h"
#include "storage/search_lexer.h"

namespace millwright::storage {

// A filter as a tree. Parsing knows the grammar only; names are looked up when it is compiled.
struct SearchNode {
  enum class Kind { kAnd, kOr, kNot, kTest };
  Kind kind = Kind::kTest;
  std::vector<std::unique_ptr<SearchNode>> children;
  // Of a test: the name as written, the operator in capitals with single blanks ("NOT IN") and the
  // values as written; for IN they are the list's items and `list` is its text.
  std::string_view name;
  std::string op;
  std::vector<SearchToken> values;
  std::string list;
};

// Returns nothing for an empty filter. Throws kInvalidArgument in the wording asked for.
std::unique_ptr<SearchNode> ParseFilter(std::string_view filter, SearchWording wording);

// A name taken apart: "tags.team" is {"tags", "team"}, "status" is {"", "status"}.
struct SearchName {
  std::string_view entity;
  std::string_view key;
};
SearchName SplitName(std::string_view name);

// Says which entity a name means. Throws kInvalidArgument for an unknown one.
std::string_view EntityOf(const SearchSchema& schema, const SearchName& name);
// Finds an attribute for filtering or ordering. Throws kInvalidArgument with the names there are.
enum class SearchUse { kFilter, kOrder };
const SearchAttribute& FindAttribute(const SearchSchema& schema, std::string_view entity,
                                     std::string_view key, SearchUse use);
// Finds a keyed entity, or nullptr.
const SearchKeyed* FindKeyed(const SearchSchema& schema, std::string_view entity);

// Collects parameters and tells how each is written in the SQL.
class SearchParameters {
 public:
  explicit SearchParameters(std::vector<Value> initial) : values_(std::move(initial)) {}
  std::string Add(Value value) {
    values_.push_back(std::move(value));
    return "$" + std::to_string(values_.size());
  }
  std::vector<Value> Take() { return std::move(values_); }

 private:
  std::vector<Value> values_;
};

// Replaces '@' in an owner condition by an alias.
std::string WithAlias(std::string_view condition, std::string_view alias);

// Makes SQLite read a table by this index; PostgreSQL knows from its statistics.
std::string ByIndex(std::string_view from, std::string_view index, Dialect dialect);

// Compiles a tree to a condition. `row_key` stands in it for the row's key (SearchTable::row_key)
// unless it is empty.
std::string CompileFilter(const SearchNode& node, const SearchSchema& schema, Dialect dialect,
                          SearchParameters& parameters, std::string_view row_key = {});

// A way of finding the rows that pass a test by an index: FROM clauses in which `found` has their
// keys, and a query with a row for each, to be counted.
struct SearchFinder {
  std::string from;
  // For many rows: puts them in the order of their table first. Read in the order of the test's
  // index each would be on another page, which takes three times as long.
  std::string sorted_from;
  std::string probe;
};
// Compiles a test to a finder; nothing when there is no such index.
std::optional<SearchFinder> CompileFinder(const SearchNode& test, const SearchSchema& schema,
                                          Dialect dialect, SearchParameters& parameters);
// Whether all that a test's finder finds passes the test.
bool FindsExactly(const SearchNode& test, const SearchSchema& schema, Dialect dialect);

}  // namespace millwright::storage

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

// Compiles a tree to a condition.
std::string CompileFilter(const SearchNode& node, const SearchSchema& schema, Dialect dialect,
                          SearchParameters& parameters);

// Compiles a test to a way of finding the rows that pass it by an index: a FROM clause of the
// table, and a query whose rows are counted. Nothing when there is no such index.
struct SearchFinder {
  std::string from;
  std::string probe;
};
std::optional<SearchFinder> CompileFinder(const SearchNode& test, const SearchSchema& schema,
                                          Dialect dialect, SearchParameters& parameters);

}  // namespace millwright::storage

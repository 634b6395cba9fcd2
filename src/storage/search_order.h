#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/search_filter.h"

namespace millwright::storage {

// One key of an order_by, looked up in the schema; one of the two pointers is set.
struct SearchOrderKey {
  const SearchKeyed* keyed = nullptr;
  const SearchAttribute* attribute = nullptr;
  std::string key;  // of a keyed entity
  bool descending = false;
};

// Reads order_by. Throws kInvalidArgument naming what is wrong.
std::vector<SearchOrderKey> ParseOrders(const SearchSchema& schema,
                                        const std::vector<std::string>& order_by);

// Where a value of an order stands: what is absent comes last in both directions, NaN just before.
enum class SearchRank : int64_t { kPresent = 0, kNan = 1, kAbsent = 2 };

// A column to sort by. One that is `fixed` has this value in every row of a statement.
struct SearchTerm {
  std::string sql;
  SearchType type = SearchType::kText;
  bool descending = false;
  std::optional<Value> fixed;
};

// An order as columns and the joins that they need. `rank` says that the first key's value is
// known to be of that rank and, where present or NaN, to stand in a joined table `o0` already.
struct SearchTerms {
  std::vector<SearchTerm> columns;
  std::string joins;
};
SearchTerms OrderTerms(const SearchSchema& schema, Dialect dialect,
                       const std::vector<SearchOrderKey>& keys, SearchParameters& parameters,
                       std::optional<SearchRank> rank = {});

// "a DESC, b ASC" of the columns that are not fixed; never empty, for the ties are not fixed.
std::string OrderSql(const SearchTerms& terms);
// The columns as a list to select.
std::string SelectSql(const SearchTerms& terms);
// The condition that a row comes after `place`, a value for each column. Where the fixed columns
// say already that all rows come after it, it is "1 = 1"; nothing if all come before it.
std::optional<std::string> AfterSql(const SearchTerms& terms, const std::vector<Value>& place,
                                    SearchParameters& parameters);

// PostgreSQL limits the size of an index row, so its texts are indexed by their first characters.
inline constexpr size_t kPrefixCharacters = 200;
std::string PrefixSql(std::string_view text);

}  // namespace millwright::storage

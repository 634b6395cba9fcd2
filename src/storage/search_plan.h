#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "storage/search_filter.h"
#include "storage/search_order.h"

namespace millwright::storage {

// What a plan is made for.
struct SearchedTable {
  const SearchSchema& schema;
  Dialect dialect;
  const SearchScope& scope;
  const SearchNode* filter = nullptr;  // nothing when every row of the scope matches
};

// How the rows of a page are come by:
//  kFind      by the test, or the scope, that fewest rows pass; they are sorted.
//  kWalk      in the order asked for, along an index of the first key; the rows are tested on the
//             way and the page ends it. Ends early where many rows match.
struct SearchPlan {
  enum class Kind { kFind, kWalk };
  Kind kind = Kind::kFind;
  const SearchNode* found_by = nullptr;  // of kFind; nothing stands for the scope
  bool is_few = false;                   // of kFind: fewer than kFewRows are found
  // What must hold, that which fewest rows pass first, without what `found_by` makes certain.
  std::vector<const SearchNode*> tests = {};
};

// So few rows are found, tested and sorted in about a millisecond.
inline constexpr int64_t kFewRows = 1'000;

// What the first entries of a walk were like.
struct WalkSample {
  int64_t entries = 0;
  int64_t passing = 0;  // all tests of the plan
};
inline constexpr int64_t kSampledEntries = 400;

// Chooses by counting: each test that has an index is asked how many rows pass it, up to a bound;
// where all say many, `sample` walks kSampledEntries of a plan.
SearchPlan PlanPage(Connection& connection, const SearchedTable& table,
                    const std::vector<SearchOrderKey>& order, int64_t rows,
                    const std::function<WalkSample(const SearchPlan&)>& sample);
// Chooses how to find all rows that match.
SearchPlan PlanAll(Connection& connection, const SearchedTable& table);

// The FROM clause of kFind.
std::string FoundFrom(const SearchedTable& table, const SearchPlan& plan,
                      SearchParameters& parameters);

// The filter as a condition, tested in the plan's order. `row_key` stands for the row's key where
// another table of the statement has it: a test then needs no look at the row itself.
std::string TestsSql(const SearchedTable& table, const SearchPlan& plan, std::string_view row_key,
                     SearchParameters& parameters);

// Says whether an index has the rows in this order.
bool IsWalkable(const SearchSchema& schema, const std::vector<SearchOrderKey>& order);

}  // namespace millwright::storage

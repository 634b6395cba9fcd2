#pragma once

#include <string>
#include <vector>

#include "quality/anomaly_bounds.h"
#include "quality/suite.h"
#include "quality/table_profile.h"

namespace millwright::quality {

// As many rules as a person reads through.
inline constexpr size_t kSuggestedRulesMax = 60;

struct SuggestionOptions {
  std::string name = "suggested";
  size_t rules_max = kSuggestedRulesMax;
};

// What a metric of the table may be next time; each says of how many parts it was learned.
struct LearnedBounds {
  std::string metric;  // "row_count", "missing_share", "mean"
  std::string column;  // empty for the table
  Bounds bounds;
};

struct Suggestion {
  Suite suite;
  std::vector<LearnedBounds> bounds;
  size_t left_out = 0;  // rules beyond rules_max, the weakest
};

// Suggests a suite from the profiles of one table, or of several states or parts of it: a history.
// Each rule's meta has `notes`, why it is suggested, and `passed_share`, the share of the history
// that would have met it. From kHistoryMin profiles on, row counts, missing shares and means get
// bounds that were learned (LearnBounds; weekdays by the dates in the profiles' names); with fewer
// they get none but a wide one for the row count. Rules are for one state of the table; what all of
// the history together breaks a rule by, it allows for as `mostly`, so that a single table meets
// what it suggests. A state in a history need not, then `passed_share` is below 1. Throws as
// MergeProfiles does, and kInvalidArgument for tables without rows.
Suggestion SuggestSuite(const std::vector<TableProfile>& history,
                        const SuggestionOptions& options = {});

}  // namespace millwright::quality

#pragma once

#include <string>
#include <vector>

#include "analytics/session.h"
#include "quality/table_profile.h"
#include "quality/table_profiler.h"

namespace millwright::quality {

// Reads the paired columns of a profile once more, together: the sums behind correlations are of
// all rows, ranks are of a sample. Fills `associations`, and `target_powers` where the options
// name a target. `columns` are those of the profile, in its order.
void ScanPairs(analytics::Session& session, const std::string& table,
               const std::vector<analytics::Column>& columns, const ProfileOptions& options,
               TableProfile* profile);

// Writes the figures that follow from the sums.
void TellPairs(Associations* associations);

}  // namespace millwright::quality

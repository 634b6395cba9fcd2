#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analytics/session.h"
#include "base/json.h"
#include "quality/profile.h"

namespace millwright::drift {

// Columns that are counted in one scan. More would hold more state than memory may have: a scan of
// a thousand columns is ten scans of a hundred.
inline constexpr size_t kColumnsPerScan = 100;

// Where rows are counted apart: by period (a day, a week) and by place in a season (an hour, a
// weekday). Both are 0 where nobody asked.
using Cell = std::pair<int64_t, int64_t>;
// Rows of each bin of a feature. Of numbers the bins are below the reference's deciles, the
// deciles, above them and missing; of categories the reference's values, all others and missing.
using CellCounts = std::map<Cell, std::vector<int64_t>>;

struct BinCounts {
  int64_t rows = 0;
  // By column of the profile; nothing where the table lacks it or has it in another type.
  std::vector<std::optional<CellCounts>> features;
};

// Counts a table in the bins of a profile. `period` and `season` are SQL expressions of whole
// numbers, or empty. One scan for a hundred columns of numbers, one grouping a column of
// categories.
BinCounts CountBins(analytics::Session& session, const std::string& table,
                    const quality::Profile& profile, const std::string& period = "",
                    const std::string& season = "");

// The reference's own rows in the same bins.
std::vector<int64_t> ReferenceCounts(const quality::ColumnProfile& column,
                                     const quality::Profile& profile);

// A value of a profile as text, by which it is matched: 1 and 1.0 of two sources are the same.
std::string MatchText(const Json& value);

}  // namespace millwright::drift

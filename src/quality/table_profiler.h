#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "analytics/session.h"
#include "quality/table_profile.h"

namespace millwright::quality {

inline constexpr size_t kProfileColumnsMax = 5'000;
inline constexpr size_t kTopValuesMax = 1'000;
// Spearman, Kendall, mutual information and the power over a target are of all rows up to here,
// and above of as many chosen by a hash of their position.
inline constexpr int64_t kRankRowsMax = 200'000;
inline constexpr int64_t kKendallRowsMax = 5'000;
// The first so many columns are paired.
inline constexpr size_t kPairedNumbersMax = 30;
inline constexpr size_t kPairedCategoriesMax = 10;
inline constexpr int64_t kPairedDistinctMax = 50;

struct ProfileOptions {
  std::vector<std::string> columns;  // all when empty
  size_t top_values = 20;
  // Texts that stand for missing values in CSV files, beside the empty one: "NA".
  std::vector<std::string> missing_words;
  // Columns of CSV files that come as they are written, whatever they look like, so that all parts
  // of a table have them alike.
  std::vector<std::string> as_text;
  std::string target;  // a column whose values the others may give away; may be empty
  // Told now and then: the share that is done, and of what.
  std::function<void(double share, std::string_view note)> progress;
};

// Profiles a table (what may stand after FROM). Each column is read once, and once more those that
// are paired. Memory is bounded: columns of numbers are sorted in pieces, texts grouped by DuckDB,
// which spills. Throws kInvalidArgument for an unknown column, for more than kProfileColumnsMax,
// and for a target that is neither a number nor of few values.
TableProfile ProfileWholeTable(analytics::Session& session, const std::string& table,
                               const ProfileOptions& options = {});

}  // namespace millwright::quality

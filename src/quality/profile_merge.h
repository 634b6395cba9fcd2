#pragma once

#include <vector>

#include "quality/table_profile.h"

namespace millwright::quality {

// Gives the profile of a table from those of its parts, in the order of their rows. Exact are
// counts of rows, missing, zero, negative and infinite values; minimum, maximum, mean, sum,
// standard deviation, skewness, kurtosis, order; lengths of texts; Pearson, Cramér's V, Theil's U
// and the correlation ratio; and all other figures of columns of which every part has at most
// kKeptPoints distinct values. Of the others: ranks (quantiles, histograms, outliers) are off by at
// most `rank_error` of the rows, counts of frequent values by `top_values_error`, distinct values
// by about `distinct_error`. Left out are entropy where counts are not complete, and what needs the
// rows side by side: Spearman, Kendall, mutual information, the power over a target. Rows that are
// equal are counted within parts.
//
// Throws kInvalidArgument for no parts, for parts without sketches, and where a column is absent
// from a part or of another kind there (a column that is all missing is of any kind).
TableProfile MergeProfiles(const std::vector<TableProfile>& parts, size_t top_values = 20);

}  // namespace millwright::quality

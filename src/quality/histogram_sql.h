#pragma once

#include <string>
#include <vector>

#include "analytics/session.h"

// Counting values into fixed bins in SQL: one aggregate a column, whatever the number of bins.
namespace millwright::quality {

// The column's finite values as DOUBLE, others NULL.
std::string FiniteSql(const analytics::Column& column);

// An aggregate that gives a list of counts: of values up to edges[1], then up to edges[2], …; more
// than the last edge come last, if there are any.
std::string CountsSql(const std::string& value, const std::vector<double>& edges);

// The same with one more count in front for values below edges[0] and always one at the end for
// values above the last edge (ask with ReadOutsideCounts).
std::string OutsideCountsSql(const std::string& value, const std::vector<double>& edges);
// Reads the answer of OutsideCountsSql: below, the bins, above. Empty text means no values.
std::vector<int64_t> ReadOutsideCounts(const std::string& list, size_t edges);

}  // namespace millwright::quality

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analytics/session.h"

namespace millwright::quality {

inline constexpr size_t kRowConditionBytesMax = 64 << 10;
inline constexpr int kRowConditionDepthMax = 64;

// Translates an expectation's `row_condition` into an SQL condition that is never NULL. Understands
// the plain part of pandas' query language and of Great Expectations' own: comparisons of a column
// with a literal or another column, `in [..]`, `not in [..]`, `.isnull()`, `.notnull()`, `and`,
// `or`, `not`, `&`, `|`, `~`, parentheses, `col("name")` and names in backticks. A comparison with
// a missing value is false, with != it is true. Throws kInvalidArgument for anything else and for a
// column that the table lacks.
std::string RowConditionSql(std::string_view condition,
                            const std::vector<analytics::Column>& columns);

}  // namespace millwright::quality

#pragma once

#include <cstddef>
#include <string>

#include "analytics/session.h"

namespace millwright::monitoring {

// Above so many columns DuckDB takes longer to find its way through a table expression than to
// count in it, and it does so anew for every question: a third of a second at 1,500 columns,
// against some milliseconds in a table.
inline constexpr size_t kWideColumns = 200;

// The expression itself where it has few columns, else a temporary table `name` of its rows, which
// replaces an earlier one.
std::string WideTable(analytics::Session& session, const std::string& name,
                      const std::string& expression, size_t columns);

}  // namespace millwright::monitoring

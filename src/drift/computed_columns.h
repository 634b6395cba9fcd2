#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "analytics/session.h"

namespace millwright::drift {

// Columns of numbers that SQL cannot tell of a table's cells.
struct ComputedColumns {
  std::string cell;                // SQL of what is looked at, as text
  std::vector<std::string> names;  // of the columns
  int64_t rows_at_once = 1;        // whose cells are in memory together
  // Writes the numbers of a cell, NaN for none. `row` counts from 1 in the order of the table. A
  // NULL is not asked about and has no numbers.
  std::function<void(std::string_view cell, int64_t row, double* numbers)> compute;
};

// Makes the temporary table `name` of a table: the columns that `kept` selects ("x AS y") and the
// computed ones. One of this name is replaced.
void CreateComputed(analytics::Session& session, const std::string& name, const std::string& table,
                    const std::vector<std::string>& kept,
                    const std::vector<ComputedColumns>& computed);

}  // namespace millwright::drift

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "quality/plan.h"
#include "quality/validation.h"

namespace millwright::quality {

// Counts of a row-wise check and a bounded list of what broke it.
struct RowFindings {
  int64_t elements = 0;
  int64_t missing = 0;
  int64_t unexpected = 0;
  std::vector<Json> values;   // as printed, in row order
  std::vector<Json> keys;     // the same as scalars or arrays, for counting
  std::vector<int64_t> rows;  // positions in the table, from 0
  std::vector<Json> indexes;  // objects of index columns, when they were asked for
  std::string query;          // a person can run it to see all of them
};

// Writes GX's result of a row-wise expectation at a level of detail.
Outcome RowOutcome(const RowFindings& findings, double mostly, bool reports_missing,
                   const ValidationOptions& options);

}  // namespace millwright::quality

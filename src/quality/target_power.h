#pragma once

#include <string>
#include <vector>

#include "quality/table_profile.h"

namespace millwright::quality {

struct TargetSample {
  std::vector<double> values;  // NaN where missing
  bool is_class = false;       // values are names of classes, else amounts
};

struct Teller {
  std::string column;
  const std::vector<double>* values = nullptr;  // of the same rows
  bool is_value = false;  // each value stands for itself; else they are cut into ranges
};

// Measures how well each column alone tells the target: a table from its values (or ranges) to the
// commonest class or the mean is made from one half of the rows and judged on the other, so that an
// id, which never comes again, tells nothing. The strongest first.
std::vector<TargetPower> PowersOf(const TargetSample& target, const std::vector<Teller>& tellers);

}  // namespace millwright::quality

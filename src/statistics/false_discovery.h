#pragma once

#include <span>
#include <vector>

namespace millwright::statistics {

// Benjamini and Hochberg's adjustment (1995) of many p-values in the order given: calling all those
// at or below a rate different keeps the expected share of wrong calls among the calls at that rate
// or lower.
std::vector<double> AdjustForFalseDiscovery(std::span<const double> p_values);

}  // namespace millwright::statistics

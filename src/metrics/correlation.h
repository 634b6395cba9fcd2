#pragma once

#include <vector>

#include "metrics/samples.h"

// How two rows of numbers go together, from -1 to 1. NaN where one of them is constant.
namespace millwright::metrics {

double PearsonCorrelation(Numbers a, Numbers b);
// Of ranks, the mean rank for ties.
double SpearmanCorrelation(Numbers a, Numbers b);
// Tau-b, in n log n.
double KendallCorrelation(Numbers a, Numbers b);

// Ranks from 1, the mean rank for ties.
std::vector<double> RanksOf(Numbers numbers);

}  // namespace millwright::metrics

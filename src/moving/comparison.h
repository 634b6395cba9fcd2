#pragma once

#include <string>
#include <vector>

#include "moving/point_sum.h"
#include "moving/store.h"

namespace millwright::moving {

// Sums the points of each run of a group.
std::vector<PointSum> SumPoints(Source& source, const Source::RunGroup& runs);
// The same with equal points counted once, which some stores keep twice: needs 8 bytes a point.
PointSum SumDistinctPoints(Source& source, const tracking::Run& run);

// Says in words what of `expected` is missing or other in `found`, empty when nothing is. What
// `found` has beyond it does not count.
std::string Difference(const tracking::Run& expected, const tracking::Run& found);
std::string Difference(const tracking::LoggedModel& expected, const tracking::LoggedModel& found);
std::string Difference(const registry::ModelVersion& expected, const registry::ModelVersion& found);

}  // namespace millwright::moving

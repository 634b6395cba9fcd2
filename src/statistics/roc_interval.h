#pragma once

#include "statistics/sample.h"

namespace millwright::statistics {

// The chance that a positive row's score is above a negative one's, ties counting half, and how far
// it is off by chance.
struct RocArea {
  double area = 0.5;
  double standard_error = 0;
};

// By the placements of each side's scores among the other's (DeLong, DeLong and Clarke-Pearson,
// 1988), in O(n log n). Throws kFailedPrecondition for fewer than two rows a side.
RocArea RocAreaWithError(Sample positive, Sample negative);

}  // namespace millwright::statistics

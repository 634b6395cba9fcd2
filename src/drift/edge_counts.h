#pragma once

#include <cstdint>
#include <vector>

#include "analytics/session.h"

namespace millwright::drift {

// Counts numbers between edges as they stream by: below the first edge, up to each further one
// (the first bin holds both of its edges), above the last one, and missing. Infinite values are in
// none.
class EdgeCounts {
 public:
  explicit EdgeCounts(std::vector<double> edges);

  // Takes a piece of a column of DOUBLE.
  void Add(const analytics::NumberSpan& span, size_t rows);

  // Below, the bins, above, missing: two more than there are edges.
  std::vector<int64_t> Bins() const;

 private:
  std::vector<double> edges_;
  std::vector<int64_t> above_;  // values above each edge, at the first one those not below it
  int64_t finite_ = 0, missing_ = 0, infinite_ = 0;  // infinite ones above all edges
  std::vector<double> present_;                      // a piece without what is missing
};

}  // namespace millwright::drift

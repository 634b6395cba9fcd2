#pragma once

#include <cstdint>

#include "tracking/entities.h"

namespace millwright::moving {

// Brings a point to the form in which every store keeps it: infinities as the largest finite
// numbers, no negative zero, one NaN.
tracking::Metric Canonical(tracking::Metric metric);

// A checksum of a set of points that does not depend on their order: equal sums mean equal points,
// but for a chance of 2^-128. Only points as Canonical gives them are added.
class PointSum {
 public:
  void Add(const tracking::Metric& metric);
  int64_t count() const { return count_; }
  bool operator==(const PointSum&) const = default;

 private:
  int64_t count_ = 0;
  uint64_t low_ = 0;
  uint64_t high_ = 0;
};

// One number of 64 bits for a point, to find equal ones.
uint64_t PointHash(const tracking::Metric& metric, uint64_t seed = 0);

}  // namespace millwright::moving

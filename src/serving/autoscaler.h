#pragma once

#include <cstdint>

#include "serving/endpoint_policy.h"

namespace millwright::serving {

// Decides how many replicas a revision has, by the requests that are at work or wait for one. It
// grows at once: when the average over kAverageUs asks for more, and without waiting for that when
// twice as many requests are there as the replicas are for. It shrinks only after fewer replicas
// would have sufficed for quiet_ms without a break, and then to the most that was needed in that
// time, so that traffic that swings does not start and stop processes. Not thread-safe; a sample
// every few milliseconds is meant.
class Autoscaler {
 public:
  // Takes a sample and returns how many replicas there should be, given that there are `replicas`.
  int Step(int64_t now_us, int requests, int replicas, const EndpointPolicy& policy);
  double average() const { return average_; }

  static constexpr int64_t kAverageUs = 2'000'000;

 private:
  double average_ = 0;  // requests, exponentially weighted
  int64_t sampled_us_ = -1;
  int64_t low_since_us_ = -1;  // since when fewer replicas suffice; -1: they do not
  int low_needed_ = 0;         // the most that was needed since then
};

}  // namespace millwright::serving

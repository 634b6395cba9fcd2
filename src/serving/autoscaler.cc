#include "serving/autoscaler.h"

#include <algorithm>
#include <cmath>

namespace millwright::serving {
namespace {

// What is left of an average when nobody asks any more counts as nothing.
constexpr double kNothing = 0.01;

int ReplicasFor(double requests, const EndpointPolicy& policy) {
  if (requests < kNothing) return 0;
  return static_cast<int>(std::ceil(requests / policy.replica_concurrency - kNothing));
}

}  // namespace

int Autoscaler::Step(int64_t now_us, int requests, int replicas, const EndpointPolicy& policy) {
  const double passed = sampled_us_ < 0 ? 0 : static_cast<double>(now_us - sampled_us_);
  sampled_us_ = now_us;
  const double keep = std::exp(-passed / static_cast<double>(kAverageUs));
  average_ = average_ * keep + requests * (1 - keep);
  if (requests == 0 && average_ < kNothing) average_ = 0;

  int needed = std::max(ReplicasFor(average_, policy), requests > 0 ? 1 : 0);
  if (requests >= 2 * policy.replica_concurrency * std::max(replicas, 1)) {
    needed = std::max(needed, ReplicasFor(requests, policy));
  }
  needed = std::clamp(needed, policy.replicas_min, policy.replicas_max);
  if (needed >= replicas) {
    low_since_us_ = -1;
    return needed;
  }
  if (low_since_us_ < 0) {
    low_since_us_ = now_us;
    low_needed_ = needed;
  }
  low_needed_ = std::max(low_needed_, needed);
  if (now_us - low_since_us_ < policy.quiet_ms * 1000) return replicas;
  low_since_us_ = -1;
  return std::min(low_needed_, replicas);
}

}  // namespace millwright::serving

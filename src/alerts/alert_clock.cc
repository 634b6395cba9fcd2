#include "alerts/alert_clock.h"

#include <algorithm>

namespace millwright::alerts {

AlertClock::AlertClock(const Moment& last, int64_t wall_ms, int64_t monotonic_ms)
    : now_ms_(last.steady_ms == 0
                  ? wall_ms
                  : last.steady_ms + std::clamp<int64_t>(wall_ms - last.wall_ms, 0, kAwayMsMax)),
      monotonic_ms_(monotonic_ms) {}

int64_t AlertClock::NowMs(int64_t monotonic_ms) {
  now_ms_ += std::clamp<int64_t>(monotonic_ms - monotonic_ms_, 0, kGapMsMax);
  monotonic_ms_ = monotonic_ms;
  return now_ms_;
}

}  // namespace millwright::alerts

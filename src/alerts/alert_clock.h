#pragma once

#include <cstdint>

namespace millwright::alerts {

// The time by which alerts are held: it goes on as the machine's steady clock does, whatever is
// done to the wall clock, and over a restart goes on by the wall clock, but never back. It begins
// at the wall clock's time and stays near it unless that is set.
class AlertClock {
 public:
  // A longer time between two looks of one process is one in which the machine slept; what that
  // took counts as this much.
  static constexpr int64_t kGapMsMax = 3'600'000;
  // So much may have passed while nothing ran.
  static constexpr int64_t kAwayMsMax = 30LL * 86'400'000;

  struct Moment {
    int64_t steady_ms = 0;  // of this clock
    int64_t wall_ms = 0;    // of the wall clock then
  };

  // Goes on from what was last written down, if anything was.
  AlertClock(const Moment& last, int64_t wall_ms, int64_t monotonic_ms);
  // The time now. Not thread-safe.
  int64_t NowMs(int64_t monotonic_ms);

 private:
  int64_t now_ms_;
  int64_t monotonic_ms_;
};

}  // namespace millwright::alerts

#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "serving/recent_latency.h"

namespace millwright::serving {

inline constexpr int64_t kEjectionUs = 5'000'000;       // the first time
inline constexpr int64_t kEjectionUsMax = 300'000'000;  // after many
// A replica is an outlier only when it is slower than the others by at least this, too.
inline constexpr int64_t kSlownessUsMin = 2'000;

// Whether a replica that lives answers well enough to be asked. One that fails many times in a row,
// or that is many times slower than its siblings, gets no requests for a while; each time in a row
// it is for twice as long. After that one more failure is enough. Thread-safe without locks.
class ReplicaHealth {
 public:
  // Takes what became of a request. `failures_max` in a row eject; 0: never.
  void Succeeded(int64_t latency_us, int64_t now_us);
  // True when this failure ejected the replica.
  bool Failed(int failures_max, int64_t now_us);
  // Ejects it for its slowness.
  void Eject(int64_t now_us);
  // A process that was started again begins anew, but for how often it was ejected.
  void Restarted();

  bool IsEjected(int64_t now_us) const {
    return ejected_until_us_.load(std::memory_order_relaxed) > now_us;
  }
  int64_t ejected_until_us() const { return ejected_until_us_.load(std::memory_order_relaxed); }
  int64_t ejections() const { return ejections_.load(std::memory_order_relaxed); }
  int64_t median_us() const { return latency_.median_us(); }

 private:
  RecentLatency latency_;
  std::atomic<int> failures_ = 0;  // in a row
  std::atomic<int64_t> ejected_until_us_ = 0;
  std::atomic<int> in_a_row_ = 0;
  std::atomic<int64_t> ejections_ = 0;
};

// Which of the medians belong to outliers: `factor` times as slow as the median of all others (and
// by kSlownessUsMin). 0 stands for one that is not known; of fewer than two there is none.
std::vector<size_t> SlowOnes(const std::vector<int64_t>& medians_us, double factor);

}  // namespace millwright::serving

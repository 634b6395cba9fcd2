#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace millwright::serving {

// What the latest requests took: a histogram in steps of an eighth of a doubling whose counts are
// halved again and again, so that it follows the traffic. Percentiles are right to about a tenth.
// Thread-safe without locks; a count that is lost between two threads does not matter.
class RecentLatency {
 public:
  void Add(int64_t latency_us);
  // Forgets all.
  void Reset();
  // Nothing (0) until kSamplesMin requests were counted. Both are renewed every kRenewEvery
  // requests.
  int64_t p95_us() const { return p95_us_.load(std::memory_order_relaxed); }
  int64_t median_us() const { return median_us_.load(std::memory_order_relaxed); }

  static constexpr uint32_t kSamplesMin = 64;
  static constexpr uint32_t kRenewEvery = 64;

 private:
  static constexpr uint32_t kWindow = 2048;  // requests after which counts are halved
  static constexpr int kStepsPerDoubling = 8;
  static constexpr int kSteps = 27 * kStepsPerDoubling;  // 1 µs … 2 minutes
  static int StepOf(int64_t latency_us);
  static int64_t MiddleOf(int step);
  void Renew();

  std::array<std::atomic<uint32_t>, kSteps> counts_{};
  std::atomic<uint32_t> added_ = 0;
  std::atomic<int64_t> p95_us_ = 0;
  std::atomic<int64_t> median_us_ = 0;
};

}  // namespace millwright::serving

#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace millwright::serving {

// What a histogram has counted: how many took at most each of the bounds, how many there were and
// how long they took together.
struct DurationCounts {
  static constexpr std::array<double, 16> kBoundsSeconds = {
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
      0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
  std::array<int64_t, kBoundsSeconds.size()> at_most = {};
  int64_t count = 0;
  int64_t us = 0;
};

// Counts of requests with their latencies in fixed buckets, for /metrics. Thread-safe without
// locks.
class LatencyHistogram {
 public:
  static constexpr auto kBoundsSeconds = DurationCounts::kBoundsSeconds;

  void Add(int64_t latency_us, bool is_error);
  int64_t requests() const { return requests_.load(std::memory_order_relaxed); }
  int64_t errors() const { return errors_.load(std::memory_order_relaxed); }
  double seconds() const { return static_cast<double>(sum_us_.load()) / 1e6; }
  // How many requests took at most kBoundsSeconds[i], for each i.
  std::array<int64_t, kBoundsSeconds.size()> Cumulative() const;
  DurationCounts Counts() const;

 private:
  std::array<std::atomic<int64_t>, kBoundsSeconds.size() + 1> buckets_{};
  std::atomic<int64_t> requests_ = 0;
  std::atomic<int64_t> errors_ = 0;
  std::atomic<int64_t> sum_us_ = 0;
};

// One slot of wall-clock time; no percentiles where nothing was asked.
struct TrafficBucket {
  int64_t start_ms = 0;
  int64_t requests = 0;
  int64_t errors = 0;
  std::optional<double> p50_ms;
  std::optional<double> p99_ms;
  // How many requests took as long as each band says; bands without any are left out.
  struct Band {
    size_t index = 0;
    int64_t requests = 0;
  };
  std::vector<Band> bands;
};

// What an endpoint answered over the last hour, in slots of kSlotMs. Percentiles are exact to a
// twelfth (latencies are counted in steps of 2^(1/6)). Thread-safe.
class TrafficRing {
 public:
  static constexpr int64_t kSlotMs = 5'000;
  static constexpr size_t kSlots = 720;
  static constexpr size_t kBands = 48;  // two a doubling

  // Where a band ends, in milliseconds; the next one begins there.
  static double BandEndMs(size_t band);

  void Add(int64_t now_ms, int64_t latency_us, bool is_error);
  // The newest `count` slots up to now, oldest first, without gaps; the last one is still filling.
  std::vector<TrafficBucket> Newest(int64_t now_ms, size_t count) const;

 private:
  static constexpr size_t kSteps = 144;  // 1 µs … 17 s
  struct Slot {
    int64_t index = -1;  // of the slot since 1970; another one's content is stale
    int64_t requests = 0;
    int64_t errors = 0;
    std::array<uint32_t, kSteps> steps{};
  };
  static double Percentile(const Slot& slot, double share);
  static std::vector<TrafficBucket::Band> BandsOf(const Slot& slot);

  mutable std::mutex mutex_;
  std::vector<Slot> slots_ = std::vector<Slot>(kSlots);
};

}  // namespace millwright::serving

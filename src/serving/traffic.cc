#include "serving/traffic.h"

#include <algorithm>
#include <cmath>

namespace millwright::serving {

namespace {
constexpr double kStepsPerDoubling = 6;
}

void LatencyHistogram::Add(int64_t latency_us, bool is_error) {
  const double seconds = static_cast<double>(latency_us) / 1e6;
  const size_t bucket =
      static_cast<size_t>(std::lower_bound(kBoundsSeconds.begin(), kBoundsSeconds.end(), seconds) -
                          kBoundsSeconds.begin());
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  requests_.fetch_add(1, std::memory_order_relaxed);
  if (is_error) errors_.fetch_add(1, std::memory_order_relaxed);
  sum_us_.fetch_add(latency_us, std::memory_order_relaxed);
}

std::array<int64_t, LatencyHistogram::kBoundsSeconds.size()> LatencyHistogram::Cumulative() const {
  std::array<int64_t, kBoundsSeconds.size()> counts{};
  int64_t sum = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    sum += buckets_[i].load(std::memory_order_relaxed);
    counts[i] = sum;
  }
  return counts;
}

DurationCounts LatencyHistogram::Counts() const {
  return {.at_most = Cumulative(), .count = requests(), .us = sum_us_.load()};
}

void TrafficRing::Add(int64_t now_ms, int64_t latency_us, bool is_error) {
  const int64_t index = now_ms / kSlotMs;
  const double step =
      std::log2(static_cast<double>(std::max<int64_t>(latency_us, 1))) * kStepsPerDoubling;
  const size_t at = std::min(static_cast<size_t>(step), kSteps - 1);
  std::lock_guard lock(mutex_);
  Slot& slot = slots_[static_cast<size_t>(index) % kSlots];
  if (slot.index != index) slot = Slot{.index = index};
  ++slot.requests;
  slot.errors += is_error;
  ++slot.steps[at];
}

double TrafficRing::Percentile(const Slot& slot, double share) {
  const auto rank = static_cast<int64_t>(std::ceil(static_cast<double>(slot.requests) * share));
  int64_t sum = 0;
  for (size_t i = 0; i < kSteps; ++i) {
    sum += slot.steps[i];
    // The middle of the step stands for all in it.
    if (sum >= rank) return std::exp2((static_cast<double>(i) + 0.5) / kStepsPerDoubling) / 1000;
  }
  return 0;
}

double TrafficRing::BandEndMs(size_t band) {
  constexpr double kBandsPerDoubling = kStepsPerDoubling * kBands / kSteps;
  return std::exp2(static_cast<double>(band + 1) / kBandsPerDoubling) / 1000;
}

std::vector<TrafficBucket::Band> TrafficRing::BandsOf(const Slot& slot) {
  constexpr size_t kStepsPerBand = kSteps / kBands;
  std::vector<TrafficBucket::Band> bands;
  for (size_t step = 0; step < kSteps; ++step) {
    if (slot.steps[step] == 0) continue;
    const size_t index = step / kStepsPerBand;
    if (bands.empty() || bands.back().index != index) bands.push_back({index, 0});
    bands.back().requests += slot.steps[step];
  }
  return bands;
}

std::vector<TrafficBucket> TrafficRing::Newest(int64_t now_ms, size_t count) const {
  count = std::min(count, kSlots);
  const int64_t last = now_ms / kSlotMs;
  std::vector<TrafficBucket> buckets;
  std::lock_guard lock(mutex_);
  for (int64_t index = last - static_cast<int64_t>(count) + 1; index <= last; ++index) {
    TrafficBucket bucket{.start_ms = index * kSlotMs};
    const Slot& slot = slots_[static_cast<size_t>(index) % kSlots];
    if (slot.index == index && slot.requests > 0) {
      bucket.requests = slot.requests;
      bucket.errors = slot.errors;
      bucket.p50_ms = Percentile(slot, 0.5);
      bucket.p99_ms = Percentile(slot, 0.99);
      bucket.bands = BandsOf(slot);
    }
    buckets.push_back(bucket);
  }
  return buckets;
}

}  // namespace millwright::serving

#include "serving/recent_latency.h"

#include <algorithm>
#include <bit>

namespace millwright::serving {

// Exact below one doubling's steps; above, the three bits after the highest one are the step.
int RecentLatency::StepOf(int64_t latency_us) {
  const auto us = static_cast<uint64_t>(std::max<int64_t>(latency_us, 0));
  if (us < kStepsPerDoubling) return static_cast<int>(us);
  const int shift = std::bit_width(us) - 4;
  const int step = (shift + 1) * kStepsPerDoubling + static_cast<int>((us >> shift) & 7);
  return std::min(step, kSteps - 1);
}

int64_t RecentLatency::MiddleOf(int step) {
  if (step < kStepsPerDoubling) return step;
  const int shift = step / kStepsPerDoubling - 1;
  const int64_t low = (int64_t{kStepsPerDoubling} + step % kStepsPerDoubling) << shift;
  return low + ((int64_t{1} << shift) / 2);
}

void RecentLatency::Add(int64_t latency_us) {
  counts_[static_cast<size_t>(StepOf(latency_us))].fetch_add(1, std::memory_order_relaxed);
  const uint32_t added = added_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (added % kRenewEvery == 0) Renew();
}

void RecentLatency::Reset() {
  for (auto& count : counts_) count.store(0, std::memory_order_relaxed);
  p95_us_.store(0, std::memory_order_relaxed);
  median_us_.store(0, std::memory_order_relaxed);
}

void RecentLatency::Renew() {
  std::array<uint32_t, kSteps> counts;
  uint32_t sum = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    counts[i] = counts_[i].load(std::memory_order_relaxed);
    sum += counts[i];
  }
  if (sum < kSamplesMin) return;
  const auto at = [&](double share) {
    auto rank = static_cast<int64_t>(static_cast<double>(sum) * share);
    for (int i = 0; i < kSteps; ++i) {
      rank -= counts[static_cast<size_t>(i)];
      if (rank < 0) return MiddleOf(i);
    }
    return MiddleOf(kSteps - 1);
  };
  median_us_.store(at(0.5), std::memory_order_relaxed);
  p95_us_.store(at(0.95), std::memory_order_relaxed);
  if (sum < kWindow) return;
  for (size_t i = 0; i < counts.size(); ++i) {
    counts_[i].fetch_sub(counts[i] - counts[i] / 2, std::memory_order_relaxed);
  }
}

}  // namespace millwright::serving

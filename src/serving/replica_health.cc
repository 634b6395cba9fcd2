#include "serving/replica_health.h"

#include <algorithm>

namespace millwright::serving {
namespace {

constexpr int kDoublingsMax = 6;
// Good answers of this long after an ejection end the row of ejections.
constexpr int64_t kForgivenUs = 60'000'000;

}  // namespace

void ReplicaHealth::Succeeded(int64_t latency_us, int64_t now_us) {
  latency_.Add(latency_us);
  if (failures_.load(std::memory_order_relaxed) != 0) {
    failures_.store(0, std::memory_order_relaxed);
  }
  const bool forgiven =
      in_a_row_.load(std::memory_order_relaxed) != 0 && now_us > ejected_until_us() + kForgivenUs;
  if (forgiven) in_a_row_.store(0, std::memory_order_relaxed);
}

bool ReplicaHealth::Failed(int failures_max, int64_t now_us) {
  if (failures_max == 0) return false;
  const int failures = failures_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (failures < failures_max || IsEjected(now_us)) return false;
  Eject(now_us);
  // The first answer after it decides.
  failures_.store(failures_max - 1, std::memory_order_relaxed);
  return true;
}

void ReplicaHealth::Eject(int64_t now_us) {
  const int before = in_a_row_.fetch_add(1, std::memory_order_relaxed);
  const int64_t us = std::min(kEjectionUsMax, kEjectionUs << std::min(before, kDoublingsMax));
  ejected_until_us_.store(now_us + us, std::memory_order_relaxed);
  ejections_.fetch_add(1, std::memory_order_relaxed);
  latency_.Reset();
}

void ReplicaHealth::Restarted() {
  latency_.Reset();
  failures_.store(0, std::memory_order_relaxed);
  ejected_until_us_.store(0, std::memory_order_relaxed);
}

std::vector<size_t> SlowOnes(const std::vector<int64_t>& medians_us, double factor) {
  std::vector<size_t> slow;
  for (size_t i = 0; i < medians_us.size(); ++i) {
    std::vector<int64_t> others;
    for (size_t j = 0; j < medians_us.size(); ++j) {
      if (j != i && medians_us[j] > 0) others.push_back(medians_us[j]);
    }
    if (others.empty()) continue;
    const auto middle = others.begin() + static_cast<std::ptrdiff_t>(others.size() / 2);
    std::nth_element(others.begin(), middle, others.end());
    const auto usual = static_cast<double>(*middle);
    const auto mine = static_cast<double>(medians_us[i]);
    if (mine > usual * factor && mine > usual + kSlownessUsMin) slow.push_back(i);
  }
  return slow;
}

}  // namespace millwright::serving

#include "serving/batch_gain.h"

#include <algorithm>

namespace millwright::serving {
namespace {

constexpr double kWeight = 1.0 / 16;  // of a new sample
constexpr double kOutlierFactor = 4;  // a sample counts as so many averages at most
constexpr double kPayingShare = 0.9;  // of its cost alone that an element may cost together
constexpr int64_t kChoicesATrial = 64;

}  // namespace

void BatchGain::Add(int64_t elements, double us, std::atomic<double>* average) {
  const double sample = us / static_cast<double>(std::max<int64_t>(elements, 1));
  const double known = average->load(std::memory_order_relaxed);
  const double counted = known == 0 ? sample : std::min(sample, kOutlierFactor * known);
  average->store(known == 0 ? sample : known + kWeight * (counted - known),
                 std::memory_order_relaxed);
}

bool BatchGain::Pays() const {
  const double alone_us = alone_us_.load(std::memory_order_relaxed);
  const double together_us = together_us_.load(std::memory_order_relaxed);
  return alone_us == 0 || together_us == 0 || together_us < kPayingShare * alone_us;
}

BatchGain::Choice BatchGain::Choose() {
  const bool is_unknown = alone_us_.load(std::memory_order_relaxed) == 0;
  const bool is_trial = is_unknown || ++choices_ % kChoicesATrial == 0;
  if (is_unknown) return {.together = false, .is_trial = true};
  return {.together = Pays() != is_trial, .is_trial = is_trial};
}

}  // namespace millwright::serving

#include "moving/point_sum.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string_view>

namespace millwright::moving {
namespace {

constexpr uint64_t kHighSeed = 0x9E3779B97F4A7C15;

// Spreads every bit over all 64 (the finaliser of SplitMix64).
uint64_t Mix(uint64_t bits) {
  bits ^= bits >> 30;
  bits *= 0xBF58476D1CE4E5B9;
  bits ^= bits >> 27;
  bits *= 0x94D049BB133111EB;
  return bits ^ (bits >> 31);
}

uint64_t MixText(std::string_view text, uint64_t seed) {
  uint64_t hash = Mix(seed + text.size());
  for (const char c : text) hash = Mix(hash ^ static_cast<unsigned char>(c));
  return hash;
}

}  // namespace

tracking::Metric Canonical(tracking::Metric metric) {
  constexpr double kMax = std::numeric_limits<double>::max();
  metric.value = std::isnan(metric.value) ? std::numeric_limits<double>::quiet_NaN()
                                          : std::clamp(metric.value, -kMax, kMax) + 0.0;
  return metric;
}

uint64_t PointHash(const tracking::Metric& metric, uint64_t seed) {
  uint64_t hash = MixText(metric.key, seed);
  hash = Mix(hash ^ static_cast<uint64_t>(metric.timestamp_ms));
  hash = Mix(hash ^ static_cast<uint64_t>(metric.step));
  return Mix(hash ^ std::bit_cast<uint64_t>(metric.value));
}

void PointSum::Add(const tracking::Metric& metric) {
  ++count_;
  low_ += PointHash(metric);
  high_ += PointHash(metric, kHighSeed);
}

}  // namespace millwright::moving

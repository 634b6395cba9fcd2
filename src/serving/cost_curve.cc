#include "serving/cost_curve.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace millwright::serving {
namespace {

constexpr float kWeight = 1.0F / 16;  // of a new sample
constexpr float kOutlierFactor = 4;   // a sample counts as so many averages at most
constexpr float kStep = 1.0F / 32;    // of the median towards a sample, however far that is

}  // namespace

CostCurve::CostCurve(const CostCurve& other) {
  for (size_t i = 0; i < kSizes; ++i) {
    sizes_[i].rows.store(other.sizes_[i].rows.load());
    sizes_[i].us.store(other.sizes_[i].us.load());
    sizes_[i].typical_us.store(other.sizes_[i].typical_us.load());
  }
}

size_t CostCurve::SizeOf(int64_t rows) {
  const auto above = static_cast<uint64_t>(std::max<int64_t>(rows, 1) - 1);
  return std::min<size_t>(std::bit_width(above), kSizes - 1);
}

void CostCurve::Add(int64_t rows, double us) {
  Size& size = sizes_[SizeOf(rows)];
  const float known_rows = size.rows.load(std::memory_order_relaxed);
  const auto given_rows = static_cast<float>(std::max<int64_t>(rows, 1));
  const auto given_us = static_cast<float>(us);
  if (known_rows == 0) {
    size.us.store(given_us, std::memory_order_relaxed);
    size.typical_us.store(given_us, std::memory_order_relaxed);
    size.rows.store(given_rows, std::memory_order_relaxed);
    return;
  }
  const float known_us = size.us.load(std::memory_order_relaxed);
  const float counted_us = std::min(given_us, kOutlierFactor * known_us);
  size.us.store(known_us + kWeight * (counted_us - known_us), std::memory_order_relaxed);
  size.rows.store(known_rows + kWeight * (given_rows - known_rows), std::memory_order_relaxed);
  const float typical_us = size.typical_us.load(std::memory_order_relaxed);
  const float step_us =
      std::min(kStep * std::max(typical_us, 1.0F), std::abs(given_us - typical_us));
  size.typical_us.store(given_us > typical_us ? typical_us + step_us : typical_us - step_us,
                        std::memory_order_relaxed);
}

double CostCurve::EstimateUs(int64_t rows) const {
  return Interpolate(&Size::us, rows);
}

double CostCurve::TypicalUs(int64_t rows) const {
  return Interpolate(&Size::typical_us, rows);
}

double CostCurve::Interpolate(std::atomic<float> Size::*cost, int64_t rows) const {
  const auto wanted = static_cast<double>(std::max<int64_t>(rows, 1));
  double below_rows = 0;
  double below_us = 0;
  for (const Size& size : sizes_) {
    const double known_rows = size.rows.load(std::memory_order_relaxed);
    if (known_rows == 0) continue;
    const double known_us = (size.*cost).load(std::memory_order_relaxed);
    if (known_rows >= wanted) {
      if (below_rows == 0 || known_rows <= below_rows) return known_us;
      const double share = (wanted - below_rows) / (known_rows - below_rows);
      return below_us + share * (known_us - below_us);
    }
    below_rows = known_rows;
    below_us = known_us;
  }
  return below_rows == 0 ? kUnknownUs : below_us * wanted / below_rows;
}

}  // namespace millwright::serving

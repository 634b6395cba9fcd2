#include "statistics/confidence_sequence.h"

#include <cmath>

#include "base/error.h"

namespace millwright::statistics {
namespace {

bool IsUsable(const ArmMoments& arm) {
  return arm.count >= 2 && std::isfinite(arm.mean) && std::isfinite(arm.variance) &&
         arm.variance >= 0;
}

}  // namespace

ArmMoments ProportionMoments(int64_t count, int64_t events) {
  const auto rows = static_cast<double>(count);
  const double share = (static_cast<double>(events) + 2) / (rows + 4);
  return {.count = count,
          .mean = count == 0 ? 0 : static_cast<double>(events) / rows,
          .variance = share * (1 - share)};
}

DifferenceBounds ConfidenceSequence(const ArmMoments& first, const ArmMoments& second, double alpha,
                                    double mixing) {
  if (!IsUsable(first) || !IsUsable(second)) {
    throw InvalidArgument("A difference needs two rows a side with finite figures");
  }
  if (!(alpha > 0 && alpha < 1) || !(mixing > 0) || !std::isfinite(mixing)) {
    throw InvalidArgument("alpha lies between 0 and 1 and the mixing is positive");
  }
  const double variance = first.variance / static_cast<double>(first.count) +
                          second.variance / static_cast<double>(second.count);
  const double difference = first.mean - second.mean;
  if (variance == 0) return {difference, difference, difference};
  const double mixed = variance + mixing * mixing;
  const double half = std::sqrt(variance * mixed / (mixing * mixing) *
                                (std::log(mixed / variance) - 2 * std::log(alpha)));
  return {difference, difference - half, difference + half};
}

}  // namespace millwright::statistics

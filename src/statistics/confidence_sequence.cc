#include "statistics/confidence_sequence.h"

#include <cmath>

#include "base/error.h"

namespace millwright::statistics {
namespace {

bool IsUsable(const ArmMoments& arm) {
  return arm.count >= 2 && std::isfinite(arm.mean) && std::isfinite(arm.variance) &&
         arm.variance >= 0;
}

// The sum of squared distances from the mean.
double SquaresOf(const ArmMoments& arm) {
  return arm.count < 2 ? 0 : arm.variance * static_cast<double>(arm.count - 1);
}

// As Agresti and Coull count.
constexpr double kRowsMore = 4;

}  // namespace

ArmMoments ProportionMoments(int64_t count, int64_t events) {
  const auto rows = static_cast<double>(count);
  const double share = (static_cast<double>(events) + 2) / (rows + 4);
  return {.count = count,
          .mean = count == 0 ? 0 : static_cast<double>(events) / rows,
          .variance = share * (1 - share)};
}

ArmMoments ShareMoments(const ArmMoments& rows) {
  const auto count = static_cast<double>(rows.count);
  const double squares = SquaresOf(rows) + rows.mean * rows.mean * count;
  const double mean = (rows.mean * count + 2) / (count + kRowsMore);
  return {.count = rows.count,
          .mean = rows.mean,
          .variance = (squares + 2) / (count + kRowsMore) - mean * mean};
}

void CountPooledRows(ArmMoments* first, ArmMoments* second) {
  const auto a = static_cast<double>(first->count), b = static_cast<double>(second->count);
  if (a + b < 2) return;
  const double apart = first->mean - second->mean;
  const double pooled =
      (SquaresOf(*first) + SquaresOf(*second) + apart * apart * a * b / (a + b)) / (a + b - 1);
  for (ArmMoments* arm : {first, second}) {
    const auto rows = static_cast<double>(arm->count);
    arm->variance = (SquaresOf(*arm) + kRowsMore * pooled) / (rows - 1 + kRowsMore);
  }
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
  if (variance == 0) throw InvalidArgument("All rows are the same: nothing says how they spread");
  const double mixed = variance + mixing * mixing;
  const double half = std::sqrt(variance * mixed / (mixing * mixing) *
                                (std::log(mixed / variance) - 2 * std::log(alpha)));
  return {difference, difference - half, difference + half};
}

}  // namespace millwright::statistics

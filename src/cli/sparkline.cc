#include "cli/sparkline.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

namespace millwright::cli {
namespace {

constexpr std::string_view kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr int kLevels = 8;
constexpr int kHalf = 3;

// MLflow's protocol carries infinities as the greatest finite numbers.
bool IsInfinite(double value) {
  return std::abs(value) >= DBL_MAX;
}

// The mean of a share; an infinity in it wins, and NaN is left out. None of NaN alone.
std::optional<double> Mean(std::span<const double> share) {
  double mean = 0;
  int count = 0;
  for (const double value : share) {
    if (std::isnan(value)) continue;
    if (IsInfinite(value)) return std::copysign(std::numeric_limits<double>::infinity(), value);
    ++count;
    // Step by step, for a sum of great numbers would overflow.
    mean += value / count - mean / count;
  }
  return count == 0 ? std::nullopt : std::optional(mean);
}

int Level(double value, double least, double greatest) {
  if (std::isinf(value)) return value > 0 ? kLevels - 1 : 0;
  if (greatest == least) return kHalf;
  // Halves, because the span of two great numbers may not be a number.
  const double share = (value / 2 - least / 2) / (greatest / 2 - least / 2);
  return std::clamp(static_cast<int>(share * kLevels), 0, kLevels - 1);
}

}  // namespace

std::string Sparkline(std::span<const double> values, size_t cells_max) {
  const size_t cells = std::min(values.size(), cells_max);
  std::vector<std::optional<double>> means;
  double least = std::numeric_limits<double>::max();
  double greatest = std::numeric_limits<double>::lowest();
  for (size_t i = 0; i < cells; ++i) {
    const size_t from = i * values.size() / cells;
    const size_t to = (i + 1) * values.size() / cells;
    means.push_back(Mean(values.subspan(from, to - from)));
    if (means.back() && std::isfinite(*means.back())) {
      least = std::min(least, *means.back());
      greatest = std::max(greatest, *means.back());
    }
  }
  std::string line;
  for (const auto& mean : means)
    line += mean ? kBlocks[Level(*mean, least, greatest)] : std::string_view(" ");
  return line;
}

}  // namespace millwright::cli

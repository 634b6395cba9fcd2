#include "quality/number_figures.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace millwright::quality {
namespace {

constexpr double kQuantiles[] = {0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99};

std::optional<double> Finite(double value) {
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

// Edges as numpy's linspace makes them.
Histogram EqualBins(const RankReader& reader, double min, double max, size_t bins) {
  Histogram histogram;
  const double width = (max - min) / static_cast<double>(bins);
  for (size_t i = 0; i < bins; ++i) histogram.edges.push_back(min + static_cast<double>(i) * width);
  histogram.edges.push_back(max);
  histogram.counts = reader.Counts(histogram.edges);
  return histogram;
}

// numpy's "auto": the narrower of the widths of Sturges, and of Freedman and Diaconis.
size_t AutoBins(double range, double quartile_range, double count) {
  const double sturges = range / (std::log2(count) + 1);
  const double freedman = 2 * quartile_range / std::cbrt(count);
  const double width = freedman > 0 ? std::min(freedman, sturges) : sturges;
  const double bins = std::ceil(range / width);
  return bins <= static_cast<double>(kAutoBinsMax) ? static_cast<size_t>(bins) : 0;
}

void AddHistograms(const RankReader& reader, double count, NumberFigures* figures) {
  const double range = *figures->max - *figures->min;
  if (!(range > 0) || !std::isfinite(range)) return;
  figures->bins_10 = EqualBins(reader, *figures->min, *figures->max, 10);
  figures->bins_50 = EqualBins(reader, *figures->min, *figures->max, 50);
  const size_t bins = AutoBins(range, *figures->quartile_range, count);
  if (bins > 0) figures->bins_auto = EqualBins(reader, *figures->min, *figures->max, bins);
}

void AddOutliers(const Distribution& distribution, const RankReader& reader, const Moments& moments,
                 NumberFigures* figures) {
  const double stddev = moments.PopulationStddev();
  if (stddev > 0) {
    for (size_t i = 0; i < distribution.size(); ++i) {
      if (std::abs((distribution.Number(i) - moments.mean) / stddev) > 3)
        figures->outliers_by_stddev += distribution.counts[i];
    }
  }
  const double low = reader.Quantile(0.25) - 1.5 * *figures->quartile_range;
  const double high = reader.Quantile(0.75) + 1.5 * *figures->quartile_range;
  figures->outliers_by_quartiles =
      reader.CountBelow(low) + distribution.total - reader.CountUpTo(high);
}

}  // namespace

NumberFigures FiguresOf(const Distribution& distribution, const Moments& moments) {
  NumberFigures figures;
  if (distribution.total == 0) return figures;
  const RankReader reader(distribution);
  figures.negatives = reader.CountBelow(0);
  figures.zeros = reader.CountUpTo(0) - figures.negatives;
  figures.mean = Finite(moments.mean);
  figures.sum = Finite(moments.sum);
  figures.variance = Finite(moments.Variance());
  if (figures.variance) figures.stddev = std::sqrt(*figures.variance);
  if (figures.stddev && moments.mean != 0) figures.variation = *figures.stddev / moments.mean;
  figures.kurtosis = Finite(moments.Kurtosis());
  figures.skewness = Finite(moments.Skewness());
  figures.min = distribution.Number(0);
  figures.max = distribution.Number(distribution.size() - 1);
  figures.range = Finite(*figures.max - *figures.min);
  for (const double q : kQuantiles) figures.quantiles.emplace_back(q, reader.Quantile(q));
  figures.median = reader.Quantile(0.5);
  figures.median_deviation = Finite(reader.MedianDeviation(*figures.median));
  figures.quartile_range = reader.Quantile(0.75) - reader.Quantile(0.25);
  const auto mode = std::max_element(distribution.counts.begin(), distribution.counts.end());
  figures.mode = distribution.Value(static_cast<size_t>(mode - distribution.counts.begin()));
  AddHistograms(reader, static_cast<double>(distribution.total), &figures);
  AddOutliers(distribution, reader, moments, &figures);
  return figures;
}

std::vector<TopValue> TopOf(const Distribution& distribution, size_t values_max) {
  std::vector<size_t> places(distribution.size());
  std::iota(places.begin(), places.end(), size_t{0});
  const size_t kept = std::min(values_max, places.size());
  const auto order = [&](size_t a, size_t b) {
    return distribution.counts[a] != distribution.counts[b]
               ? distribution.counts[a] > distribution.counts[b]
               : a < b;
  };
  std::partial_sort(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(kept),
                    places.end(), order);
  std::vector<TopValue> top;
  for (size_t i = 0; i < kept; ++i)
    top.push_back({distribution.Value(places[i]), distribution.counts[places[i]]});
  return top;
}

}  // namespace millwright::quality

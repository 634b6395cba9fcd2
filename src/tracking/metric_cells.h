#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tracking/metric_point.h"

namespace millwright::tracking {

// What a stretch of a history holds besides finite values.
struct Marks {
  static constexpr uint64_t kNan = 1;
  static constexpr uint64_t kPositiveInfinity = 2;
  static constexpr uint64_t kNegativeInfinity = 4;
  static constexpr uint64_t kFinite = 8;
  // Steps go down somewhere, so that the first point is not the one of the lowest step.
  static constexpr uint64_t kDisordered = 16;
};

// The summary of points that follow one another in the order of a history: all that a chart draws
// of them when they share a pixel. The four values are of the finite points and mean something only
// with Marks::kFinite.
struct MetricCell {
  int64_t first_ms = 0;
  int64_t last_ms = 0;
  int64_t step_min = 0;
  int64_t step_max = 0;
  double first = 0;
  double last = 0;
  double min = 0;
  double max = 0;
  uint64_t marks = 0;
  bool operator==(const MetricCell&) const = default;
};

MetricCell CellOf(const MetricPoint& point);
// Adds the cell of points that come after those of `cell`.
void Extend(MetricCell* cell, const MetricCell& next);

// Summarises each `size` points, or each `size` cells, by one cell; the last one may hold fewer.
std::vector<MetricCell> Summarize(std::span<const MetricPoint> points, size_t size);
std::vector<MetricCell> Summarize(std::span<const MetricCell> cells, size_t size);

// Cells as bytes: a version, then each cell as it is in memory, for a chart reads thousands.
// Decoding what is damaged throws kInternal.
std::string EncodeCells(std::span<const MetricCell> cells);
std::vector<MetricCell> DecodeCells(std::string_view bytes);

}  // namespace millwright::tracking

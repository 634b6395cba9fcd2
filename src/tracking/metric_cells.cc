#include "tracking/metric_cells.h"

#include <bit>
#include <cstring>

#include "base/error.h"

namespace millwright::tracking {
namespace {

constexpr char kVersion = 1;

static_assert(sizeof(MetricCell) == 72 && std::endian::native == std::endian::little,
              "cells are stored as they are in memory");

uint64_t MarksOf(double value) {
  if (std::isnan(value)) return Marks::kNan;
  if (std::isinf(value)) return value > 0 ? Marks::kPositiveInfinity : Marks::kNegativeInfinity;
  return Marks::kFinite;
}

MetricCell ToCell(const MetricPoint& point) {
  return CellOf(point);
}
const MetricCell& ToCell(const MetricCell& cell) {
  return cell;
}

template <typename T>
std::vector<MetricCell> SummarizeAll(std::span<const T> parts, size_t size) {
  std::vector<MetricCell> cells;
  cells.reserve((parts.size() + size - 1) / size);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i % size == 0) {
      cells.push_back(ToCell(parts[i]));
    } else {
      Extend(&cells.back(), ToCell(parts[i]));
    }
  }
  return cells;
}

}  // namespace

MetricCell CellOf(const MetricPoint& point) {
  const uint64_t marks = MarksOf(point.value);
  const double value = marks == Marks::kFinite ? point.value : 0;
  return {.first_ms = point.timestamp_ms,
          .last_ms = point.timestamp_ms,
          .step_min = point.step,
          .step_max = point.step,
          .first = value,
          .last = value,
          .min = value,
          .max = value,
          .marks = marks};
}

void Extend(MetricCell* cell, const MetricCell& next) {
  if (next.step_min < cell->step_max) cell->marks |= Marks::kDisordered;
  cell->last_ms = next.last_ms;
  cell->step_min = std::min(cell->step_min, next.step_min);
  cell->step_max = std::max(cell->step_max, next.step_max);
  if ((next.marks & Marks::kFinite) != 0) {
    const bool is_first = (cell->marks & Marks::kFinite) == 0;
    if (is_first) cell->first = next.first;
    cell->last = next.last;
    cell->min = is_first ? next.min : std::min(cell->min, next.min);
    cell->max = is_first ? next.max : std::max(cell->max, next.max);
  }
  cell->marks |= next.marks;
}

std::vector<MetricCell> Summarize(std::span<const MetricPoint> points, size_t size) {
  return SummarizeAll(points, size);
}

std::vector<MetricCell> Summarize(std::span<const MetricCell> cells, size_t size) {
  return SummarizeAll(cells, size);
}

std::string EncodeCells(std::span<const MetricCell> cells) {
  std::string bytes(1, kVersion);
  bytes.append(reinterpret_cast<const char*>(cells.data()), cells.size_bytes());
  return bytes;
}

std::vector<MetricCell> DecodeCells(std::string_view bytes) {
  if (bytes.empty() || bytes[0] != kVersion || (bytes.size() - 1) % sizeof(MetricCell) != 0) {
    throw Internal("A stored summary of metrics is damaged");
  }
  std::vector<MetricCell> cells((bytes.size() - 1) / sizeof(MetricCell));
  if (!cells.empty()) std::memcpy(cells.data(), bytes.data() + 1, bytes.size() - 1);
  return cells;
}

}  // namespace millwright::tracking

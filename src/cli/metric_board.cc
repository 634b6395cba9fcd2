#include "cli/metric_board.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <span>
#include <string_view>

#include "cli/sparkline.h"
#include "cli/table.h"
#include "cli/terminal_text.h"

namespace millwright::cli {
namespace {

constexpr std::string_view kSystemMetrics = "system/";
constexpr size_t kKeyCellsMax = 32;
constexpr size_t kSparkCellsMin = 4;
constexpr size_t kSparkCellsMax = 60;
constexpr size_t kGap = 2;
constexpr auto kRight = Column::Align::kRight;

}  // namespace

void MetricBoard::Add(const std::string& key, const MetricPoint& point) {
  auto& points = metrics_[key];
  points.push_back(point);
  if (points.size() > kPointsMax) points.pop_front();
}

std::vector<std::string> MetricBoard::Draw(size_t columns, size_t rows_max) const {
  std::vector<std::string> keys;
  for (const auto& [key, points] : metrics_) keys.push_back(key);
  std::stable_partition(keys.begin(), keys.end(),
                        [](const auto& key) { return !key.starts_with(kSystemMetrics); });
  const size_t shown = keys.size() <= rows_max ? keys.size() : std::max<size_t>(rows_max, 1) - 1;
  Rows rows;
  std::array<size_t, 4> widths{};
  for (size_t i = 0; i < shown; ++i) {
    const MetricPoint& last = metrics_.at(keys[i]).back();
    const size_t key_cells = std::clamp<size_t>(columns / 3, 1, kKeyCellsMax);
    auto& row = rows.emplace_back();
    row = {ShortenMiddle(Printable(keys[i]), key_cells), "", FormatMetricValue(last.value),
           fmt::format("step {}", last.step)};
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], DisplayWidth(row[c]));
  }
  const size_t other_cells = std::accumulate(widths.begin(), widths.end(), 3 * kGap);
  const size_t spark_cells =
      std::clamp(columns - std::min(columns, other_cells), kSparkCellsMin, kSparkCellsMax);
  for (size_t i = 0; i < shown; ++i) {
    std::vector<double> values;
    for (const auto& point : metrics_.at(keys[i])) values.push_back(point.value);
    // A cell a point, the newest ones: the line moves as points come.
    const size_t count = std::min(values.size(), spark_cells);
    rows[i][1] = Sparkline(std::span(values).last(count), spark_cells);
    rows[i][1].append(spark_cells - count, ' ');
  }
  auto lines = LayOutTable({"", "", {"", kRight}, {"", kRight}}, rows, columns).lines;
  lines.erase(lines.begin());
  if (shown < keys.size())
    lines.push_back(fmt::format("… and {} more; choose with --metric", keys.size() - shown));
  return lines;
}

}  // namespace millwright::cli

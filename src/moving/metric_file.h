#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tracking/entities.h"

namespace millwright::moving {

// Whose metric a file of the file store holds.
enum class MetricFile { kOfRun, kOfModel };

// A line of a metric's file. The run is only said in a model's.
struct MetricLine {
  tracking::Metric metric;
  std::string run_id;
};

// Reads one line; nothing when it is garbage.
std::optional<MetricLine> ParseMetricLine(std::string_view line, MetricFile kind);

// Calls `each` with every line of a metric's file, in constant memory, and `bad` with the number of
// each line that is garbage. Throws when the file cannot be read.
void ForEachMetricLine(const std::filesystem::path& file, MetricFile kind,
                       const std::function<void(MetricLine)>& each,
                       const std::function<void(int64_t number)>& bad);

// How far a metric's file was read.
struct MetricFileMark {
  uint64_t bytes = 0;
  int64_t lines = 0;
};
// The same for the lines of a growing file behind a mark, without a last one that has no end yet;
// returns the new mark. A file that has become shorter is read from its beginning.
MetricFileMark ForEachNewMetricLine(const std::filesystem::path& file, MetricFile kind,
                                    MetricFileMark mark,
                                    const std::function<void(MetricLine)>& each,
                                    const std::function<void(int64_t number)>& bad);

// The line that the file store writes for a point, without a line end.
std::string ToMetricLine(const tracking::Metric& metric, const std::string& run_id,
                         MetricFile kind);

}  // namespace millwright::moving

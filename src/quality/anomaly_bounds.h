#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What a metric's history says of its next value.
namespace millwright::quality {

// Nothing is learned of fewer values.
inline constexpr size_t kHistoryMin = 5;
// So many of each weekday make weekdays be told apart.
inline constexpr size_t kWeekdayHistoryMin = 3;

struct MetricPoint {
  std::optional<int64_t> day;  // days since 1970, where the part of the history has a date
  double value = 0;
};

struct Bounds {
  double low = 0, high = 0, median = 0;
  size_t points = 0;
  std::optional<int> weekday;  // 0 is Monday; absent for any day

  bool Hold(double value) const { return value >= low && value <= high; }
};

// The median give or take four deviations, where a deviation is 1.4826 times the median of the
// distances from the median (that of a normal distribution), and at least 2 % of the median; single
// outliers move neither. Nothing below kHistoryMin values.
std::optional<Bounds> BoundsOf(std::vector<double> values);

// The same by weekday, where there are kWeekdayHistoryMin values of each of seven and weekdays
// differ by more than they vary; else one for all days, or nothing for too short a history.
std::vector<Bounds> LearnBounds(const std::vector<MetricPoint>& history);

// Finds a date, "2024-03-01", "2024_03_01" or "20240301", in a name.
std::optional<int64_t> DayInName(const std::string& name);

}  // namespace millwright::quality

#include "quality/anomaly_bounds.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace millwright::quality {
namespace {

constexpr double kDeviations = 4;
constexpr double kNormal = 1.4826;
constexpr double kLeastShare = 0.02;
constexpr int kWeekdays = 7;

double MedianOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double NineOfTenBelow(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() * 9 / 10];
}

double DeviationOf(const std::vector<double>& values, double median) {
  std::vector<double> distances;
  for (const double value : values) distances.push_back(std::abs(value - median));
  return kNormal * MedianOf(distances);
}

Bounds BoundsAround(const std::vector<double>& values) {
  const double median = MedianOf(values);
  const double reach =
      std::max(kDeviations * DeviationOf(values, median), kLeastShare * std::abs(median));
  return {.low = median - reach, .high = median + reach, .median = median, .points = values.size()};
}

// 1970-01-01 was a Thursday.
int WeekdayOf(int64_t day) {
  return static_cast<int>(((day + 3) % kWeekdays + kWeekdays) % kWeekdays);
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<int> NumberAt(const std::string& text, size_t at, size_t digits) {
  if (at + digits > text.size()) return std::nullopt;
  int number = 0;
  for (size_t i = at; i < at + digits; ++i) {
    if (!IsDigit(text[i])) return std::nullopt;
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

}  // namespace

std::optional<Bounds> BoundsOf(std::vector<double> values) {
  if (values.size() < kHistoryMin) return std::nullopt;
  return BoundsAround(values);
}

// Weekdays are told apart only where that explains the history: where distances from the weekday's
// own median are less than half of those from the median of all. It is the distance that nine of
// ten are below which is compared, so that one day a week that differs is seen and a few outliers
// are not.
std::vector<Bounds> LearnBounds(const std::vector<MetricPoint>& history) {
  std::vector<double> all;
  std::vector<std::vector<double>> by_weekday(kWeekdays);
  for (const MetricPoint& point : history) {
    all.push_back(point.value);
    if (point.day) by_weekday[static_cast<size_t>(WeekdayOf(*point.day))].push_back(point.value);
  }
  const auto whole = BoundsOf(all);
  if (!whole) return {};
  std::vector<double> rest;
  for (const auto& values : by_weekday) {
    if (values.size() < kWeekdayHistoryMin) return {*whole};
    const double median = MedianOf(values);
    for (const double value : values) rest.push_back(std::abs(value - median));
  }
  std::vector<double> distances;
  for (const double value : all) distances.push_back(std::abs(value - whole->median));
  if (NineOfTenBelow(rest) >= NineOfTenBelow(distances) / 2) return {*whole};
  std::vector<Bounds> bounds;
  for (int weekday = 0; weekday < kWeekdays; ++weekday) {
    bounds.push_back(BoundsAround(by_weekday[static_cast<size_t>(weekday)]));
    bounds.back().weekday = weekday;
  }
  return bounds;
}

std::optional<int64_t> DayInName(const std::string& name) {
  for (size_t at = 0; at < name.size(); ++at) {
    if (at > 0 && IsDigit(name[at - 1])) continue;
    const bool is_parted = at + 4 < name.size() && (name[at + 4] == '-' || name[at + 4] == '_');
    const size_t step = is_parted ? 3 : 2;
    const size_t first = at + 4 + (is_parted ? 1 : 0);
    const auto year = NumberAt(name, at, 4), month = NumberAt(name, first, 2),
               day = NumberAt(name, first + step, 2);
    if (!year || !month || !day) continue;
    if (first + step + 2 < name.size() && IsDigit(name[first + step + 2])) continue;
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (date.ok()) return std::chrono::sys_days(date).time_since_epoch().count();
  }
  return std::nullopt;
}

}  // namespace millwright::quality

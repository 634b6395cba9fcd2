#include "loop/cron.h"

#include <charconv>
#include <chrono>
#include <vector>

#include "base/error.h"

namespace millwright::loop {
namespace {

using std::chrono::days;
using std::chrono::milliseconds;

constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kHourMs = 60 * kMinuteMs;
constexpr int64_t kDayMs = 24 * kHourMs;
constexpr int kDaysMax = 5 * 366;
constexpr int64_t kDurationMsMax = 3650 * kDayMs;

int Number(std::string_view text, std::string_view field) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw InvalidArgument("the {} is no number: \"{}\"", field, text);
  }
  return number;
}

std::vector<std::string_view> SplitAt(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t at; (at = text.find(separator)) != text.npos; text.remove_prefix(at + 1)) {
    parts.push_back(text.substr(0, at));
  }
  parts.push_back(text);
  return parts;
}

// Sets the bits that one field names; returns whether it is *.
template <size_t N>
bool ReadField(std::string_view text, std::string_view field, int least, int most,
               std::bitset<N>* bits) {
  for (std::string_view part : SplitAt(text, ',')) {
    int step = 1;
    if (const size_t slash = part.find('/'); slash != part.npos) {
      step = Number(part.substr(slash + 1), field);
      part = part.substr(0, slash);
    }
    int first = least, last = most;
    if (part != "*") {
      const size_t dash = part.find('-');
      first = Number(part.substr(0, dash), field);
      last = dash == part.npos ? (step > 1 ? most : first) : Number(part.substr(dash + 1), field);
    }
    if (step < 1 || first < least || last > most || first > last) {
      throw InvalidArgument("the {} lies between {} and {}: \"{}\"", field, least, most, text);
    }
    for (int value = first; value <= last; value += step) bits->set(static_cast<size_t>(value));
  }
  return text == "*";
}

}  // namespace

Cron Cron::Parse(std::string_view text) {
  std::vector<std::string_view> fields;
  for (const std::string_view part : SplitAt(text, ' ')) {
    if (!part.empty()) fields.push_back(part);
  }
  if (fields.size() != 5) {
    throw InvalidArgument("a cron line has five fields, minute hour day month weekday: \"{}\"",
                          text);
  }
  Cron cron;
  std::bitset<8> weekdays;
  ReadField(fields[0], "minute", 0, 59, &cron.minutes_);
  ReadField(fields[1], "hour", 0, 23, &cron.hours_);
  cron.any_day_ = ReadField(fields[2], "day", 1, 31, &cron.days_);
  ReadField(fields[3], "month", 1, 12, &cron.months_);
  cron.any_weekday_ = ReadField(fields[4], "weekday", 0, 7, &weekdays);
  for (size_t day = 0; day < 7; ++day) cron.weekdays_[day] = weekdays[day];
  if (weekdays[7]) cron.weekdays_.set(0);
  cron.NextAfter(0);
  return cron;
}

bool Cron::HasDay(int month, int day_of_month, int day_of_week) const {
  if (!months_[static_cast<size_t>(month)]) return false;
  const bool by_month = days_[static_cast<size_t>(day_of_month)];
  const bool by_week = weekdays_[static_cast<size_t>(day_of_week)];
  return any_day_ || any_weekday_ ? by_month && by_week : by_month || by_week;
}

int64_t Cron::NextAfter(int64_t time_ms) const {
  int64_t minute = time_ms / kMinuteMs + 1;
  if (time_ms < 0 && time_ms % kMinuteMs != 0) --minute;
  const std::chrono::sys_days first = std::chrono::floor<days>(
      std::chrono::sys_time<milliseconds>(milliseconds(minute * kMinuteMs)));
  int from = static_cast<int>(minute - first.time_since_epoch().count() * 1440);
  for (int i = 0; i < kDaysMax; ++i, from = 0) {
    const std::chrono::sys_days day = first + days(i);
    const std::chrono::year_month_day date(day);
    if (!HasDay(static_cast<int>(static_cast<unsigned>(date.month())),
                static_cast<int>(static_cast<unsigned>(date.day())),
                static_cast<int>(std::chrono::weekday(day).c_encoding()))) {
      continue;
    }
    for (int at = from; at < 1440; ++at) {
      if (hours_[static_cast<size_t>(at / 60)] && minutes_[static_cast<size_t>(at % 60)]) {
        return day.time_since_epoch().count() * kDayMs + at * kMinuteMs;
      }
    }
  }
  throw InvalidArgument("there is no such time within five years");
}

int64_t ParseDuration(std::string_view text) {
  int64_t total_ms = 0;
  bool any = false;
  for (const std::string_view part : SplitAt(text, ' ')) {
    if (part.empty()) continue;
    int64_t number = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    const std::string_view unit(end, static_cast<size_t>(part.data() + part.size() - end));
    const int64_t unit_ms = unit == "d"    ? kDayMs
                            : unit == "h"  ? kHourMs
                            : unit == "m"  ? kMinuteMs
                            : unit == "s"  ? 1000
                            : unit == "ms" ? 1
                                           : 0;
    if (error != std::errc() || unit_ms == 0 || number < 0 || number > kDurationMsMax / unit_ms) {
      throw InvalidArgument("a duration is written as 7d, 12h, 10m, 30s or 500ms: \"{}\"", text);
    }
    total_ms += number * unit_ms;
    any = true;
  }
  if (!any || total_ms > kDurationMsMax) {
    throw InvalidArgument("a duration is written as 7d, 12h, 10m, 30s or 500ms: \"{}\"", text);
  }
  return total_ms;
}

std::string DurationText(int64_t ms) {
  struct Unit {
    int64_t ms;
    const char* name;
  };
  constexpr Unit kUnits[] = {
      {kDayMs, "d"}, {kHourMs, "h"}, {kMinuteMs, "m"}, {1000, "s"}, {1, "ms"}};
  std::string text;
  for (const Unit& unit : kUnits) {
    if (ms < unit.ms) continue;
    if (!text.empty()) text += ' ';
    text += std::to_string(ms / unit.ms) + unit.name;
    ms %= unit.ms;
  }
  return text.empty() ? "0s" : text;
}

}  // namespace millwright::loop

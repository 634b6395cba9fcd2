#include "base/clock.h"

#include <fmt/core.h>

#include <chrono>
#include <cstdio>

#include "base/error.h"

namespace millwright {
namespace {

constexpr int64_t kMsPerDay = 86'400'000;

// Reads exactly `digits` decimal digits at `*at`, or fails.
bool ReadDigits(std::string_view text, size_t* at, int digits, int* value) {
  if (*at + digits > text.size()) return false;
  *value = 0;
  for (int i = 0; i < digits; ++i) {
    const char c = text[(*at)++];
    if (c < '0' || c > '9') return false;
    *value = *value * 10 + (c - '0');
  }
  return true;
}

bool Skip(std::string_view text, size_t* at, char c) {
  if (*at >= text.size() || text[*at] != c) return false;
  ++*at;
  return true;
}

// Reads "hh:mm[:ss[.fraction]]" into milliseconds since midnight.
bool ReadTimeOfDay(std::string_view text, size_t* at, int64_t* ms) {
  int hour = 0, minute = 0, second = 0;
  if (!ReadDigits(text, at, 2, &hour) || !Skip(text, at, ':') || !ReadDigits(text, at, 2, &minute))
    return false;
  int64_t fraction_ms = 0;
  if (Skip(text, at, ':')) {
    if (!ReadDigits(text, at, 2, &second)) return false;
    if (Skip(text, at, '.')) {
      const size_t start = *at;
      for (int64_t scale = 100; *at < text.size() && text[*at] >= '0' && text[*at] <= '9'; ++*at) {
        fraction_ms += (text[*at] - '0') * scale;
        scale /= 10;
      }
      if (*at == start) return false;
    }
  }
  if (hour > 23 || minute > 59 || second > 60) return false;
  *ms = ((hour * 60 + minute) * 60 + second) * int64_t{1000} + fraction_ms;
  return true;
}

// Reads "Z", "+hh:mm", "+hhmm", "+hh" or nothing into milliseconds east of UTC.
bool ReadOffset(std::string_view text, size_t* at, int64_t* ms) {
  *ms = 0;
  if (*at == text.size() || Skip(text, at, 'Z')) return true;
  const bool west = Skip(text, at, '-');
  if (!west && !Skip(text, at, '+')) return false;
  int hour = 0, minute = 0;
  if (!ReadDigits(text, at, 2, &hour)) return false;
  const bool has_minutes = Skip(text, at, ':') || *at < text.size();
  if (has_minutes && !ReadDigits(text, at, 2, &minute)) return false;
  *ms = (hour * 60 + minute) * int64_t{60'000} * (west ? -1 : 1);
  return true;
}

}  // namespace

int64_t SystemClock::NowMs() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int64_t MonotonicUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::string FormatTime(int64_t time_ms) {
  const auto point =
      std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(time_ms));
  const auto day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date(day);
  const int64_t ms = (point - day).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", int(date.year()),
                     unsigned(date.month()), unsigned(date.day()), ms / 3'600'000, ms / 60'000 % 60,
                     ms / 1000 % 60, ms % 1000);
}

int64_t ParseTime(std::string_view text) {
  size_t at = 0;
  int year = 0, month = 0, day = 0;
  int64_t time_of_day_ms = 0, offset_ms = 0;
  bool ok = ReadDigits(text, &at, 4, &year) && Skip(text, &at, '-') &&
            ReadDigits(text, &at, 2, &month) && Skip(text, &at, '-') &&
            ReadDigits(text, &at, 2, &day);
  if (ok && at < text.size()) {
    ok = (Skip(text, &at, 'T') || Skip(text, &at, ' ')) &&
         ReadTimeOfDay(text, &at, &time_of_day_ms) && ReadOffset(text, &at, &offset_ms) &&
         at == text.size();
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!ok || !date.ok()) throw InvalidArgument("Not an RFC 3339 time: {}", text);
  return std::chrono::sys_days(date).time_since_epoch().count() * kMsPerDay + time_of_day_ms -
         offset_ms;
}

}  // namespace millwright

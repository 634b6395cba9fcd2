#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>

namespace millwright::loop {

// Times in the five fields of crontab(5), in UTC: minute, hour, day of the month, month, day of the
// week (0 and 7 are Sunday). A field is *, a number, a range a-b, with /step, or several of these
// with commas. As in cron a day counts when either of the two fields of days has it, unless one of
// them is *.
class Cron {
 public:
  // Throws kInvalidArgument saying which field.
  static Cron Parse(std::string_view text);
  // The first time after `time_ms`. Throws kInvalidArgument when there is none within five years,
  // as for 30 February.
  int64_t NextAfter(int64_t time_ms) const;

 private:
  bool HasDay(int month, int day_of_month, int day_of_week) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<7> weekdays_;
  bool any_day_ = false;
  bool any_weekday_ = false;
};

// Milliseconds of "90d", "12h", "10m", "30s", "500ms" or a sum of them ("1d 12h"). Throws
// kInvalidArgument.
int64_t ParseDuration(std::string_view text);
// The other way round: "1d 12h".
std::string DurationText(int64_t ms);

}  // namespace millwright::loop

#include "api/prediction/event_time.h"

#include <charconv>

#include "base/clock.h"
#include "base/error.h"

namespace millwright::api::prediction {

int64_t ParseEventTime(std::string_view text) {
  int64_t time_ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), time_ms);
  // A year alone would be a number, too; nobody stamps predictions by the year.
  if (error == std::errc() && end == text.data() + text.size()) return time_ms;
  try {
    return ParseTime(text);
  } catch (const Error&) {
    throw InvalidArgument("{} is neither milliseconds since 1970 nor RFC 3339: {}",
                          kEventTimeHeader, text.substr(0, 64))
        .WithField(std::string(kEventTimeHeader));
  }
}

}  // namespace millwright::api::prediction

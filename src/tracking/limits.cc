#include "tracking/limits.h"

#include "base/error.h"
#include "base/json.h"

namespace millwright::tracking {

std::string CutTo(std::string_view utf8, size_t characters) {
  if (utf8.size() <= characters) return std::string(utf8);
  size_t count = 0;
  for (size_t i = 0; i < utf8.size(); ++i) {
    const bool continues = (static_cast<unsigned char>(utf8[i]) & 0xC0) == 0x80;
    if (continues) continue;
    if (count++ == characters) return std::string(utf8.substr(0, i));
  }
  return std::string(utf8);
}

void RequireKey(std::string_view key, std::string_view parameter, std::string_view length_name) {
  millwright::RequireKey(key, parameter);
  RequireLength(length_name, key, kKeyCharactersMax);
}

bool IsPlain(const Metric& metric) {
  return metric.timestamp_ms >= 0 && metric.key.size() <= kKeyCharactersMax &&
         IsPlainKey(metric.key);
}

void RequireMetric(const Metric& metric, std::string_view prefix) {
  if (IsPlain(metric)) return;
  RequireKey(metric.key, fmt::format("{}name", prefix), "Metric name");
  if (metric.timestamp_ms < 0) {
    std::string value;
    AppendJsonDouble(metric.value, &value);
    if (value.find_first_not_of("-0123456789") == std::string::npos) value += ".0";
    throw InvalidArgument(
        "Invalid value {} for parameter '{}timestamp' supplied: metric '{}' (value={}). Timestamp "
        "must be a nonnegative long (64-bit integer) ",
        metric.timestamp_ms, prefix, metric.key, value);
  }
}

}  // namespace millwright::tracking

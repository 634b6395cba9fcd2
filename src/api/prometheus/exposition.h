#pragma once

#include <string>
#include <string_view>

// Writes Prometheus' text exposition format, version 0.0.4.
namespace millwright::api::prometheus {

inline constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

enum class Type { kCounter, kGauge, kHistogram };

// Appends the HELP and TYPE lines that come before a metric's samples.
void AppendHead(std::string_view name, std::string_view help, Type type, std::string* out);

// Appends `name="value"` with the value escaped, after a comma when `labels` is not empty.
void AppendLabel(std::string_view name, std::string_view value, std::string* labels);

// Appends one sample; `labels` is what AppendLabel made, possibly empty.
void AppendSample(std::string_view name, std::string_view labels, double value, std::string* out);

// Appends the shortest text of a number; NaN, +Inf and -Inf as Prometheus spells them.
void AppendNumber(double value, std::string* out);

}  // namespace millwright::api::prometheus

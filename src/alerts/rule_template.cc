#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "alerts/rule.h"
#include "base/error.h"

namespace millwright::alerts {
namespace {

constexpr size_t kFormatBytesMax = 16;

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '-')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '-')) text.remove_suffix(1);
  return text;
}

std::string Humanized(double value) {
  if (!std::isfinite(value) || value == 0) return fmt::format("{:.4g}", value);
  constexpr std::string_view kLarge[] = {"", "k", "M", "G", "T", "P"};
  constexpr std::string_view kSmall[] = {"", "m", "u", "n", "p"};
  size_t step = 0;
  if (std::abs(value) >= 1) {
    while (std::abs(value) >= 1'000 && step + 1 < std::size(kLarge)) value /= 1'000, ++step;
    return fmt::format("{:.4g}{}", value, kLarge[step]);
  }
  while (std::abs(value) < 1 && step + 1 < std::size(kSmall)) value *= 1'000, ++step;
  return fmt::format("{:.4g}{}", value, kSmall[step]);
}

std::string HumanizedDuration(double seconds) {
  if (!std::isfinite(seconds)) return fmt::format("{:.4g}", seconds);
  if (std::abs(seconds) < 1) return Humanized(seconds) + "s";
  const std::string sign = seconds < 0 ? "-" : "";
  auto whole = static_cast<int64_t>(std::abs(seconds));
  const int64_t days = whole / 86'400, hours = whole / 3'600 % 24, minutes = whole / 60 % 60;
  if (days > 0) return fmt::format("{}{}d {}h {}m {}s", sign, days, hours, minutes, whole % 60);
  if (hours > 0) return fmt::format("{}{}h {}m {}s", sign, hours, minutes, whole % 60);
  if (minutes > 0) return fmt::format("{}{}m {}s", sign, minutes, whole % 60);
  return fmt::format("{:.4g}s", seconds);
}

// `"%.3f"`: one conversion of a number and nothing else.
std::string Printed(std::string_view format, double value) {
  const std::string text(format);
  const bool well = text.size() >= 2 && text.size() <= kFormatBytesMax && text.front() == '%' &&
                    text.find_first_not_of("0123456789.+-", 1) == text.size() - 1 &&
                    std::string_view("feg").find(text.back()) != std::string_view::npos;
  if (!well) throw InvalidArgument("printf takes one number, such as \"%.3f\", not {}", format);
  const int precision_at = static_cast<int>(text.find('.'));
  if (precision_at > 0 && text.size() - static_cast<size_t>(precision_at) > 4)
    throw InvalidArgument("printf has at most 99 digits: {}", format);
  char out[512];
  const int length = std::snprintf(out, sizeof out, text.c_str(), value);
  return std::string(out,
                     std::min<size_t>(static_cast<size_t>(std::max(length, 0)), sizeof out - 1));
}

double NumberOf(std::string_view text) {
  try {
    return std::stod(std::string(text));
  } catch (const std::exception&) {
    throw InvalidArgument("A template's filter is of a number, not \"{}\"", text);
  }
}

std::string Term(std::string_view term, const TemplateValues& values) {
  if (term == "$value") return fmt::format("{:.6g}", values.value);
  if (term == "$threshold") return fmt::format("{:.6g}", values.threshold);
  constexpr std::string_view kLabel = "$labels.";
  if (term.starts_with(kLabel) && IsLabelName(term.substr(kLabel.size())))
    return std::string(LabelOf(values.labels, std::string(term.substr(kLabel.size()))));
  throw InvalidArgument("A template knows $value, $threshold and $labels.NAME, not {}",
                        term.empty() ? "an empty one" : term);
}

std::string Filled(std::string_view inner, const TemplateValues& values) {
  inner = Trimmed(inner);
  // `printf "%.3f" $value` is the same as `$value | printf "%.3f"`.
  if (inner.starts_with("printf ")) {
    const size_t open = inner.find('"'), close = inner.rfind('"');
    if (open == std::string_view::npos || close <= open)
      throw InvalidArgument("printf wants a format in quotes: {}", inner);
    return Printed(inner.substr(open + 1, close - open - 1),
                   NumberOf(Term(Trimmed(inner.substr(close + 1)), values)));
  }
  const size_t bar = inner.find('|');
  const std::string_view term = Trimmed(inner.substr(0, bar));
  const std::string text = Term(term, values);
  if (bar == std::string_view::npos) return text;
  // The value itself, not its rounded text.
  const auto number = [&] {
    return term == "$value"       ? values.value
           : term == "$threshold" ? values.threshold
                                  : (text.empty() ? 0 : NumberOf(text));
  };
  const std::string_view filter = Trimmed(inner.substr(bar + 1));
  if (filter == "humanize") return Humanized(number());
  if (filter == "humanizePercentage") return fmt::format("{:.4g}%", number() * 100);
  if (filter == "humanizeDuration") return HumanizedDuration(number());
  if (filter.starts_with("printf \"") && filter.ends_with('"') && filter.size() > 9)
    return Printed(filter.substr(8, filter.size() - 9), number());
  throw InvalidArgument(
      "A template's filter is humanize, humanizePercentage, humanizeDuration or printf, not {}",
      filter);
}

}  // namespace

std::string FillTemplate(std::string_view text, const TemplateValues& values) {
  std::string out;
  while (!text.empty()) {
    const size_t open = text.find("{{");
    out += text.substr(0, open);
    if (open == std::string_view::npos) break;
    const size_t close = text.find("}}", open);
    if (close == std::string_view::npos) throw InvalidArgument("Braces are not closed: {}", text);
    out += Filled(text.substr(open + 2, close - open - 2), values);
    text.remove_prefix(close + 2);
  }
  return out;
}

}  // namespace millwright::alerts

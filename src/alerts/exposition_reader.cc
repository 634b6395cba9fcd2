#include "alerts/exposition_reader.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace millwright::alerts {
namespace {

std::optional<double> NumberOf(std::string_view text) {
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  if (text == "NaN") return std::nan("");
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Reads `a="x",b="y"}` from `*at` on and leaves `*at` after the brace.
bool ReadLabels(std::string_view line, size_t* at, Labels* labels) {
  for (;;) {
    while (*at < line.size() && (line[*at] == ',' || line[*at] == ' ')) ++*at;
    if (*at >= line.size()) return false;
    if (line[*at] == '}') {
      ++*at;
      return true;
    }
    const size_t equals = line.find('=', *at);
    if (equals == std::string_view::npos || equals + 1 >= line.size() || line[equals + 1] != '"')
      return false;
    std::string value;
    size_t i = equals + 2;
    for (; i < line.size() && line[i] != '"'; ++i) {
      char c = line[i];
      if (c == '\\' && i + 1 < line.size()) {
        c = line[++i];
        if (c == 'n') c = '\n';
      }
      value += c;
    }
    if (i >= line.size()) return false;
    labels->emplace(line.substr(*at, equals - *at), std::move(value));
    *at = i + 1;
  }
}

}  // namespace

int ReadExposition(std::string_view text, const std::function<bool(std::string_view)>& wants,
                   const std::function<void(Sample&&)>& each) {
  int passed_over = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    size_t at = line.find_first_of("{ ");
    if (at == std::string_view::npos) {
      ++passed_over;
      continue;
    }
    const std::string_view name = line.substr(0, at);
    if (!wants(name)) continue;
    Sample sample{std::string(name), {}, 0};
    const bool well = line[at] != '{' || ReadLabels(line, &++at, &sample.labels);
    const size_t number = well ? line.find_first_not_of(' ', at) : std::string_view::npos;
    const auto value = number == std::string_view::npos
                           ? std::nullopt
                           : NumberOf(line.substr(number, line.find(' ', number) - number));
    if (!value) {
      ++passed_over;
      continue;
    }
    sample.value = *value;
    each(std::move(sample));
  }
  return passed_over;
}

}  // namespace millwright::alerts

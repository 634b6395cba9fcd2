#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millwright::http {

// Decodes percent-encoding once. Nothing for a broken escape or an encoded NUL.
std::optional<std::string> PercentDecode(std::string_view text);

// Splits "a=1&b=x+y" into decoded pairs, in order; a broken escape stays as it was written.
std::vector<std::pair<std::string, std::string>> ParseQuery(std::string_view query);

// The parts of a request's target in origin form ("/p?q") or absolute form ("http://host/p?q").
struct TargetParts {
  std::string_view path;   // raw
  std::string_view query;  // raw, without the question mark
};
// Nothing for another form ("*", an authority) or characters that a target cannot hold.
std::optional<TargetParts> SplitTarget(std::string_view target);

}  // namespace millwright::http

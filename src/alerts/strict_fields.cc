#include "alerts/strict_fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/option.h"

namespace millwright::alerts {

void RefuseUnknownFields(const Json& json, std::span<const std::string_view> known,
                         std::string_view what) {
  if (!json.is_object())
    throw InvalidArgument("{} must be a mapping, not a {}", what, json.type_name());
  for (const auto& field : json.AsObject(what)) {
    if (std::find(known.begin(), known.end(), field.first) != known.end()) continue;
    const std::string nearest = NearestName(field.first, {known.begin(), known.end()});
    throw InvalidArgument("unknown field {}{}", field.first,
                          nearest.empty() ? fmt::format("; known are {}", fmt::join(known, ", "))
                                          : fmt::format("; did you mean {}?", nearest))
        .WithField(field.first);
  }
}

size_t ReadWord(const Json& json, std::string_view key,
                std::initializer_list<std::string_view> words, size_t fallback) {
  const Json* given = json.Find(key);
  if (given == nullptr || given->is_null()) return fallback;
  const std::string& text = given->AsString(key);
  const auto* found = std::find(words.begin(), words.end(), text);
  if (found == words.end())
    throw InvalidArgument("{} must be one of {}, not {}", key, fmt::join(words, ", "), text)
        .WithField(std::string(key));
  return static_cast<size_t>(found - words.begin());
}

}  // namespace millwright::alerts

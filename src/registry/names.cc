// The rules for names, tags and aliases.
#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/error.h"
#include "base/key.h"
#include "registry/change.h"

namespace millwright::registry {
namespace {

[[noreturn]] void RefusePath(std::string_view parameter, std::string_view value,
                             std::string_view resolved) {
  std::string quoted;
  AppendJsonString(value, &quoted);
  throw InvalidArgument(
      "Invalid value {} for parameter '{}' supplied: Names may be treated as files in certain "
      "cases, and must not resolve to other names when treated as such. This name would resolve "
      "to '{}'",
      quoted, parameter, resolved);
}

}  // namespace

void RequireModelName(const ModelName& name) {
  const std::string& text = name.str();
  if (text.empty()) throw InvalidArgument("Registered model name cannot be empty.");
  if (text.find_first_of("/:") != std::string::npos) {
    throw InvalidArgument("Invalid model name '{}'. Names cannot contain '/' or ':'.", text);
  }
  RequireLength("name", text, kModelNameCharactersMax);
  if (text == "." || text.starts_with("..")) RefusePath("name", text, text);
}

void RequireTagKey(const std::string& key) {
  RequireKey(key, "key");
  RequireLength("key", key, kTagKeyCharactersMax);
}

void RequireTag(const Tag& tag) {
  RequireTagKey(tag.key);
  RequireLength("value", tag.value, kTagValueCharactersMax);
}

void RequireAlias(const std::string& alias) {
  if (alias.empty()) throw InvalidArgument("Registered model alias name cannot be empty.");
  RequireLength("Registered model alias name", alias, kAliasCharactersMax);
  const bool plain = std::all_of(alias.begin(), alias.end(), [](unsigned char c) {
    return c >= 0x80 || std::isalnum(c) != 0 || c == '_' || c == '-';
  });
  if (!plain) {
    throw InvalidArgument(
        "Invalid alias name: '{}'. Names may only contain alphanumerics, underscores (_), and "
        "dashes (-).",
        alias);
  }
  std::string lower(alias);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower == "latest") {
    throw InvalidArgument("'latest' alias name (case insensitive) is reserved.");
  }
  const bool numbered =
      lower.size() > 1 && lower[0] == 'v' &&
      std::all_of(lower.begin() + 1, lower.end(), [](unsigned char c) { return std::isdigit(c); });
  if (numbered) throw InvalidArgument("Version alias name '{}' is reserved.", alias);
}

int64_t ParseVersion(const std::string& text) {
  int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
    throw InvalidArgument("Parameter 'version' must be an integer, got '{}'.", text);
  }
  return number;
}

}  // namespace millwright::registry

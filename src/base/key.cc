#include "base/key.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace millwright {
namespace {

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

bool IsKeyCharacter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= 'a' && byte <= 'z') || c == '_' || c == '-' || c == '.' || c == ' ' || c == ':' ||
         c == '/';
}

// Resolves "." and ".." and doubled slashes as a file system would, without touching one.
std::string Normalized(std::string_view path) {
  const bool absolute = path.starts_with('/');
  std::vector<std::string_view> parts;
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty() && parts.back() != "..") {
      parts.pop_back();
    } else if (part != ".." || !absolute) {
      parts.push_back(part);
    }
  }
  std::string text(absolute ? "/" : "");
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += '/';
    text += parts[i];
  }
  return text.empty() ? "." : text;
}

bool IsStablePath(std::string_view key, const std::string& normalized) {
  return normalized == key && normalized != "." && !normalized.starts_with("..") &&
         !normalized.starts_with('/');
}

}  // namespace

size_t CountCharacters(std::string_view utf8) {
  size_t count = 0;
  for (const char c : utf8) count += IsContinuation(c) ? 0 : 1;
  return count;
}

void RequireLength(std::string_view what, std::string_view value, size_t characters_max) {
  if (value.size() <= characters_max || CountCharacters(value) <= characters_max) return;
  throw InvalidArgument("'{}' exceeds the maximum length of {} characters", what, characters_max);
}

bool IsPlainKey(std::string_view key) {
  if (key.empty() || key.front() == '.') return false;
  return std::all_of(key.begin(), key.end(), [](char c) { return c != '/' && IsKeyCharacter(c); });
}

void RequireKey(std::string_view key, std::string_view parameter) {
  if (IsPlainKey(key)) return;
  std::string quoted;
  AppendJsonString(key, &quoted);
  for (const char c : key) {
    if (IsKeyCharacter(c)) continue;
    throw InvalidArgument(
        "Invalid value {} for parameter '{}' supplied: Names may only contain alphanumerics, "
        "underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).",
        quoted, parameter);
  }
  const std::string normalized = Normalized(key);
  if (IsStablePath(key, normalized)) return;
  throw InvalidArgument(
      "Invalid value {} for parameter '{}' supplied: Names may be treated as files in certain "
      "cases, and must not resolve to other names when treated as such. This name would resolve "
      "to '{}'",
      quoted, parameter, normalized);
}

}  // namespace millwright

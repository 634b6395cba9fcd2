#include "tensorboard/metric_key.h"

#include "base/digest.h"
#include "base/valid_text.h"
#include "tracking/limits.h"

namespace millwright::tensorboard {
namespace {

constexpr size_t kDigestDigits = 8;
constexpr size_t kKeyCharactersBeforeDigest = tracking::kKeyCharactersMax - kDigestDigits - 1;

char KeyCharacter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  const bool kept = byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                    (byte >= 'a' && byte <= 'z') ||
                    std::string_view("_-. :").find(c) != std::string_view::npos;
  return kept ? c : '_';
}

}  // namespace

std::string KeyOf(std::string_view tag, const std::set<std::string>& taken) {
  const std::string text = ValidText(tag);
  std::string key;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('/', at), text.size());
    std::string part = text.substr(at, end - at);
    at = end + 1;
    if (part.empty()) continue;
    for (char& c : part) c = KeyCharacter(c);
    if (part == "." || part == "..") part = "_";
    key += (key.empty() ? "" : "/") + part;
  }
  if (key.empty()) key = "_";
  const std::string cut = tracking::CutTo(key, kKeyCharactersBeforeDigest);
  const bool too_long = tracking::CutTo(key, tracking::kKeyCharactersMax) != key;
  if (!too_long && !taken.contains(key)) return key;
  return cut + "-" + Sha256Hex(tag).substr(0, kDigestDigits);
}

}  // namespace millwright::tensorboard

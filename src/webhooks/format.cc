#include "webhooks/format.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/digest.h"

namespace millwright::webhooks {
namespace {

constexpr std::string_view kEncodedSecret = "whsec_";

std::string KeyOf(std::string_view secret) {
  if (!secret.starts_with(kEncodedSecret)) return std::string(secret);
  const std::string_view encoded = secret.substr(kEncodedSecret.size());
  const auto key = Base64DecodeLoosely(encoded);
  // Decoding passes over what is no base64: a secret that only looks like an encoded one stays one.
  return key && !key->empty() && Base64(*key) == encoded ? *key : std::string(secret);
}

}  // namespace

const Format& FindFormat(Formats formats, std::string_view name) {
  const auto found = std::find_if(formats.begin(), formats.end(),
                                  [&](const Format* format) { return format->name == name; });
  CHECK(found != formats.end());
  return **found;
}

std::string Sign(std::string_view secret, std::string_view delivery_id, std::string_view timestamp,
                 std::string_view body) {
  return "v1," +
         Base64(HmacSha256(KeyOf(secret), fmt::format("{}.{}.{}", delivery_id, timestamp, body)));
}

}  // namespace millwright::webhooks

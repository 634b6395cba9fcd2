#include "supply/oci_reference.h"

#include <algorithm>

#include "base/error.h"
#include "fetch/retry.h"

namespace millwright::supply {
namespace {

constexpr std::string_view kScheme = "oci://";
constexpr std::string_view kPlainScheme = "oci+http://";
constexpr std::string_view kSha256 = "sha256:";
constexpr size_t kHexDigits = 64;
constexpr size_t kTagBytesMax = 128;

bool IsMadeOf(std::string_view text, std::string_view characters) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           characters.find(c) != std::string_view::npos;
  });
}

bool IsTag(std::string_view tag) {
  return tag.size() <= kTagBytesMax && tag[0] != '.' && tag[0] != '-' &&
         IsMadeOf(tag, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_.-");
}

}  // namespace

bool IsOciUri(const std::string& uri) {
  return uri.starts_with(kScheme) || uri.starts_with(kPlainScheme);
}

bool IsSha256Digest(const std::string& text) {
  return text.size() == kSha256.size() + kHexDigits && text.starts_with(kSha256) &&
         text.find_first_not_of("0123456789abcdef", kSha256.size()) == std::string::npos;
}

OciReference ParseOciReference(const std::string& uri) {
  OciReference reference;
  const bool says_plain = uri.starts_with(kPlainScheme);
  std::string rest = uri.substr(says_plain ? kPlainScheme.size() : kScheme.size());
  const size_t slash = std::min(rest.find('/'), rest.size());
  reference.host = rest.substr(0, slash);
  rest.erase(0, std::min(slash + 1, rest.size()));
  if (const size_t at = rest.find('@'); at != std::string::npos) {
    reference.digest = rest.substr(at + 1);
    rest.resize(at);
  }
  if (const size_t colon = rest.rfind(':'); colon != std::string::npos) {
    reference.tag = rest.substr(colon + 1);
    rest.resize(colon);
    if (reference.tag.empty()) reference.tag = ":";  // refused below
  }
  reference.repository = rest;
  if (reference.tag.empty() && reference.digest.empty()) reference.tag = "latest";
  const bool is_fine = IsMadeOf(reference.host, "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-:[]") &&
                       IsMadeOf(reference.repository, "/._-") &&
                       reference.repository.find("..") == std::string::npos &&
                       (reference.tag.empty() || IsTag(reference.tag)) &&
                       (reference.digest.empty() || IsSha256Digest(reference.digest));
  if (!is_fine) {
    throw InvalidArgument("Write oci://host/repository:tag or oci://host/repository@sha256:…: {}",
                          uri);
  }
  reference.is_plain = says_plain || fetch::IsLoopbackUrl("http://" + reference.host + "/");
  return reference;
}

std::string OciReference::BaseUrl() const {
  return fmt::format("{}://{}/v2/{}", is_plain ? "http" : "https", host, repository);
}

}  // namespace millwright::supply

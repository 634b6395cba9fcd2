#include "api/mlflow/upload_sums.h"

#include "base/digest.h"
#include "base/error.h"

namespace millwright::api::mlflow {
namespace {

constexpr size_t kSha256Bytes = 32;
constexpr size_t kMd5Bytes = 16;

std::string HexOf(std::string_view base64, size_t bytes, std::string_view header) {
  std::string raw;
  try {
    raw = Base64Decode(base64);
  } catch (const Error&) {
    raw.clear();
  }
  if (raw.size() != bytes) throw InvalidArgument("Malformed {}: {}", header, base64);
  return ToHex(raw);
}

// The value of sha-256 in a list of `name=value`, without the colons of RFC 9530.
std::string_view Sha256In(std::string_view list) {
  while (!list.empty()) {
    const size_t end = std::min(list.find(','), list.size());
    std::string_view item = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    const size_t equals = std::min(item.find('='), item.size());
    if (!http::EqualsIgnoringCase(item.substr(0, equals), "sha-256")) continue;
    item.remove_prefix(std::min(equals + 1, item.size()));
    if (item.size() >= 2 && item.front() == ':' && item.back() == ':')
      item = item.substr(1, item.size() - 2);
    return item;
  }
  return {};
}

}  // namespace

artifacts::ExpectedSums SumsOf(const http::Request& request) {
  artifacts::ExpectedSums sums;
  if (request.body_reader != nullptr) sums.bytes = request.body_reader->length();
  if (const auto md5 = request.headers.Find("Content-MD5"))
    sums.md5 = HexOf(*md5, kMd5Bytes, "Content-MD5");
  for (const char* name : {"Content-Digest", "Repr-Digest", "Digest"}) {
    const auto list = request.headers.Find(name);
    if (!list) continue;
    if (const auto value = Sha256In(*list); !value.empty())
      sums.sha256 = HexOf(value, kSha256Bytes, name);
  }
  if (const auto sum = request.headers.Find("x-amz-checksum-sha256"))
    sums.sha256 = HexOf(*sum, kSha256Bytes, "x-amz-checksum-sha256");
  return sums;
}

}  // namespace millwright::api::mlflow

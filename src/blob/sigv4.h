#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// AWS Signature Version 4, as S3 wants it: paths are encoded once and not normalised.
namespace millwright::blob {

struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // empty for keys that do not end
};

// What a signature is good for besides its request.
struct SigningScope {
  std::string region;
  std::string service = "s3";
  int64_t time_ms = 0;
};

using NamedValues = std::vector<std::pair<std::string, std::string>>;

// A request as far as it is signed: all its headers, Host among them.
struct SignableRequest {
  std::string method;
  std::string path;   // decoded, with the leading slash
  NamedValues query;  // decoded
  NamedValues headers;
};

// The hash by which a payload is left out of a signature.
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
// S3's own limit of how long a presigned URL is good.
inline constexpr int64_t kPresignedSecondsMax = 7 * 24 * 3600;

// Adds X-Amz-Date, X-Amz-Security-Token where there is one, and Authorization to the headers.
// `payload_sha256` is hex or kUnsignedPayload.
void SignHeaders(const Credentials& credentials, const SigningScope& scope,
                 std::string_view payload_sha256, SignableRequest* request);

// Adds the signature and what belongs to it to the query instead, so that the URL alone is enough
// for `expires_s` seconds. The headers, usually Host alone, must be sent with it as they are here.
void SignQuery(const Credentials& credentials, const SigningScope& scope,
               std::string_view payload_sha256, int64_t expires_s, SignableRequest* request);

// The query as it goes into a URL, in the order of the signature; empty for none.
std::string CanonicalQuery(const NamedValues& query);

}  // namespace millwright::blob

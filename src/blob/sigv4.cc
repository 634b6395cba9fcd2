#include "blob/sigv4.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <ctime>
#include <map>

#include "base/digest.h"
#include "fetch/client.h"

namespace millwright::blob {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

// "20130524T000000Z"; its first eight characters are the day.
std::string TimeStamp(int64_t time_ms) {
  const std::time_t seconds = time_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

// Without white space around it and with one blank for each run of it inside.
std::string Collapsed(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (std::isspace(static_cast<unsigned char>(c))) {
      if (!out.empty() && out.back() != ' ') out.push_back(' ');
    } else {
      out.push_back(c);
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

// Lower-case names in order, the values of one name joined by commas.
std::map<std::string, std::string> CanonicalHeaders(const NamedValues& headers) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : headers) {
    const auto [at, added] = out.emplace(Lower(name), Collapsed(value));
    if (!added) at->second.append(",").append(Collapsed(value));
  }
  return out;
}

std::string SignedNames(const NamedValues& headers) {
  std::string names;
  for (const auto& [name, value] : CanonicalHeaders(headers)) {
    if (!names.empty()) names.push_back(';');
    names.append(name);
  }
  return names;
}

std::string CanonicalRequest(const SignableRequest& request, std::string_view payload_sha256) {
  std::string text = request.method + "\n" +
                     fetch::PercentEncode(request.path, fetch::Slashes::kKeep) + "\n" +
                     CanonicalQuery(request.query) + "\n";
  for (const auto& [name, value] : CanonicalHeaders(request.headers))
    text.append(name).append(":").append(value).append("\n");
  return text.append("\n").append(SignedNames(request.headers)).append("\n").append(payload_sha256);
}

std::string ScopeText(const SigningScope& scope) {
  return fmt::format("{}/{}/{}/aws4_request", TimeStamp(scope.time_ms).substr(0, 8), scope.region,
                     scope.service);
}

std::string Signature(const Credentials& credentials, const SigningScope& scope,
                      const SignableRequest& request, std::string_view payload_sha256) {
  const std::string stamp = TimeStamp(scope.time_ms);
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, stamp, ScopeText(scope),
                                          Sha256Hex(CanonicalRequest(request, payload_sha256)));
  std::string key = HmacSha256("AWS4" + credentials.secret_key, stamp.substr(0, 8));
  key = HmacSha256(key, scope.region);
  key = HmacSha256(key, scope.service);
  key = HmacSha256(key, "aws4_request");
  return ToHex(HmacSha256(key, to_sign));
}

}  // namespace

void SignHeaders(const Credentials& credentials, const SigningScope& scope,
                 std::string_view payload_sha256, SignableRequest* request) {
  request->headers.emplace_back("X-Amz-Date", TimeStamp(scope.time_ms));
  if (!credentials.session_token.empty())
    request->headers.emplace_back("X-Amz-Security-Token", credentials.session_token);
  std::string authorization =
      fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                  credentials.access_key, ScopeText(scope), SignedNames(request->headers),
                  Signature(credentials, scope, *request, payload_sha256));
  request->headers.emplace_back("Authorization", std::move(authorization));
}

void SignQuery(const Credentials& credentials, const SigningScope& scope,
               std::string_view payload_sha256, int64_t expires_s, SignableRequest* request) {
  auto& query = request->query;
  query.emplace_back("X-Amz-Algorithm", kAlgorithm);
  query.emplace_back("X-Amz-Credential", credentials.access_key + "/" + ScopeText(scope));
  query.emplace_back("X-Amz-Date", TimeStamp(scope.time_ms));
  query.emplace_back("X-Amz-Expires", std::to_string(expires_s));
  if (!credentials.session_token.empty())
    query.emplace_back("X-Amz-Security-Token", credentials.session_token);
  query.emplace_back("X-Amz-SignedHeaders", SignedNames(request->headers));
  query.emplace_back("X-Amz-Signature", Signature(credentials, scope, *request, payload_sha256));
}

std::string CanonicalQuery(const NamedValues& query) {
  NamedValues encoded;
  for (const auto& [name, value] : query)
    encoded.emplace_back(fetch::PercentEncode(name), fetch::PercentEncode(value));
  std::sort(encoded.begin(), encoded.end());
  std::string text;
  for (const auto& [name, value] : encoded) {
    if (!text.empty()) text.push_back('&');
    text.append(name).append("=").append(value);
  }
  return text;
}

}  // namespace millwright::blob

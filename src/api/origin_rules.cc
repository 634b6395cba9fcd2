#include "api/origin_rules.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace millwright::api {
namespace {

enum class Reach { kForeign, kPrivate, kLoopback };

// The host of "host:port" or "[v6]:port"; empty when there is none.
std::string HostOf(std::string_view authority) {
  std::string_view host;
  if (authority.starts_with('[')) {
    const size_t end = authority.find(']');
    if (end == std::string_view::npos) return "";
    host = authority.substr(1, end - 1);
  } else {
    host = authority.substr(0, authority.find(':'));
  }
  std::string lower(host);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (lower.ends_with('.')) lower.pop_back();
  return lower;
}

Reach ReachOfV4(const unsigned char* bytes) {
  if (bytes[0] == 127) return Reach::kLoopback;
  const bool any = bytes[0] == 0 && bytes[1] == 0 && bytes[2] == 0 && bytes[3] == 0;
  const bool inside = bytes[0] == 10 || (bytes[0] == 172 && (bytes[1] & 0xf0) == 16) ||
                      (bytes[0] == 192 && bytes[1] == 168) || (bytes[0] == 169 && bytes[1] == 254);
  return any || inside ? Reach::kPrivate : Reach::kForeign;
}

Reach ReachOf(const std::string& host) {
  if (host == "localhost" || host.ends_with(".localhost")) return Reach::kLoopback;
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    unsigned char bytes[4];
    std::memcpy(bytes, &v4, sizeof bytes);
    return ReachOfV4(bytes);
  }
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) != 1) return Reach::kForeign;
  if (IN6_IS_ADDR_LOOPBACK(&v6)) return Reach::kLoopback;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return ReachOfV4(v6.s6_addr + 12);
  const bool inside = (v6.s6_addr[0] & 0xfe) == 0xfc || IN6_IS_ADDR_LINKLOCAL(&v6);
  return inside ? Reach::kPrivate : Reach::kForeign;
}

bool NameMatches(const std::string& rule, const std::string& host) {
  if (rule == "*" || http::EqualsIgnoringCase(HostOf(rule), host)) return true;
  return rule.starts_with("*.") && host.size() > rule.size() - 1 &&
         http::EqualsIgnoringCase(std::string_view(host).substr(host.size() - (rule.size() - 1)),
                                  std::string_view(rule).substr(1));
}

// "https://host:port" without the scheme; empty for "null" and what is no origin.
std::string_view AuthorityOf(std::string_view origin) {
  const size_t scheme = origin.find("://");
  return scheme == std::string_view::npos ? std::string_view() : origin.substr(scheme + 3);
}

}  // namespace

bool OriginRules::HostAllowed(std::string_view host_header) const {
  // What most requests to a machine of one's own say.
  const std::string_view name = host_header.substr(0, host_header.find(':'));
  if (name == "127.0.0.1" || name == "localhost") return true;
  const std::string host = HostOf(host_header);
  if (host.empty()) return false;
  if (ReachOf(host) != Reach::kForeign) return true;
  return std::any_of(options_.allowed_hosts.begin(), options_.allowed_hosts.end(),
                     [&](const std::string& rule) { return NameMatches(rule, host); });
}

bool OriginRules::OriginAllowed(std::string_view origin, std::string_view host_header) const {
  const std::string_view authority = AuthorityOf(origin);
  if (!authority.empty()) {
    if (http::EqualsIgnoringCase(authority, host_header)) return true;
    if (ReachOf(HostOf(authority)) == Reach::kLoopback) return true;
  }
  return std::any_of(options_.allowed_origins.begin(), options_.allowed_origins.end(),
                     [&](const std::string& rule) {
                       return rule == "*" || http::EqualsIgnoringCase(rule, origin);
                     });
}

bool ChangesState(http::Method method) {
  return method != http::Method::kGet && method != http::Method::kHead &&
         method != http::Method::kOptions;
}

}  // namespace millwright::api

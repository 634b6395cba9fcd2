#include "fetch/retry.h"

#include <algorithm>
#include <charconv>
#include <random>

namespace millwright::fetch {
namespace {

constexpr int kDoublingsMax = 8;

}  // namespace

bool IsRetriedStatus(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

int64_t RetryDelayMs(int attempts_made, std::string_view retry_after) {
  int64_t seconds = 0;
  const auto [end, error] =
      std::from_chars(retry_after.data(), retry_after.data() + retry_after.size(), seconds);
  if (error == std::errc() && end == retry_after.data() + retry_after.size() && seconds >= 0)
    return std::min(seconds, kRetryDelayMsMax / 1000) * 1000;
  thread_local std::minstd_rand random{std::random_device{}()};
  const int64_t full_ms = kFirstRetryDelayMs << std::clamp(attempts_made - 1, 0, kDoublingsMax);
  const int64_t half_ms = std::min(full_ms, kRetryDelayMsMax) / 2;
  return half_ms + std::uniform_int_distribution<int64_t>(0, half_ms)(random);
}

std::string WithoutSecrets(std::string_view url) {
  url = url.substr(0, url.find('?'));
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  const size_t authority = scheme + 3;
  const size_t path = std::min(url.find('/', authority), url.size());
  const size_t at = url.substr(0, path).rfind('@');
  if (at == std::string_view::npos || at < authority) return std::string(url);
  return std::string(url.substr(0, authority)).append(url.substr(at + 1));
}

bool IsLoopbackUrl(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return false;
  std::string_view authority = url.substr(scheme + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos)
    authority = authority.substr(authority.rfind('@') + 1);
  if (authority.starts_with("[::1]")) return true;
  const std::string_view host = authority.substr(0, authority.find(':'));
  return host == "localhost" || (host.starts_with("127.") &&
                                 host.find_first_not_of("0123456789.") == std::string_view::npos);
}

}  // namespace millwright::fetch

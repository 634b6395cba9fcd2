#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millwright::fetch {

// Whether an answer with this status is worth another attempt: 429, 502, 503, 504.
bool IsRetriedStatus(int status);

// How long to wait before attempt number `attempts_made` + 1: what `Retry-After` asks for in
// seconds, else 100 ms doubling with each attempt, half of it at random so that clients that failed
// together do not come back together. Never more than kRetryDelayMsMax.
inline constexpr int64_t kFirstRetryDelayMs = 100;
inline constexpr int64_t kRetryDelayMsMax = 20'000;
int64_t RetryDelayMs(int attempts_made, std::string_view retry_after);

// A URL for messages: without user, password and query, where secrets are.
std::string WithoutSecrets(std::string_view url);

// Whether the URL's host is this machine: localhost, 127.x or [::1].
bool IsLoopbackUrl(std::string_view url);

}  // namespace millwright::fetch

#include "serving/caller_limits.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace millwright::serving {
namespace {

double BurstOf(const EndpointPolicy& policy) {
  return policy.burst > 0 ? policy.burst : std::max(1.0, std::ceil(policy.requests_per_s));
}

}  // namespace

std::string CallerOf(const Origin& origin) {
  return origin.token.empty() ? origin.principal : origin.principal + "/" + origin.token;
}

CallerLimits::Caller& CallerLimits::Find(const std::string& who) {
  const auto found = callers_.find(who);
  if (found != callers_.end()) return found->second;
  if (callers_.size() >= kCallersMax) {
    // Whoever has waited longest has the fullest bucket and loses least by being forgotten.
    const auto oldest =
        std::min_element(callers_.begin(), callers_.end(), [](const auto& a, const auto& b) {
          return std::pair(a.second.rows, a.second.filled_us) <
                 std::pair(b.second.rows, b.second.filled_us);
        });
    callers_.erase(oldest);
  }
  return callers_[who];
}

std::optional<Refusal> CallerLimits::TakeRequest(const std::string& who,
                                                 const EndpointPolicy& policy, int64_t now_us) {
  if (policy.requests_per_s <= 0) return std::nullopt;
  const double burst = BurstOf(policy);
  std::lock_guard lock(mutex_);
  Caller& caller = Find(who);
  if (caller.filled_us < 0) {
    caller.tokens = burst;
  } else {
    const double seconds = static_cast<double>(now_us - caller.filled_us) / 1e6;
    caller.tokens = std::min(burst, caller.tokens + seconds * policy.requests_per_s);
  }
  caller.filled_us = now_us;
  if (caller.tokens >= 1) {
    caller.tokens -= 1;
    return std::nullopt;
  }
  ++caller.refused;
  ++refused_;
  const double wait_ms = std::ceil((1 - caller.tokens) / policy.requests_per_s * 1000);
  return Refusal{ResourceExhausted("More than {:g} requests a second from {}",
                                   policy.requests_per_s, who.empty() ? "one caller" : who),
                 std::max<int64_t>(1, static_cast<int64_t>(wait_ms))};
}

std::optional<Refusal> CallerLimits::TakeRows(const std::string& who, int64_t rows,
                                              const EndpointPolicy& policy, int64_t now_ms) {
  if (policy.rows_per_day <= 0) return std::nullopt;
  const int64_t day = now_ms / kDayMs;
  std::lock_guard lock(mutex_);
  Caller& caller = Find(who);
  if (caller.day != day) {
    caller.day = day;
    caller.rows = 0;
  }
  if (rows > policy.rows_per_day - caller.rows) {
    ++caller.refused;
    ++refused_;
    return Refusal{ResourceExhausted("{} has {} of {} rows left today; the request has {}",
                                     who.empty() ? "The caller" : who,
                                     std::max<int64_t>(0, policy.rows_per_day - caller.rows),
                                     policy.rows_per_day, rows),
                   (day + 1) * kDayMs - now_ms};
  }
  caller.rows += rows;
  caller.is_changed = true;
  return std::nullopt;
}

std::vector<CallerUsage> CallerLimits::Usage(int64_t now_ms) const {
  std::vector<CallerUsage> usage;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [who, caller] : callers_) {
      const int64_t rows = caller.day == now_ms / kDayMs ? caller.rows : 0;
      if (rows > 0 || caller.refused > 0) usage.push_back({who, rows, caller.refused});
    }
  }
  std::sort(usage.begin(), usage.end(), [](const CallerUsage& a, const CallerUsage& b) {
    return std::tuple(b.rows, b.refused, a.caller) < std::tuple(a.rows, a.refused, b.caller);
  });
  return usage;
}

int64_t CallerLimits::refused() const {
  std::lock_guard lock(mutex_);
  return refused_;
}

void CallerLimits::Restore(const StoredRows& stored) {
  std::lock_guard lock(mutex_);
  Caller& caller = Find(stored.who);
  caller.day = stored.day;
  caller.rows = stored.rows;
}

std::vector<CallerLimits::StoredRows> CallerLimits::TakeChanged() {
  std::vector<StoredRows> changed;
  std::lock_guard lock(mutex_);
  for (auto& [who, caller] : callers_) {
    if (!caller.is_changed) continue;
    caller.is_changed = false;
    changed.push_back({who, caller.day, caller.rows});
  }
  return changed;
}

void CallerLimits::MarkChanged() {
  std::lock_guard lock(mutex_);
  for (auto& [who, caller] : callers_) caller.is_changed = caller.rows > 0;
}

}  // namespace millwright::serving

#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "serving/endpoint_policy.h"
#include "serving/predictor.h"

namespace millwright::serving {

inline constexpr int64_t kDayMs = 86'400'000;
// Callers of one endpoint that are remembered; of more, those are forgotten that came back last.
inline constexpr size_t kCallersMax = 10'000;

// Who is held to limits: each token for itself, "PRINCIPAL/TOKEN", and a principal where it calls
// by its password or nobody is asked who calls.
std::string CallerOf(const Origin& origin);

// What one caller has asked of an endpoint today, by UTC.
struct CallerUsage {
  std::string caller;
  int64_t rows = 0;
  int64_t refused = 0;  // requests, since this server started
};

// Holds the callers of one endpoint to its limits: a token bucket of requests and a quota of rows a
// day for each. Thread-safe.
class CallerLimits {
 public:
  // Takes a request out of the caller's bucket; where it has none, says when the next one fits.
  std::optional<Refusal> TakeRequest(const std::string& who, const EndpointPolicy& policy,
                                     int64_t now_us);
  // Takes rows out of the caller's quota of this day. When they are more than is left, none are
  // taken, and the time until midnight is said.
  std::optional<Refusal> TakeRows(const std::string& who, int64_t rows,
                                  const EndpointPolicy& policy, int64_t now_ms);

  // Who asked today or was refused, the busiest first.
  std::vector<CallerUsage> Usage(int64_t now_ms) const;
  int64_t refused() const;

  // Rows of a day, as they are stored.
  struct StoredRows {
    std::string who;
    int64_t day = 0;  // since 1970
    int64_t rows = 0;
  };
  void Restore(const StoredRows& stored);
  // Those that have changed since the last call.
  std::vector<StoredRows> TakeChanged();
  // Has all counts come with the next call again, when they could not be stored.
  void MarkChanged();

 private:
  struct Caller {
    double tokens = 0;
    int64_t filled_us = -1;  // when `tokens` was true; -1: never, the bucket is full
    int64_t day = 0;
    int64_t rows = 0;
    int64_t refused = 0;
    bool is_changed = false;
  };
  Caller& Find(const std::string& who);

  mutable std::mutex mutex_;
  std::map<std::string, Caller, std::less<>> callers_;
  int64_t refused_ = 0;
};

}  // namespace millwright::serving

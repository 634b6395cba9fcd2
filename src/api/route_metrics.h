#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/prometheus/histogram.h"

namespace millwright::api {

// Counts of one route: requests by status and a latency histogram. Recording is a few relaxed
// atomic additions; reading sees each number alone, not a moment of all.
class RouteMetrics {
 public:
  // Statuses outside of this table are counted as "other".
  static constexpr int kStatuses[] = {200, 201, 202, 204, 206, 301, 302, 304, 307, 308,
                                      400, 401, 403, 404, 405, 409, 411, 412, 413, 415,
                                      416, 422, 429, 499, 500, 501, 502, 503, 504};

  void Record(int status, int64_t latency_us);
  uint64_t count() const { return latency_.count(); }

  // Append the samples; `labels` is `route="…",method="…"`.
  void AppendRequests(std::string_view labels, std::string* out) const;
  void AppendSeconds(std::string_view labels, std::string* out) const;

 private:
  std::array<std::atomic<uint64_t>, std::size(kStatuses) + 1> by_status_{};
  prometheus::DurationHistogram latency_;
};

}  // namespace millwright::api

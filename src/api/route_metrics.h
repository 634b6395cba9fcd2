#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace millwright::api {

// Counts of one route: requests by status and a latency histogram. Recording is a few relaxed
// atomic additions; reading sees each number alone, not a moment of all.
class RouteMetrics {
 public:
  // Statuses outside of this table are counted as "other".
  static constexpr int kStatuses[] = {200, 201, 202, 204, 206, 301, 302, 304, 307, 308,
                                      400, 401, 403, 404, 405, 409, 411, 412, 413, 415,
                                      416, 422, 429, 499, 500, 501, 502, 503, 504};
  // Upper bounds of the buckets in microseconds.
  static constexpr int64_t kBounds[] = {
      100,    250,     500,     1'000,   2'500,     5'000,     10'000,    25'000,
      50'000, 100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000};

  void Record(int status, int64_t latency_us);
  uint64_t count() const;

  // Append the samples; `labels` is `route="…",method="…"`.
  void AppendRequests(std::string_view labels, std::string* out) const;
  void AppendSeconds(std::string_view labels, std::string* out) const;

 private:
  std::array<std::atomic<uint64_t>, std::size(kStatuses) + 1> by_status_{};
  std::array<std::atomic<uint64_t>, std::size(kBounds) + 1> buckets_{};
  std::atomic<int64_t> sum_us_ = 0;
};

}  // namespace millwright::api

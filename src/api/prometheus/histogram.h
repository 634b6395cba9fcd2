#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace millwright::api::prometheus {

// A histogram of durations. Recording is two relaxed atomic additions; reading sees each number
// alone, not a moment of all.
class DurationHistogram {
 public:
  // Upper bounds of the buckets in microseconds.
  static constexpr int64_t kBounds[] = {
      100,    250,     500,     1'000,   2'500,     5'000,     10'000,    25'000,
      50'000, 100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000};

  void Record(int64_t us);
  uint64_t count() const;
  // Appends buckets, sum and count in seconds under a metric's name.
  void Append(std::string_view name, std::string_view labels, std::string* out) const;

 private:
  std::array<std::atomic<uint64_t>, std::size(kBounds) + 1> buckets_{};
  std::atomic<int64_t> sum_us_ = 0;
};

}  // namespace millwright::api::prometheus

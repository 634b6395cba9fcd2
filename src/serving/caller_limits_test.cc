#include "serving/caller_limits.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace millwright::serving {
namespace {

constexpr int64_t kSecondUs = 1'000'000;
constexpr int64_t kNoonMs = 20'000 * kDayMs + kDayMs / 2;

// When to come again, 0 when the request was let in.
int64_t Take(CallerLimits& limits, const std::string& who, const EndpointPolicy& policy,
             int64_t now_us) {
  const auto refusal = limits.TakeRequest(who, policy, now_us);
  return refusal ? refusal->retry_after_ms : 0;
}

std::string TakeRows(CallerLimits& limits, const std::string& who, int64_t rows,
                     const EndpointPolicy& policy, int64_t now_ms) {
  const auto refusal = limits.TakeRows(who, rows, policy, now_ms);
  if (!refusal) return "";
  return fmt::format("{} ({} ms)", refusal->error.message(), refusal->retry_after_ms);
}

TEST(CallerLimits, ABucketLetsABurstInAndThenItsRate) {
  CallerLimits limits;
  const EndpointPolicy policy{.requests_per_s = 2, .burst = 3};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Take(limits, "ada", policy, kSecondUs), 0);
  EXPECT_EQ(Take(limits, "ada", policy, kSecondUs), 500);
  EXPECT_EQ(Take(limits, "ada", policy, kSecondUs + 400'000), 100);
  EXPECT_EQ(Take(limits, "ada", policy, kSecondUs + 500'000), 0);
  EXPECT_EQ(Take(limits, "ada", policy, kSecondUs + 500'000), 500);
  EXPECT_EQ(limits.refused(), 3);
}

TEST(CallerLimits, CallersDoNotShareABucket) {
  CallerLimits limits;
  const EndpointPolicy policy{.requests_per_s = 1};
  EXPECT_EQ(Take(limits, "ada", policy, 0), 0);
  EXPECT_NE(Take(limits, "ada", policy, 0), 0);
  EXPECT_EQ(Take(limits, "bob", policy, 0), 0);
}

TEST(CallerLimits, ALongPauseFillsTheBucketNoFurtherThanItsBurst) {
  CallerLimits limits;
  const EndpointPolicy policy{.requests_per_s = 10, .burst = 2};
  EXPECT_EQ(Take(limits, "ada", policy, 0), 0);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Take(limits, "ada", policy, 3600 * kSecondUs), 0);
  EXPECT_NE(Take(limits, "ada", policy, 3600 * kSecondUs), 0);
}

TEST(CallerLimits, RowsAreCountedByTheDay) {
  CallerLimits limits;
  const EndpointPolicy policy{.rows_per_day = 100};
  EXPECT_EQ(TakeRows(limits, "ada", 90, policy, kNoonMs), "");
  EXPECT_EQ(TakeRows(limits, "ada", 11, policy, kNoonMs),
            "ada has 10 of 100 rows left today; the request has 11 (43200000 ms)");
  EXPECT_EQ(TakeRows(limits, "ada", 10, policy, kNoonMs), "");
  EXPECT_EQ(TakeRows(limits, "ada", 100, policy, kNoonMs + kDayMs / 2), "");
  const auto usage = limits.Usage(kNoonMs + kDayMs / 2);
  ASSERT_EQ(usage.size(), 1u);
  EXPECT_EQ(usage[0].rows, 100);
  EXPECT_EQ(usage[0].refused, 1);
}

TEST(CallerLimits, WhatWasStoredCounts) {
  CallerLimits limits;
  const EndpointPolicy policy{.rows_per_day = 100};
  limits.Restore({"ada", kNoonMs / kDayMs, 95});
  EXPECT_TRUE(limits.TakeChanged().empty());
  EXPECT_NE(TakeRows(limits, "ada", 6, policy, kNoonMs), "");
  EXPECT_EQ(TakeRows(limits, "ada", 5, policy, kNoonMs), "");
  const auto changed = limits.TakeChanged();
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(changed[0].rows, 100);
  EXPECT_TRUE(limits.TakeChanged().empty());
}

TEST(CallerLimits, ForgetsCallersRatherThanGrow) {
  CallerLimits limits;
  const EndpointPolicy policy{.requests_per_s = 1};
  for (size_t i = 0; i < kCallersMax + 10; ++i) {
    EXPECT_EQ(Take(limits, std::to_string(i), policy, static_cast<int64_t>(i)), 0);
  }
  EXPECT_NE(Take(limits, std::to_string(kCallersMax + 9), policy, kCallersMax + 9), 0);
}

}  // namespace
}  // namespace millwright::serving

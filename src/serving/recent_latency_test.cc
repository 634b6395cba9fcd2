#include "serving/recent_latency.h"

#include <gtest/gtest.h>

namespace millwright::serving {
namespace {

TEST(RecentLatency, IsRightToATenth) {
  for (const int64_t us : {1, 9, 63, 64, 100, 999, 12'345, 5'000'000}) {
    RecentLatency latency;
    for (uint32_t i = 0; i < RecentLatency::kSamplesMin; ++i) latency.Add(us);
    EXPECT_NEAR(static_cast<double>(latency.p95_us()), static_cast<double>(us),
                static_cast<double>(us) * 0.1);
    EXPECT_EQ(latency.p95_us(), latency.median_us());
  }
}

TEST(RecentLatency, TellsTheTailFromTheMiddle) {
  RecentLatency latency;
  for (int i = 0; i < 1280; ++i) latency.Add(i % 10 == 0 ? 10'000 : 100);
  EXPECT_NEAR(static_cast<double>(latency.median_us()), 100, 10);
  EXPECT_NEAR(static_cast<double>(latency.p95_us()), 10'000, 1000);
}

TEST(RecentLatency, SaysNothingOfAFewRequests) {
  RecentLatency latency;
  for (uint32_t i = 0; i + 1 < RecentLatency::kSamplesMin; ++i) latency.Add(100);
  EXPECT_EQ(latency.p95_us(), 0);
}

TEST(RecentLatency, FollowsTheTraffic) {
  RecentLatency latency;
  for (int i = 0; i < 100'000; ++i) latency.Add(10'000);
  for (int i = 0; i < 8'000; ++i) latency.Add(100);
  EXPECT_NEAR(static_cast<double>(latency.median_us()), 100, 10);
}

}  // namespace
}  // namespace millwright::serving

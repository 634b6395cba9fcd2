#include "serving/traffic.h"

#include <gtest/gtest.h>

namespace millwright::serving {
namespace {

TEST(TrafficRing, CountsBySlotWithoutGaps) {
  TrafficRing ring;
  const int64_t start = 1000 * TrafficRing::kSlotMs;
  for (int i = 0; i < 98; ++i) ring.Add(start + 1, 1000, false);
  ring.Add(start + 1, 50'000, true);
  ring.Add(start + 1, 50'000, true);
  ring.Add(start + 2 * TrafficRing::kSlotMs, 2000, false);
  const auto buckets = ring.Newest(start + 2 * TrafficRing::kSlotMs, 4);
  ASSERT_EQ(buckets.size(), 4u);
  EXPECT_EQ(buckets[0].start_ms, start - TrafficRing::kSlotMs);
  EXPECT_EQ(buckets[0].requests, 0);
  EXPECT_FALSE(buckets[0].p50_ms);
  EXPECT_EQ(buckets[1].requests, 100);
  EXPECT_EQ(buckets[1].errors, 2);
  EXPECT_NEAR(*buckets[1].p50_ms, 1, 0.09);
  EXPECT_NEAR(*buckets[1].p99_ms, 50, 4.5);
  EXPECT_EQ(buckets[2].requests, 0);
  EXPECT_EQ(buckets[3].requests, 1);
}

TEST(TrafficRing, ASlotOfAnHourAgoIsForgotten) {
  TrafficRing ring;
  const int64_t round = TrafficRing::kSlotMs * static_cast<int64_t>(TrafficRing::kSlots);
  ring.Add(round, 1000, false);
  EXPECT_EQ(ring.Newest(2 * round, 1)[0].requests, 0);
}

TEST(LatencyHistogram, BucketsAreCumulativeAndEndInclusive) {
  LatencyHistogram histogram;
  histogram.Add(100, false);  // = 0.0001 s, the first bound
  histogram.Add(101, false);
  histogram.Add(60'000'000, true);  // beyond the last bound
  const auto counts = histogram.Cumulative();
  EXPECT_EQ(counts.front(), 1);
  EXPECT_EQ(counts[1], 2);
  EXPECT_EQ(counts.back(), 2);
  EXPECT_EQ(histogram.requests(), 3);
  EXPECT_EQ(histogram.errors(), 1);
}

}  // namespace
}  // namespace millwright::serving

#include "monitoring/event_pairs.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "monitoring/prediction_reader.h"

namespace millwright::monitoring {
namespace {

constexpr int64_t kNow = 1'000'000'000'000;

class EventPairsTest : public ::testing::Test {
 protected:
  EventHalf Half(const std::string& id, std::vector<NamedValues> rows, int64_t after_ms = 0) {
    return {.endpoint = "shop", .id = id, .time_ms = kNow + after_ms, .rows = std::move(rows)};
  }
  std::vector<KnownPrediction> Read() {
    log_.Flush();
    auto rows = reader_.Recent("shop", 100);
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return rows;
  }

  TempDir dir_;
  ManualClock clock_{kNow};
  PredictionLog log_{dir_.path(), clock_};
  PredictionReader reader_{log_};
};

TEST_F(EventPairsTest, HalvesMeetInEitherOrderAndRowsAreNumbered) {
  EventPairs pairs(log_, clock_);
  pairs.AddRequest(Half("a", {{{"x", 1.0}}}));
  pairs.AddAnswer(Half("b", {{{"y", 1.0}}, {{"y", 2.0}}}, 7));
  EXPECT_EQ(pairs.waiting(), 2u);
  pairs.AddAnswer(Half("a", {{{"y", 0.5}}}, 12));
  pairs.AddRequest(Half("b", {{{"x", 3.0}}, {{"x", 4.0}}}));
  EXPECT_EQ(pairs.waiting(), 0u);
  const auto rows = Read();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].id, "a");
  EXPECT_EQ(rows[0].latency_us, 12'000);
  EXPECT_EQ(rows[2].id, "b/1");
  EXPECT_EQ(rows[2].inputs, (NamedValues{{"x", 4.0}}));
  EXPECT_EQ(rows[2].outputs, (NamedValues{{"y", 2.0}}));
}

TEST_F(EventPairsTest, AHalfThatStaysAloneIsWrittenAfterAMinuteOrAtTheEnd) {
  {
    EventPairs pairs(log_, clock_);
    pairs.AddRequest(Half("a", {{{"x", 1.0}}}));
    pairs.AddRequest(Half("a", {{{"x", 1.0}}}));  // sent again
    clock_.Advance(kEventHalfWaitMs - 1);
    pairs.WriteStale();
    EXPECT_EQ(pairs.waiting(), 1u);
    clock_.Advance(1);
    pairs.WriteStale();
    EXPECT_EQ(pairs.waiting(), 0u);
    pairs.AddAnswer(Half("b", {{{"y", 1.0}}}));
  }
  const auto rows = Read();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].error, "no answer was logged");
  EXPECT_EQ(rows[1].error, "");
  EXPECT_TRUE(rows[1].inputs.empty());
}

}  // namespace
}  // namespace millwright::monitoring

#include "tracking/metric_codec.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>

#include "base/error.h"

namespace millwright::tracking {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Points with everything that a value, a step and a time can be.
std::vector<MetricPoint> OddPoints() {
  std::vector<MetricPoint> points;
  for (const int64_t time : {int64_t{0}, int64_t{1}, kMax}) {
    for (const int64_t step : {kMin, int64_t{-1}, int64_t{0}, kMax}) {
      for (const double value : {-kInfinity, -1e308, 5e-324, 0.1, kInfinity}) {
        points.push_back({time, step, value});
      }
    }
  }
  points.push_back({kMax, kMax, kNan});
  SortOnce(&points);
  return points;
}

// Compares bit by bit, so that NaN and infinities count.
void ExpectSame(const std::vector<MetricPoint>& a, const std::vector<MetricPoint>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].timestamp_ms, b[i].timestamp_ms) << i;
    EXPECT_EQ(a[i].step, b[i].step) << i;
    EXPECT_EQ(std::bit_cast<uint64_t>(a[i].value), std::bit_cast<uint64_t>(b[i].value)) << i;
  }
}

// Decodes bytes that may be damaged: whatever comes, it is points or an Error.
template <typename Decode>
void DecodeDamaged(const std::string& whole, Decode decode) {
  const auto attempt = [&](const std::string& bytes) {
    try {
      decode(bytes);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInternal);
    }
  };
  for (size_t size = 0; size < whole.size(); ++size) attempt(whole.substr(0, size));
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = whole;
    for (int i = 0; i < 1 + round % 4; ++i) {
      // Most blows go to the head, where the counts are.
      const size_t reach = round % 2 == 0 ? std::min<size_t>(bytes.size(), 24) : bytes.size();
      bytes[random() % reach] = static_cast<char>(random());
    }
    attempt(bytes);
  }
}

TEST(MetricCodec, BringsBackEveryPartBitByBit) {
  ExpectSame(DecodePart(EncodePart(OddPoints())), OddPoints());
  std::mt19937_64 random(1);
  std::vector<MetricPoint> points(kPartPointsMax);
  for (auto& point : points) {
    point = {static_cast<int64_t>(random() >> 1), static_cast<int64_t>(random()),
             Canonical(std::bit_cast<double>(random()))};
  }
  SortOnce(&points);
  ExpectSame(DecodePart(EncodePart(points)), points);
}

TEST(MetricCodec, BringsBackEveryAppendWithItsKeys) {
  std::vector<Metric> metrics;
  const std::vector<std::string> keys = {"loss", "größe", "a/b"};
  for (const auto& point : OddPoints()) {
    metrics.push_back({keys[metrics.size() * 7 % 3], point.value, point.timestamp_ms, point.step});
  }
  const std::string bytes = EncodeAppend(metrics);
  const AppendedPoints back = DecodeAppend(bytes);
  ASSERT_EQ(back.points.size(), metrics.size());
  for (size_t i = 0; i < metrics.size(); ++i) {
    EXPECT_EQ(back.keys[back.key_of[i]], metrics[i].key);
  }
  ExpectSame(back.points, OddPoints());
}

TEST(MetricCodec, TakesFewBytesForWhatLoggersSend) {
  std::vector<Metric> metrics;
  std::vector<MetricPoint> points;
  for (int i = 0; i < 1000; ++i) {
    metrics.push_back({"loss", 1.0 / (i + 1), 1'700'000'000'000 + i * 50, i});
    points.push_back({metrics[i].timestamp_ms, i, metrics[i].value});
  }
  EXPECT_LT(EncodeAppend(metrics).size(), 11'100U);
  EXPECT_LT(EncodePart(points).size(), 8'000U);
}

TEST(MetricCodec, MakesAnErrorOfDamagedBytes) {
  std::vector<Metric> metrics;
  for (int i = 0; i < 50; ++i) metrics.push_back({i % 2 ? "a" : "b", i * 0.1, i, i});
  DecodeDamaged(EncodeAppend(metrics), [](const std::string& bytes) { DecodeAppend(bytes); });
  DecodeDamaged(EncodePart(OddPoints()), [](const std::string& bytes) { DecodePart(bytes); });
}

TEST(MetricCodec, SeesThatAPartWasChanged) {
  std::string bytes = EncodePart(OddPoints());
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  EXPECT_THROW(DecodePart(bytes), Error);
}

}  // namespace
}  // namespace millwright::tracking

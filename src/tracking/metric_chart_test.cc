#include "tracking/metric_chart.h"

#include <limits>
#include <random>

#include "base/error.h"
#include "storage/test_database.h"
#include "tracking/experiment_store.h"
#include "tracking/metric_compactor.h"
#include "tracking/metric_segment.h"
#include "tracking/run_store.h"

namespace millwright::tracking {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// A point with its place on the axis of a chart.
struct Placed {
  int64_t x = 0;
  MetricPoint point;
};

class MetricChartTest : public storage::DatabaseTest {
 protected:
  RunId NewRun(int64_t start_ms = 0) {
    return runs_
        .Create({.experiment_id = ExperimentId("0"), .name = "r", .start_ms = start_ms}, "ada")
        .info.id;
  }
  void Log(const RunId& run, const std::vector<MetricPoint>& points, const std::string& key = "m") {
    for (size_t start = 0; start < points.size(); start += 1000) {
      Batch batch;
      for (size_t i = start; i < std::min(points.size(), start + 1000); ++i) {
        batch.metrics.push_back({key, points[i].value, points[i].timestamp_ms, points[i].step});
      }
      runs_.LogBatch(run, batch);
    }
  }
  void CompactAll() { MetricCompactor(db(), clock_, {.waiting_points = 1}).CompactDue(); }
  std::vector<ChartBucket> Draw(const ChartRequest& request) {
    const Chart chart = charts_.Read(request);
    return chart.series.empty() ? std::vector<ChartBucket>() : chart.series.at(0).buckets;
  }

  ManualClock clock_{1000};
  events::EventLog events_{db(), clock_};
  ExperimentStore experiments_{db(), events_, clock_, {}};
  RunStore runs_{db(), events_, clock_};
  ChartReader charts_{db()};
};

// What a bucket of these points must be.
ChartBucket Expected(const std::vector<Placed>& points) {
  ChartBucket bucket{.from = points.front().x, .to = points.back().x};
  for (const auto& [x, point] : points) {
    if (std::isnan(point.value)) {
      bucket.has_nan = true;
    } else if (std::isinf(point.value)) {
      (point.value > 0 ? bucket.has_positive_infinity : bucket.has_negative_infinity) = true;
    } else {
      if (!bucket.has_finite) bucket.first = bucket.min = bucket.max = point.value;
      bucket.has_finite = true;
      bucket.last = point.value;
      bucket.min = std::min(bucket.min, point.value);
      bucket.max = std::max(bucket.max, point.value);
    }
  }
  return bucket;
}

void ExpectSame(const ChartBucket& a, const ChartBucket& b) {
  EXPECT_EQ(a.from, b.from);
  EXPECT_EQ(a.to, b.to);
  EXPECT_EQ(a.has_finite, b.has_finite);
  EXPECT_EQ(a.has_nan, b.has_nan);
  EXPECT_EQ(a.has_positive_infinity, b.has_positive_infinity);
  EXPECT_EQ(a.has_negative_infinity, b.has_negative_infinity);
  if (!a.has_finite || !b.has_finite) return;
  EXPECT_EQ(a.first, b.first);
  EXPECT_EQ(a.min, b.min);
  EXPECT_EQ(a.max, b.max);
  EXPECT_EQ(a.last, b.last);
}

// Checks a chart of points whose x grows from one to the next: the buckets cut them into stretches,
// each exact, none longer than a pixel beyond its own.
void ExpectExact(const std::vector<ChartBucket>& buckets, const std::vector<Placed>& points,
                 Range range, int64_t width) {
  EXPECT_LE(buckets.size(), static_cast<size_t>(width));
  const double pixel = (static_cast<double>(range.to) - static_cast<double>(range.from) + 1) /
                       static_cast<double>(width);
  size_t next = 0;
  while (next < points.size() && points[next].x < range.from) ++next;
  for (const auto& bucket : buckets) {
    std::vector<Placed> within;
    while (next < points.size() && points[next].x <= std::min(bucket.to, range.to)) {
      within.push_back(points[next++]);
    }
    ASSERT_FALSE(within.empty()) << bucket.from;
    ExpectSame(bucket, Expected(within));
    EXPECT_LE(static_cast<double>(bucket.to) - static_cast<double>(bucket.from), 2 * pixel);
  }
  while (next < points.size() && points[next].x > range.to) ++next;
  EXPECT_EQ(next, points.size()) << "points are missing";
}

std::vector<Placed> Place(const std::vector<MetricPoint>& points, ChartAxis axis,
                          int64_t start_ms) {
  std::vector<Placed> placed;
  for (const auto& point : points) {
    const int64_t x = axis == ChartAxis::kStep   ? point.step
                      : axis == ChartAxis::kTime ? point.timestamp_ms
                                                 : point.timestamp_ms - start_ms;
    placed.push_back({x, point});
  }
  return placed;
}

TEST_P(MetricChartTest, IsExactAtEveryZoomOnEveryAxis) {
  std::mt19937 random(5);
  const auto below = [&](int64_t limit) { return static_cast<int64_t>(random() % limit); };
  constexpr int64_t kStartMs = 5000;
  const RunId run = NewRun(kStartMs);
  std::vector<MetricPoint> points;
  int64_t time_ms = 10'000;
  int64_t step = 0;
  for (int i = 0; i < 100'000; ++i) {
    time_ms += 1 + below(20);
    step += 1 + (below(1000) == 0 ? below(5000) : below(3));
    const int64_t odd = below(5000);
    const double value = odd == 0   ? kNan
                         : odd == 1 ? kInfinity
                         : odd == 2 ? -kInfinity
                                    : static_cast<double>(below(1'000'000)) * 0.001;
    points.push_back({time_ms, step, value});
  }
  const size_t compacted = 95'000;
  Log(run, {points.begin(), points.begin() + compacted});
  CompactAll();
  Log(run, {points.begin() + compacted, points.end()});
  for (int round = 0; round < 60; ++round) {
    const auto axis = static_cast<ChartAxis>(below(3));
    const std::vector<Placed> placed = Place(points, axis, kStartMs);
    ChartRequest request{.runs = {run}, .keys = {"m"}, .axis = axis, .width = 1 + below(700)};
    Range range{placed.front().x, placed.back().x};
    if (round % 4 != 0) {
      // From the whole to a few points; sometimes beyond the ends.
      const int64_t span = (range.to - range.from) >> below(16);
      range.from += below(range.to - range.from) - 100;
      range.to = range.from + span;
      request.from = range.from;
      request.to = range.to;
    }
    ExpectExact(Draw(request), placed, range, request.width);
    ASSERT_FALSE(HasFailure()) << "round " << round;
  }
}

// A resumed run goes back to an earlier step and logs some steps again.
TEST_P(MetricChartTest, DrawsWhatARepeatedStretchOfStepsHolds) {
  const RunId run = NewRun();
  std::vector<MetricPoint> points;
  for (int64_t i = 0; i < 30'000; ++i) points.push_back({i, i, static_cast<double>(i % 100)});
  for (int64_t i = 0; i < 30'000; ++i) {
    points.push_back({30'000 + i, 20'000 + i, i == 777 ? 1e6 : static_cast<double>(i % 50)});
  }
  Log(run, points);
  for (int round = 0; round < 2; ++round) {
    const auto buckets = Draw({.runs = {run}, .keys = {"m"}, .width = 50});
    ASSERT_EQ(buckets.size(), 50U);
    EXPECT_EQ(buckets.front().first, 0);
    EXPECT_EQ(buckets.back().last, static_cast<double>(29'999 % 50));
    for (const auto& bucket : buckets) {
      const bool has_peak = bucket.from <= 20'777 && bucket.to >= 20'777;
      EXPECT_EQ(bucket.max, has_peak ? 1e6 : bucket.from < 30'000 ? 99 : 49) << bucket.from;
      EXPECT_LE(bucket.to - bucket.from, 2000);
    }
    const auto zoomed =
        Draw({.runs = {run}, .keys = {"m"}, .from = 20'776, .to = 20'778, .width = 50});
    ASSERT_EQ(zoomed.size(), 3U);
    EXPECT_EQ(zoomed[1].min, 77);
    EXPECT_EQ(zoomed[1].max, 1e6);
    EXPECT_EQ(zoomed[1].first, 77);  // the first that came
    EXPECT_EQ(zoomed[1].last, 1e6);
    CompactAll();
  }
}

TEST_P(MetricChartTest, SharesOneRangeAmongAllLines) {
  const RunId a = NewRun();
  const RunId b = NewRun();
  Log(a, {{10, 0, 1}, {11, 1, 2}}, "loss");
  Log(a, {{12, 5, 3}}, "auc");
  CompactAll();
  Log(b, {{20, -7, 4}}, "loss");
  const Chart chart = charts_.Read(
      {.runs = {a, b, RunId("unknown")}, .keys = {"loss", "auc", "other"}, .width = 10});
  EXPECT_EQ(chart.from, -7);
  EXPECT_EQ(chart.to, 5);
  ASSERT_EQ(chart.series.size(), 3U);
  EXPECT_EQ(chart.series[0].run, a);
  EXPECT_EQ(chart.series[0].buckets.size(), 2U);
  EXPECT_EQ(chart.series[1].key, "auc");
  EXPECT_EQ(chart.series[2].run, b);
  EXPECT_TRUE(charts_.Read({.runs = {a}, .keys = {"other"}}).series.empty());
}

TEST_P(MetricChartTest, DrawsTheEndsOfWhatANumberCanBe) {
  const RunId run = NewRun();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  Log(run, {{0, kMin, 1}, {1, 0, 2}, {kMax, kMax, 3}});
  for (int round = 0; round < 2; ++round) {
    for (const auto axis : {ChartAxis::kStep, ChartAxis::kTime, ChartAxis::kRelativeTime}) {
      const auto buckets = Draw({.runs = {run}, .keys = {"m"}, .axis = axis, .width = 3});
      ASSERT_FALSE(buckets.empty());
      EXPECT_EQ(buckets.front().first, 1);
      EXPECT_EQ(buckets.back().last, 3);
    }
    CompactAll();
  }
}

TEST_P(MetricChartTest, RefusesMoreThanAChartHolds) {
  const auto refused = [&](const ChartRequest& request, const std::string& field) {
    try {
      charts_.Read(request);
      return false;
    } catch (const Error& error) {
      return error.code() == Code::kInvalidArgument && error.field() == field;
    }
  };
  const std::vector<RunId> runs(100, RunId("r"));
  EXPECT_TRUE(refused({.runs = runs, .keys = std::vector<std::string>(11, "m")}, "runs"));
  EXPECT_TRUE(refused({.runs = runs, .keys = {"m"}, .width = 0}, "width"));
  EXPECT_TRUE(refused({.runs = runs, .keys = {"m"}, .width = kChartWidthMax + 1}, "width"));
  EXPECT_TRUE(refused({.runs = runs, .keys = {"m"}, .width = 5001}, "width"));
  EXPECT_TRUE(refused({.runs = runs, .keys = {"m"}, .from = 2, .to = 1}, "from"));
  EXPECT_FALSE(refused({.runs = runs, .keys = {"m"}, .width = 5000}, "width"));
}

MILLWRIGHT_ON_BOTH_DATABASES(MetricChartTest);

TEST(MetricCells, MakesAnErrorOfDamagedBytes) {
  const std::vector<MetricPoint> points = {{1, 1, 1}, {2, 2, 2}, {3, 1, kNan}};
  const auto cells = Summarize(points, 2);
  const std::string bytes = EncodeCells(cells);
  EXPECT_EQ(DecodeCells(bytes), cells);
  EXPECT_THROW(DecodeCells(""), Error);
  EXPECT_THROW(DecodeCells(bytes.substr(0, bytes.size() - 1)), Error);
  EXPECT_THROW(DecodeCells("x" + bytes.substr(1)), Error);
}

}  // namespace
}  // namespace millwright::tracking

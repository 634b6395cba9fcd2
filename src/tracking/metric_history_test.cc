#include "tracking/metric_history.h"

#include <limits>
#include <random>
#include <set>

#include "base/error.h"
#include "storage/test_database.h"
#include "tracking/experiment_store.h"
#include "tracking/metric_compactor.h"
#include "tracking/run_store.h"

namespace millwright::tracking {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<MetricPoint> InOrder(const std::set<MetricPoint>& points) {
  return {points.begin(), points.end()};
}

class MetricHistoryTest : public storage::DatabaseTest {
 protected:
  RunId NewRun() {
    return runs_.Create({.experiment_id = ExperimentId("0"), .name = "r"}, "ada").info.id;
  }
  // Compacts whatever waits, in steps of a few points.
  void CompactAll() {
    MetricCompactor compactor(db(), clock_,
                              {.waiting_points = 1, .waiting_ms = 0, .points_max = 1});
    compactor.CompactDue();
  }
  std::vector<MetricPoint> Whole(const RunId& run, const std::string& key, int64_t page_size) {
    std::vector<MetricPoint> points;
    std::optional<MetricPoint> after;
    do {
      const HistoryPage page = history_.Page(run, key, page_size, after);
      points.insert(points.end(), page.points.begin(), page.points.end());
      after = page.next_after;
      EXPECT_LE(page.points.size(), static_cast<size_t>(page_size));
    } while (after);
    return points;
  }

  ManualClock clock_{1000};
  events::EventLog events_{db(), clock_};
  ExperimentStore experiments_{db(), events_, clock_, {}};
  RunStore runs_{db(), events_, clock_};
  MetricHistory history_{db()};
};

TEST_P(MetricHistoryTest, KeepsEveryPointOnceWhateverItsValue) {
  const RunId run = NewRun();
  const std::vector<MetricPoint> expected = {{1, 0, 1},    {2, 0, -kInfinity}, {2, 0, 0},
                                             {2, 0, kNan}, {2, 0, 2},          {4, 0, kInfinity}};
  for (int round = 0; round < 3; ++round) {
    runs_.LogBatch(run, {.metrics = {{"m", 2, 2, 0},
                                     {"m", -0.0, 2, 0},
                                     {"m", 0.0, 2, 0},
                                     {"m", 1, 1, 0},
                                     {"m", kNan, 2, 0},
                                     {"m", -kNan, 2, 0},
                                     {"m", -kInfinity, 2, 0},
                                     {"m", kInfinity, 4, 0}}});
    EXPECT_EQ(Whole(run, "m", 2), expected) << round;
    CompactAll();
    EXPECT_EQ(Whole(run, "m", 2), expected) << round;
    EXPECT_EQ(Whole(run, "m", 100), expected) << round;
  }
}

TEST_P(MetricHistoryTest, TakesInfinitiesForTheGreatestNumbersInWhatIsLatest) {
  const RunId run = NewRun();
  runs_.LogBatch(run, {.metrics = {{"m", kInfinity, 1, 1}, {"n", -kInfinity, 1, 1}}});
  constexpr double kMax = std::numeric_limits<double>::max();
  EXPECT_EQ(runs_.Get(run).metrics, (std::vector<Metric>{{"m", kMax, 1, 1}, {"n", -kMax, 1, 1}}));
}

TEST_P(MetricHistoryTest, RaisesTheLatestOfManyKeysAtOnce) {
  const RunId run = NewRun();
  constexpr int kKeys = 40;
  for (const int64_t step : {5, 9, 7}) {
    Batch batch;
    for (int key = 0; key < kKeys; ++key) {
      batch.metrics.push_back({"k" + std::to_string(key), step * 1.0 + key, 1, step});
    }
    runs_.LogBatch(run, batch);
  }
  const auto metrics = runs_.Get(run).metrics;
  ASSERT_EQ(metrics.size(), static_cast<size_t>(kKeys));
  for (const auto& metric : metrics) {
    EXPECT_EQ(metric.step, 9) << metric.key;
    EXPECT_EQ(metric.value, 9.0 + std::stoi(metric.key.substr(1))) << metric.key;
  }
}

TEST_P(MetricHistoryTest, IsEmptyForWhatIsNotThere) {
  const RunId run = NewRun();
  runs_.LogMetric(run, {"m", 1, 1, 0});
  EXPECT_TRUE(history_.Page(run, "n", 10).points.empty());
  EXPECT_TRUE(history_.Page(RunId("unknown"), "m", 10).points.empty());
}

TEST_P(MetricHistoryTest, KeepsRunsAndKeysApart) {
  const RunId a = NewRun();
  const RunId b = NewRun();
  for (int i = 0; i < 2; ++i) {
    runs_.LogBatch(a, {.metrics = {{"m", 1, 1, i}, {"mm", 2, 1, i}}});
    runs_.LogBatch(b, {.metrics = {{"m", 3, 1, i}}});
    CompactAll();
  }
  EXPECT_EQ(Whole(a, "m", 9), (std::vector<MetricPoint>{{1, 0, 1}, {1, 1, 1}}));
  EXPECT_EQ(Whole(a, "mm", 9), (std::vector<MetricPoint>{{1, 0, 2}, {1, 1, 2}}));
  EXPECT_EQ(Whole(b, "m", 9), (std::vector<MetricPoint>{{1, 0, 3}, {1, 1, 3}}));
}

// Whatever is logged in whatever order, repeated, compacted or not: pages of any size hold what a
// set of points holds.
TEST_P(MetricHistoryTest, EqualsASetOfPoints) {
  std::mt19937 random(11);
  const auto below = [&](int limit) { return static_cast<int>(random() % limit); };
  const double values[] = {0, 1, -1, 0.5, kNan, kInfinity, -kInfinity};
  const RunId run = NewRun();
  std::map<std::string, std::set<MetricPoint>> model;
  for (int round = 0; round < 60; ++round) {
    Batch batch;
    // Some rounds go on in order, as training does; others come late or repeat.
    const int start = below(3) == 0 ? below(2000) : round * 30;
    for (int i = below(200); i >= 0; --i) {
      Metric metric{below(2) == 0 ? "a" : "b", values[below(7)], start + i / 3, below(4)};
      model[metric.key].insert({metric.timestamp_ms, metric.step, Canonical(metric.value)});
      batch.metrics.push_back(std::move(metric));
    }
    runs_.LogBatch(run, batch);
    if (below(4) == 0) CompactAll();
    for (const auto& [key, points] : model) {
      ASSERT_EQ(Whole(run, key, 1 + below(500)), InOrder(points)) << "round " << round;
    }
  }
}

TEST_P(MetricHistoryTest, GoesThroughALongHistoryPageByPage) {
  const RunId run = NewRun();
  std::set<MetricPoint> model;
  constexpr int kPoints = 150'000;  // more than two segments
  for (int start = 0; start < kPoints; start += 1000) {
    Batch batch;
    for (int i = start; i < start + 1000; ++i) {
      batch.metrics.push_back({"m", i * 0.1, i * 7, i});
      model.insert({i * 7, i, i * 0.1});
    }
    runs_.LogBatch(run, batch);
    if (start % 40'000 == 0) CompactAll();
  }
  // Late ones, within and before what is compacted.
  Batch late;
  for (int i = 0; i < 500; ++i) {
    late.metrics.push_back({"m", 1.5, i * 2001 + 1, -i});
    model.insert({i * 2001 + 1, -i, 1.5});
  }
  runs_.LogBatch(run, late);
  EXPECT_EQ(Whole(run, "m", 25'000), InOrder(model));
  CompactAll();
  EXPECT_EQ(Whole(run, "m", 24'999), InOrder(model));
}

TEST_P(MetricHistoryTest, SamplesStepsOfAllRunsWithFirstAndLastKept) {
  const RunId a = NewRun();
  const RunId b = NewRun();
  Batch batch;
  for (int step = 0; step < 100; ++step) batch.metrics.push_back({"m", step * 1.0, step, step});
  runs_.LogBatch(a, batch);
  runs_.LogBatch(b, {.metrics = {{"m", 7, 9, 33}, {"m", 8, 9, 50}, {"m", 9, 9, 51}}});
  const auto steps_of = [](const std::vector<MetricPoint>& points) {
    std::vector<int64_t> steps;
    for (const auto& point : points) steps.push_back(point.step);
    return steps;
  };
  for (int round = 0; round < 2; ++round) {
    const auto result = history_.Interval({.runs = {a, b}, .key = "m", .points_max = 4});
    ASSERT_EQ(result.size(), 2U);
    EXPECT_EQ(steps_of(result[0].second), (std::vector<int64_t>{0, 25, 50, 75, 99}));
    EXPECT_EQ(steps_of(result[1].second), (std::vector<int64_t>{33, 50, 51}));
    const auto part = history_.Interval(
        {.runs = {a}, .key = "m", .start_step = 10, .end_step = 12, .points_max = 4});
    EXPECT_EQ(steps_of(part[0].second), (std::vector<int64_t>{10, 11, 12}));
    CompactAll();
  }
}

MILLWRIGHT_ON_BOTH_DATABASES(MetricHistoryTest);

}  // namespace
}  // namespace millwright::tracking

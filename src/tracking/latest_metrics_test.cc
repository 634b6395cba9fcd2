#include "tracking/latest_metrics.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <thread>

#include "base/error.h"
#include "storage/test_database.h"
#include "tracking/experiment_store.h"
#include "tracking/metric_compactor.h"
#include "tracking/run_store.h"

namespace millwright::tracking {
namespace {

const std::string kWho = "ada";

class LatestMetricsTest : public storage::DatabaseTest {
 protected:
  RunId NewRun() {
    return runs_->Create({.experiment_id = ExperimentId("0"), .start_ms = 1}, kWho).info.id;
  }
  int64_t Count(const std::string& filter) {
    return runs_->CountMatching({{ExperimentId("0")}, filter, View::kActiveOnly}).runs;
  }
  std::vector<RunId> Ordered(const std::string& order) {
    std::vector<RunId> ids;
    for (const auto& run :
         runs_->Search({.experiment_ids = {ExperimentId("0")}, .filter = "", .order_by = {order}})
             .items) {
      ids.push_back(run.info.id);
    }
    return ids;
  }
  int64_t Unraised() {
    constexpr storage::Query kCount = {"test.unraised", "SELECT count(*) FROM unraised_runs", ""};
    return db().Read(
        [&](storage::Connection& connection) { return connection.SelectOne(kCount)->Int(0); });
  }
  void Open() {
    events_ = std::make_unique<events::EventLog>(db(), clock_);
    experiments_ =
        std::make_unique<ExperimentStore>(db(), *events_, clock_, ExperimentStore::Options{});
    runs_ = std::make_unique<RunStore>(db(), *events_, clock_);
  }
  void SetUp() override { Open(); }

  ManualClock clock_{1000};
  std::unique_ptr<events::EventLog> events_;
  std::unique_ptr<ExperimentStore> experiments_;  // which makes experiment 0
  std::unique_ptr<RunStore> runs_;
};

TEST_P(LatestMetricsTest, ASearchKnowsWhatWasLoggedBeforeIt) {
  const RunId low = NewRun();
  const RunId high = NewRun();
  runs_->LogMetric(low, {"auc", 0.5, 1, 1});
  runs_->LogMetric(high, {"auc", 0.9, 1, 1});
  EXPECT_EQ((std::vector<RunId>{high, low}), Ordered("metrics.auc DESC"));
  EXPECT_EQ(1, Count("metrics.auc > 0.8"));
  runs_->LogMetric(low, {"auc", 0.95, 2, 2});
  EXPECT_EQ((std::vector<RunId>{low, high}), Ordered("metrics.auc DESC"));
  EXPECT_EQ(2, Count("metrics.auc > 0.8"));
  EXPECT_EQ(0, Count("metrics.auc = 0.5"));
  runs_->LogMetric(low, {"auc", std::numeric_limits<double>::quiet_NaN(), 3, 3});
  EXPECT_EQ((std::vector<RunId>{high, low}), Ordered("metrics.auc DESC"));
  EXPECT_EQ(1, Count("metrics.auc > 0"));
  runs_->LogMetric(low, {"auc", 0, 4, 4});
  EXPECT_EQ(2, Count("metrics.auc >= 0"));
}

TEST_P(LatestMetricsTest, GroupsAndColumnsKnowItToo) {
  runs_->LogMetric(NewRun(), {"auc", 2, 1, 1});
  runs_->LogMetric(NewRun(), {"auc", 4, 1, 1});
  const RunGroups groups = runs_->Group({.runs = {{ExperimentId("0")}, "", View::kActiveOnly},
                                         .keys = {"status"},
                                         .metrics = {"auc"}});
  ASSERT_EQ(1u, groups.groups.size());
  EXPECT_EQ(3, groups.groups[0].metrics[0].mean);
  runs_->LogMetric(NewRun(), {"loss", 1, 1, 1});
  const auto columns = runs_->Columns(
      {{{ExperimentId("0")}, "metrics.loss = 1", View::kActiveOnly}, ColumnSearch::Kind::kMetric});
  EXPECT_EQ(std::vector<std::string>{"loss"}, columns);
}

TEST_P(LatestMetricsTest, ARunIsReadWithWhatWaits) {
  const RunId run = NewRun();
  runs_->LogBatch(run, {.metrics = {{"b", 1, 1, 1}, {"a", 5, 1, 9}}});
  LatestMetrics(db()).CatchUp();
  // Later by step; earlier by step; new; not a number, which is later than 1 at the same step.
  const double nan = std::numeric_limits<double>::quiet_NaN();
  runs_->LogBatch(
      run, {.metrics = {{"b", 2, 2, 2}, {"a", 7, 2, 8}, {"c", 3, 1, 1}, {"a c", nan, 1, 1}}});
  const auto metrics = runs_->Get(run).metrics;
  ASSERT_EQ(4U, metrics.size());
  EXPECT_EQ("a", metrics[0].key);
  EXPECT_EQ(5, metrics[0].value);
  EXPECT_TRUE(std::isnan(metrics[1].value));
  EXPECT_EQ(2, metrics[2].value);
  EXPECT_EQ("c", metrics[3].key);
  const auto page = runs_->Search({.experiment_ids = {ExperimentId("0")},
                                   .filter = "",
                                   .columns = RunColumns{{"c", "b", "absent"}, {}, {}}});
  ASSERT_EQ(2U, page.items[0].metrics.size());
  EXPECT_EQ(2, page.items[0].metrics[0].value);
  // Reading raised nothing.
  EXPECT_EQ(GetParam() == storage::Dialect::kSqlite ? 1 : 0, Unraised());
  LatestMetrics(db()).CatchUp();
  const auto raised = runs_->Get(run).metrics;
  EXPECT_EQ(2, raised[2].value);
  EXPECT_EQ(4U, raised.size());
  EXPECT_TRUE(std::isnan(raised[1].value));
}

TEST_P(LatestMetricsTest, ACompactionRaisesWhatItTakesAway) {
  const RunId run = NewRun();
  runs_->LogMetric(run, {"auc", 0.5, 1, 1});
  MetricCompactor compactor(db(), clock_, {.waiting_points = 1});
  EXPECT_EQ(1, compactor.CompactDue());
  EXPECT_EQ(0.5, runs_->Get(run).metrics.at(0).value);
  EXPECT_EQ(1, Count("metrics.auc = 0.5"));
}

// As where a backup of SQLite was restored into PostgreSQL.
TEST_P(LatestMetricsTest, ACompactionRaisesWhatWasNotedElsewhere) {
  constexpr storage::Query kNote = {
      "test.note", "INSERT INTO unraised_runs SELECT run_seq FROM latest_metrics", ""};
  constexpr storage::Query kLower = {"test.lower", "UPDATE latest_metrics SET step = 0, value = 0",
                                     ""};
  const RunId run = NewRun();
  runs_->LogMetric(run, {"auc", 0.5, 1, 1});
  LatestMetrics(db()).CatchUp();
  db().Write([&](storage::Connection& connection) {
    connection.Execute(kNote);
    connection.Execute(kLower);
  });
  MetricCompactor compactor(db(), clock_, {.waiting_points = 1});
  EXPECT_EQ(1, compactor.CompactDue());
  EXPECT_EQ(0.5, runs_->Get(run).metrics.at(0).value);
  EXPECT_EQ(1, Count("metrics.auc = 0.5"));
}

TEST_P(LatestMetricsTest, WhatIsLeftAtTheEndIsFoundAfterARestart) {
  runs_->LogMetric(NewRun(), {"auc", 0.5, 1, 1});
  runs_.reset();
  experiments_.reset();
  events_.reset();
  Reopen();
  Open();
  EXPECT_EQ(1, Count("metrics.auc = 0.5"));
  EXPECT_EQ(0, Unraised());
}

TEST_P(LatestMetricsTest, ManyRunsWithManyMetricsAreCaughtUpAtOnce) {
  constexpr int kRuns = 300;
  constexpr int kKeys = 40;
  for (int run = 0; run < kRuns; ++run) {
    Batch batch;
    for (int key = 0; key < kKeys; ++key) {
      batch.metrics.push_back({fmt::format("k{}", key), static_cast<double>(run), 1, 1});
    }
    runs_->LogBatch(NewRun(), batch);
  }
  LatestMetrics(db()).CatchUp();
  EXPECT_EQ(0, Unraised());
  EXPECT_EQ(kRuns, Count("metrics.k0 >= 0"));
  EXPECT_EQ(1, Count("metrics.k39 = 299"));
}

TEST_P(LatestMetricsTest, EachWriterFindsItsOwnWritesWhileOthersWrite) {
  constexpr int kWriters = 4;
  constexpr int kRounds = 25;
  LatestMetrics latest(db());
  std::atomic<int> missed = 0;
  std::jthread loop([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) latest.CatchUp();
  });
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      const RunId run = NewRun();
      const std::string key = fmt::format("w{}", writer);
      for (int round = 1; round <= kRounds; ++round) {
        runs_->LogMetric(run, {key, static_cast<double>(round), round, round});
        if (Count(fmt::format("metrics.{} = {}", key, round)) != 1) ++missed;
      }
    });
  }
  writers.clear();
  EXPECT_EQ(0, missed);
}

MILLWRIGHT_ON_BOTH_DATABASES(LatestMetricsTest);

}  // namespace
}  // namespace millwright::tracking

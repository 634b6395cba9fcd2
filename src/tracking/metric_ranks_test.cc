#include "tracking/metric_ranks.h"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <memory>
#include <thread>

#include "base/error.h"
#include "storage/test_database.h"
#include "tracking/experiment_store.h"
#include "tracking/run_store.h"

namespace millwright::tracking {
namespace {

const std::string kWho = "ada";

class MetricRanksTest : public storage::DatabaseTest {
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
  int64_t Unranked() {
    constexpr storage::Query kCount = {"test.unranked", "SELECT count(*) FROM unranked_runs", ""};
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

TEST_P(MetricRanksTest, ASearchKnowsWhatWasLoggedBeforeIt) {
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

TEST_P(MetricRanksTest, GroupsAndColumnsKnowItToo) {
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

TEST_P(MetricRanksTest, WhatIsLeftAtTheEndIsFoundAfterARestart) {
  runs_->LogMetric(NewRun(), {"auc", 0.5, 1, 1});
  runs_.reset();
  experiments_.reset();
  events_.reset();
  Reopen();
  Open();
  EXPECT_EQ(1, Count("metrics.auc = 0.5"));
  EXPECT_EQ(0, Unranked());
}

TEST_P(MetricRanksTest, ManyRunsWithManyMetricsAreCaughtUpAtOnce) {
  constexpr int kRuns = 300;
  constexpr int kKeys = 40;
  for (int run = 0; run < kRuns; ++run) {
    Batch batch;
    for (int key = 0; key < kKeys; ++key) {
      batch.metrics.push_back({fmt::format("k{}", key), static_cast<double>(run), 1, 1});
    }
    runs_->LogBatch(NewRun(), batch);
  }
  MetricRanks(db()).CatchUp();
  EXPECT_EQ(0, Unranked());
  EXPECT_EQ(kRuns, Count("metrics.k0 >= 0"));
  EXPECT_EQ(1, Count("metrics.k39 = 299"));
}

TEST_P(MetricRanksTest, EachWriterFindsItsOwnWritesWhileOthersWrite) {
  constexpr int kWriters = 4;
  constexpr int kRounds = 25;
  MetricRanks ranks(db());
  std::atomic<int> missed = 0;
  std::jthread loop([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) ranks.CatchUp();
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

MILLWRIGHT_ON_BOTH_DATABASES(MetricRanksTest);

}  // namespace
}  // namespace millwright::tracking

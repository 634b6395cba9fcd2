#include "tracking/metric_compactor.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <sstream>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "storage/test_database.h"
#include "tracking/experiment_store.h"
#include "tracking/metric_history.h"
#include "tracking/metric_segment.h"
#include "tracking/run_store.h"

namespace millwright::tracking {
namespace {

constexpr storage::Query kCountAppends{"test.count_appends", "SELECT COUNT(*) FROM metric_appends",
                                       ""};
constexpr storage::Query kCountSegments{"test.count_segments",
                                        "SELECT COUNT(*), SUM(points) FROM metric_segments", ""};

class MetricCompactorTest : public storage::DatabaseTest {
 protected:
  RunId NewRun() {
    return runs_.Create({.experiment_id = ExperimentId("0"), .name = "r"}, "ada").info.id;
  }
  int64_t SeqOf(const RunId& run) {
    return db().Read(
        [&](storage::Connection& connection) { return FindMetricRun(connection, run)->seq; });
  }
  void Log(const RunId& run, int from, int to, const std::string& key = "m") {
    Batch batch;
    for (int i = from; i < to; ++i) batch.metrics.push_back({key, i * 0.5, i, i});
    runs_.LogBatch(run, batch);
  }
  int64_t Appends() {
    return db().Read([](storage::Connection& connection) {
      return connection.SelectOne(kCountAppends)->Int(0);
    });
  }
  int64_t Segments() {
    return db().Read([](storage::Connection& connection) {
      return connection.SelectOne(kCountSegments)->Int(0);
    });
  }
  int64_t CountOf(const RunId& run, const std::string& key = "m") {
    return static_cast<int64_t>(history_.Page(run, key, 1'000'000).points.size());
  }

  ManualClock clock_{1000};
  events::EventLog events_{db(), clock_};
  ExperimentStore experiments_{db(), events_, clock_, {}};
  RunStore runs_{db(), events_, clock_};
  MetricHistory history_{db()};
};

TEST_P(MetricCompactorTest, WaitsForPointsAppendsOrAge) {
  const RunId run = NewRun();
  const auto due = [&](const CompactionOptions& options) {
    return MetricCompactor(db(), clock_, options).CompactDue();
  };
  Log(run, 0, 10);
  EXPECT_EQ(due({.waiting_points = 11, .waiting_appends = 2, .waiting_ms = 50}), 0);
  EXPECT_EQ(due({.waiting_points = 10, .waiting_appends = 2, .waiting_ms = 50}), 1);
  Log(run, 10, 11);
  Log(run, 11, 12);
  EXPECT_EQ(due({.waiting_points = 10, .waiting_appends = 3, .waiting_ms = 50}), 0);
  EXPECT_EQ(due({.waiting_points = 10, .waiting_appends = 2, .waiting_ms = 50}), 1);
  Log(run, 12, 13);
  EXPECT_EQ(due({.waiting_points = 10, .waiting_appends = 2, .waiting_ms = 50}), 0);
  clock_.Advance(50);
  EXPECT_EQ(due({.waiting_points = 10, .waiting_appends = 2, .waiting_ms = 50}), 1);
  EXPECT_EQ(Appends(), 0);
  EXPECT_EQ(CountOf(run), 13);
}

TEST_P(MetricCompactorTest, KeepsFewSegmentsHoweverSlowlyAHistoryArrives) {
  const RunId run = NewRun();
  MetricCompactor compactor(db(), clock_);
  for (int i = 0; i < 300; ++i) {
    Log(run, i * 3, i * 3 + 3);
    EXPECT_TRUE(compactor.CompactRun(SeqOf(run)));
  }
  EXPECT_FALSE(compactor.CompactRun(SeqOf(run)));
  EXPECT_LE(Segments(), 10);
  EXPECT_EQ(CountOf(run), 900);
}

TEST_P(MetricCompactorTest, TakesSoMuchAtATime) {
  const RunId run = NewRun();
  for (int i = 0; i < 6; ++i) Log(run, i * 10, i * 10 + 10, "m" + std::to_string(i % 2));
  MetricCompactor by_points(db(), clock_, {.points_max = 15});
  EXPECT_TRUE(by_points.CompactRun(SeqOf(run)));
  EXPECT_EQ(Appends(), 4);
  MetricCompactor by_keys(db(), clock_, {.keys_max = 2});
  EXPECT_TRUE(by_keys.CompactRun(SeqOf(run)));
  EXPECT_EQ(Appends(), 2);
  EXPECT_EQ(CountOf(run, "m0") + CountOf(run, "m1"), 60);
}

// Compactors without a lease, as two servers whose lease has just changed hands, race while points
// are logged: nothing is lost and nothing is there twice.
TEST_P(MetricCompactorTest, LosesNothingWhenTwoCompactTheSameRun) {
  const RunId run = NewRun();
  const int64_t seq = SeqOf(run);
  std::atomic<bool> logged = false;
  std::atomic<int> compactions = 0;
  {
    std::vector<std::jthread> compactors;
    for (int i = 0; i < 2; ++i) {
      compactors.emplace_back([&] {
        MetricCompactor compactor(db(), clock_, {.points_max = 40});
        while (!logged) compactions += compactor.CompactRun(seq) ? 1 : 0;
      });
    }
    for (int i = 0; i < 200; ++i) Log(run, i * 5, i * 5 + 5);
    logged = true;
  }
  EXPECT_GT(compactions, 0);
  EXPECT_EQ(CountOf(run), 1000);
  const auto stored = db().Read([&](storage::Connection& connection) {
    const auto segments = connection.SelectOne(kCountSegments);
    int64_t points = segments->IsNull(1) ? 0 : segments->Int(1);
    for (const auto& [key, waiting] : ReadAppends(connection, seq)) {
      points += static_cast<int64_t>(waiting.size());
    }
    return points;
  });
  EXPECT_EQ(stored, 1000);
}

TEST_P(MetricCompactorTest, LetsOneServerWorkAtATime) {
  const RunId run = NewRun();
  Log(run, 0, 5);
  const storage::Leases leases(clock_);
  db().Write([&](storage::Connection& connection) {
    leases.Acquire(connection, "metric_compactor", "all", "another server", 10'000);
  });
  MetricCompactor compactor(db(), clock_, {.waiting_points = 1});
  // A SQLite file has one server, so that nobody asks there.
  const bool asks = GetParam() == storage::Dialect::kPostgres;
  EXPECT_EQ(compactor.CompactDue(), asks ? 0 : 1);
  Log(run, 5, 10);
  clock_.Advance(10'001);  // the other one has died
  EXPECT_EQ(compactor.CompactDue(), 1);
  EXPECT_EQ(CountOf(run), 10);
}

// A process that logs and compacts without pause is killed again and again: every point that it has
// acknowledged is there, and no point is stored twice.
TEST_P(MetricCompactorTest, AKillWithinACompactionLosesAndDoublesNothing) {
  constexpr int kKills = 8;
  constexpr size_t kEnough = 60;  // acknowledged batches before a kill
  constexpr int kBatch = 20;      // as in test_metric_writer.cc
  const RunId run = NewRun();
  const TempDir dir;
  std::set<int64_t> acknowledged;
  for (int kill = 0; kill < kKills; ++kill) {
    const auto output = dir.path() / std::to_string(kill);
    ChildProcess writer({.arguments = {ThisProgram().parent_path() / "tracking_test_writer", uri(),
                                       run.str(), std::to_string(kill * 1'000'000)},
                         .output_file = output});
    while (!std::filesystem::exists(output) || std::filesystem::file_size(output) < kEnough * 8) {
      ASSERT_FALSE(writer.Wait(1)) << ReadFile(output);
    }
    writer.Signal(SIGKILL);
    writer.Wait();
    std::istringstream lines(ReadFile(output));
    for (int64_t first; lines >> first;) acknowledged.insert(first);
  }
  Reopen();
  const auto points = MetricHistory(db()).Page(run, "m", 10'000'000).points;
  std::set<int64_t> stored;
  for (const auto& point : points) {
    EXPECT_EQ(point.value, static_cast<double>(point.step) * 0.5);
    EXPECT_TRUE(stored.insert(point.step).second) << point.step;
  }
  EXPECT_GE(acknowledged.size(), kKills * kEnough / 4);
  for (const int64_t first : acknowledged) {
    for (int64_t step = first; step < first + kBatch; ++step) {
      ASSERT_TRUE(stored.contains(step)) << step;
    }
  }
  EXPECT_EQ(stored.size() % kBatch, 0U);
  // Beneath the reader, which would hide them, there are no second copies either.
  const int64_t rows = db().Read([&](storage::Connection& connection) {
    const auto segments = connection.SelectOne(kCountSegments);
    int64_t count = segments->Int(1);
    const auto found = FindMetricRun(connection, run);
    for (const auto& [key, waiting] : ReadAppends(connection, found->seq)) {
      count += static_cast<int64_t>(waiting.size());
    }
    return count;
  });
  EXPECT_EQ(rows, static_cast<int64_t>(stored.size()));
}

MILLWRIGHT_ON_BOTH_DATABASES(MetricCompactorTest);

}  // namespace
}  // namespace millwright::tracking

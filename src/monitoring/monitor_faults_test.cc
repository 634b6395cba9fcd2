// What real traffic does to a log, and what a monitor makes of it.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "base/file.h"
#include "monitoring/monitors.h"
#include "storage/test_database.h"

namespace millwright::monitoring {
namespace {

constexpr int64_t kDay0 = 19'000 * kDayMs;
constexpr int64_t kNow = kDay0 + 100 * kDayMs;
constexpr int kRows = 600;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

class MonitorFaultsTest : public storage::DatabaseTest {
 protected:
  MonitorFaultsTest() {
    session_.Execute(
        "CREATE TABLE past AS SELECT epoch_ms(TIMESTAMP '2022-01-01' + to_minutes(range * 4)) AS "
        "t, "
        "(range * 7919 % 1000) / 1000.0 AS distance, ['UA', 'AA', 'DL'][1 + range % 3] AS carrier, "
        "3.0 AS always FROM range(9000)");
  }

  Prediction Row(int day, int i) {
    Prediction row;
    row.id = "d" + std::to_string(day) + "-" + std::to_string(i);
    row.endpoint = "flights";
    row.time_ms = kNow;
    row.event_time_ms = kDay0 + day * kDayMs + i * 60'000;
    row.inputs = {{"distance", std::fmod(i * 0.7919, 1.0)},
                  {"carrier", std::string(i % 3 == 0   ? "UA"
                                          : i % 3 == 1 ? "AA"
                                                       : "DL")},
                  {"always", 3.0}};
    row.outputs = {{"probability", 0.5}};
    return row;
  }

  void Log(int day, int rows, const std::function<void(Prediction&, int)>& change = {}) {
    std::vector<Prediction> batch;
    for (int i = 0; i < rows; ++i) {
      batch.push_back(Row(day, i));
      if (change) change(batch.back(), i);
    }
    log_.RecordPredictions(batch);
  }

  // Logs a week of faults; the log is compacted amid of it, so that its files have other columns.
  void LogFaults() {
    Log(0, kRows);
    Log(1, 1);
    Log(2, kRows, [](Prediction& row, int) {
      for (auto& input : row.inputs) input.second = {};
    });
    Log(3, kRows, [](Prediction& row, int i) {
      if (i % 2 == 0) row.inputs[0].second = i % 4 == 0 ? kInfinity : -kInfinity;
      if (i % 7 == 0) row.inputs[0].second = std::nan("");
    });
    log_.Compact();
    Log(4, kRows, [](Prediction& row, int i) { row.inputs[1].second = "c" + std::to_string(i); });
    Log(5, kRows, [](Prediction& row, int) {  // another client's schema
      row.inputs = {{"distance", std::string("far")}, {"extra", 1.0}};
    });
    Log(6, kRows, [](Prediction& row, int) { row.id = "the same"; });
    Log(7, kRows);
    Log(8, 1);
    log_.RecordOutcomes(
        "flights", {{"the same", 1.0, kNow}, {"nobody", 1.0, kNow}, {"nobody", 0.0, kNow}}, "ana");
  }

  std::map<std::string, drift::FeatureDrift> Features(const MonitorWindow& window) {
    std::map<std::string, drift::FeatureDrift> features;
    for (const auto& feature : window.features) features[feature.name] = feature;
    return features;
  }

  const FeatureBreaches* Breaches(const MonitorWindow& window, const std::string& feature) {
    for (const auto& one : window.quality.breaches) {
      if (one.feature == feature) return &one;
    }
    return nullptr;
  }

  TempDir dir_;
  analytics::Session session_;
  ManualClock clock_{kNow};
  events::EventLog events_{db(), clock_};
  PredictionLog log_{dir_.path(), clock_};
};

TEST_P(MonitorFaultsTest, EveryPresetLivesWithEveryWindow) {
  LogFaults();
  for (DriftPreset preset :
       {DriftPreset::kMillwright, DriftPreset::kEvidently, DriftPreset::kPsi}) {
    MonitorSpec spec;
    spec.name = std::string(DriftPresetName(preset));
    spec.endpoint = "flights";
    spec.preset = preset;
    spec.window_ms = kDayMs;
    if (preset == DriftPreset::kMillwright) spec.season = drift::Season::kHour;
    spec.detectors.resize(2);
    spec.detectors[1].of = DetectorOf::kFeature;
    spec.detectors[1].feature = "distance";
    spec.detectors[1].method = DetectorMethod::kCusum;
    Monitors monitors(db(), events_, clock_, log_);
    monitors.Put(spec, MakeMonitorReference(session_, "past", spec, "t"), "ana");
    EXPECT_EQ(monitors.EvaluateNow(spec.name), 9) << spec.name;
    const std::vector<MonitorWindow> windows = monitors.Windows(spec.name);
    ASSERT_EQ(windows.size(), 9u);
    EXPECT_EQ(DriftVerdict(spec, windows[1]), "not_enough_data");
    EXPECT_EQ(DriftVerdict(spec, windows[7]), "quiet") << "after all that: " << spec.name;
    EXPECT_FALSE(Features(windows[0]).at("always").drifted) << "a constant is like itself";
    EXPECT_TRUE(Features(windows[4]).at("carrier").drifted) << spec.name;
    // Rows of one id are rows, and share one outcome.
    EXPECT_EQ(windows[6].predictions, kRows);
    EXPECT_EQ(windows[6].outcomes, kRows);
    EXPECT_EQ(windows[0].outcomes, 0) << "outcomes of nobody are nobody's";
    if (preset == DriftPreset::kEvidently) continue;  // it drops what is missing from both sides
    for (const char* feature : {"distance", "carrier", "always"}) {
      EXPECT_TRUE(Features(windows[2]).at(feature).drifted) << feature << spec.name;
    }
    EXPECT_TRUE(Features(windows[5]).at("distance").drifted) << "no number is there";
  }
}

TEST_P(MonitorFaultsTest, SaysWhatIsWrongWithTheRows) {
  LogFaults();
  MonitorSpec spec;
  spec.name = "m";
  spec.endpoint = "flights";
  spec.window_ms = kDayMs;
  Monitors monitors(db(), events_, clock_, log_);
  monitors.Put(spec, MakeMonitorReference(session_, "past", spec, "t"), "ana");
  monitors.EvaluateNow("m");
  const std::vector<MonitorWindow> windows = monitors.Windows("m");
  EXPECT_TRUE(windows[0].quality.breaches.empty());
  EXPECT_TRUE(windows[1].quality.breaches.empty());
  EXPECT_TRUE(Breaches(windows[2], "distance")->is_absent);
  EXPECT_EQ(Breaches(windows[2], "carrier")->missing, kRows);
  EXPECT_EQ(Breaches(windows[3], "distance")->missing, (kRows + 6) / 7);
  EXPECT_GT(Breaches(windows[3], "distance")->out_of_range, 200);
  EXPECT_EQ(Breaches(windows[4], "carrier")->new_category, kRows);
  EXPECT_EQ(Breaches(windows[5], "distance")->type_changed, kRows);
  EXPECT_TRUE(Breaches(windows[5], "carrier")->is_absent);
  EXPECT_EQ(windows[5].quality.new_columns, std::vector<std::string>{"extra"});
  EXPECT_TRUE(windows[7].quality.breaches.empty());
}

TEST_P(MonitorFaultsTest, AClockThatGoesBackMovesNoRowAndRaisesNothingTwice) {
  MonitorSpec spec;
  spec.name = "m";
  spec.endpoint = "flights";
  spec.window_ms = kDayMs;
  Monitors monitors(db(), events_, clock_, log_);
  monitors.Put(spec, MakeMonitorReference(session_, "past", spec, ""), "ana");
  const auto far = [](Prediction& row, int) { row.inputs[0].second = 5.0; };
  Log(0, kRows, far);
  Log(1, 1);
  monitors.Evaluate();
  ASSERT_EQ(monitors.Alerts("m").size(), 1u);
  // Rows of an earlier day come later, asked before those that are there by the wall clock.
  clock_.Advance(-2 * kDayMs);
  Log(-1, kRows, [&](Prediction& row, int i) {
    row.time_ms = clock_.NowMs();
    far(row, i);
  });
  monitors.Evaluate();
  const std::vector<MonitorWindow> windows = monitors.Windows("m");
  ASSERT_EQ(windows.size(), 3u);
  EXPECT_EQ(windows[0].start_ms, kDay0 - kDayMs);
  EXPECT_EQ(windows[0].predictions, kRows);
  EXPECT_EQ(monitors.Alerts("m").size(), 1u)
      << "an earlier window raises nothing after a later one";
}

MILLWRIGHT_ON_BOTH_DATABASES(MonitorFaultsTest);

}  // namespace
}  // namespace millwright::monitoring

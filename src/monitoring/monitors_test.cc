#include "monitoring/monitors.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "storage/test_database.h"

namespace millwright::monitoring {
namespace {

constexpr int64_t kWeek = 7 * kDayMs;
constexpr int64_t kEvents = 1000 * kWeek;  // event time, far from the wall clock
constexpr int64_t kNow = 1'700'000'000'000;
constexpr int kRowsPerWindow = 1000;

// A number between 0 and 1 that looks random and is the same in every run.
double Noise(int i) {
  const double x = std::sin(i * 12.9898) * 43758.5453;
  return x - std::floor(x);
}

class MonitorsTest : public storage::DatabaseTest {
 protected:
  MonitorsTest() {
    session_.Execute(
        "CREATE TABLE training AS SELECT (range * 7919 % 1000) / 1000.0 AS distance, "
        "['UA','AA','DL'][1 + range % 3] AS carrier FROM range(9000)");
    profile_ = quality::ProfileTable(session_, "training");
    spec_.name = "flights-late";
    spec_.endpoint = "flights";
    spec_.model = "flights-late";
    spec_.reference = "flights-late@1";
    spec_.auc_min = 0.6;
  }

  // Logs a window of predictions; `shift` moves the distance, `skill` of 1 ranks perfectly.
  void LogWindow(int window, double shift, double skill, int rows = kRowsPerWindow,
                 bool with_outcomes = true) {
    std::vector<Outcome> outcomes;
    for (int i = 0; i < rows; ++i) {
      const int n = window * kRowsPerWindow + i;
      Prediction prediction;
      prediction.id = "p" + std::to_string(n);
      prediction.endpoint = "flights";
      prediction.model_version = "1";
      prediction.time_ms = kNow + window;
      prediction.event_time_ms = kEvents + window * kWeek + i;
      prediction.latency_us = 1000;
      prediction.inputs = {{"distance", std::fmod(n * 0.7919, 1.0) + shift},
                           {"carrier", std::string(n % 3 == 0   ? "UA"
                                                   : n % 3 == 1 ? "AA"
                                                                : "DL")}};
      const double actual = n % 4 == 0 ? 1 : 0;
      prediction.outputs = {{"probability", skill * actual + (1 - skill) * Noise(n)}};
      ASSERT_TRUE(log_->Offer(std::move(prediction)));
      outcomes.push_back({"p" + std::to_string(n), actual, kNow});
    }
    log_->Flush();
    if (with_outcomes) log_->RecordOutcomes("flights", outcomes, "demo");
  }

  std::vector<std::string> AlertEvents() {
    std::vector<std::string> kinds;
    for (const auto& event : events_.After(0, 1000)) {
      if (event.kind.starts_with("alert.")) {
        kinds.push_back(event.kind + " " + event.payload.GetString("kind") + " " +
                        event.payload.GetString("feature"));
      }
    }
    return kinds;
  }

  TempDir dir_;
  analytics::Session session_;
  quality::Profile profile_;
  MonitorSpec spec_;
  ManualClock clock_{kNow};
  events::EventLog events_{db(), clock_};
  std::unique_ptr<PredictionLog> log_ = std::make_unique<PredictionLog>(dir_.path(), clock_);
};

using Strings = std::vector<std::string>;

TEST_P(MonitorsTest, KeepsWhatItMeasuredOfRowsThatTheLogForgets) {
  Monitors monitors(db(), events_, clock_, *log_);
  monitors.Put(spec_, profile_, "ana");
  LogWindow(0, 0, 0.9);
  LogWindow(1, 0, 0.9);
  clock_.Advance(2 * kDayMs);
  Prediction late;  // happened in the first window, asked two days later
  late.id = "late";
  late.endpoint = "flights";
  late.model_version = "1";
  late.time_ms = clock_.NowMs();
  late.event_time_ms = kEvents + 1;
  late.inputs = {{"distance", 0.5}, {"carrier", std::string("UA")}};
  late.outputs = {{"probability", 0.5}};
  log_->RecordPredictions({late});
  log_->Compact();
  monitors.Evaluate();
  const auto measured = monitors.Windows("flights-late");
  ASSERT_EQ(measured.size(), 2u);
  EXPECT_EQ(measured[0].predictions, kRowsPerWindow + 1);
  log_.reset();
  PredictionLogOptions options;
  options.keep_ms = kDayMs;
  PredictionLog shorter(dir_.path(), clock_, options);
  shorter.RemoveOld();
  ASSERT_EQ(shorter.Counts("flights").predictions, 1);
  Monitors after(db(), events_, clock_, shorter);
  EXPECT_EQ(after.Evaluate(), 0);
  const auto kept = after.Windows("flights-late");
  ASSERT_EQ(kept.size(), 2u);
  for (size_t i = 0; i < kept.size(); ++i) {
    EXPECT_EQ(kept[i].predictions, measured[i].predictions);
    EXPECT_EQ(kept[i].outcomes, measured[i].outcomes);
    EXPECT_EQ(kept[i].performance.auc, measured[i].performance.auc);
  }
}

TEST_P(MonitorsTest, AlertsOnceWhenAFeatureDriftsAndClosesWhenItIsBack) {
  Monitors monitors(db(), events_, clock_, *log_);
  monitors.Put(spec_, profile_, "ana");
  LogWindow(0, 0, 0.9);
  EXPECT_EQ(monitors.Evaluate(), 1);
  LogWindow(1, 0.5, 0.9);
  monitors.Evaluate();
  EXPECT_EQ(AlertEvents(), Strings()) << "a window is judged once it is complete";
  LogWindow(2, 0.5, 0.9);
  monitors.Evaluate();
  EXPECT_EQ(AlertEvents(), Strings{"alert.opened drift distance"});
  LogWindow(3, 0, 0.9);
  monitors.Evaluate();
  EXPECT_EQ(monitors.Evaluate(), 0) << "nothing has changed";
  EXPECT_EQ(AlertEvents(), Strings{"alert.opened drift distance"}) << "still open: no second one";
  LogWindow(4, 0, 0.9, 5);
  monitors.Evaluate();
  EXPECT_EQ(AlertEvents(), (Strings{"alert.opened drift distance", "alert.closed drift distance"}));

  const auto alerts = monitors.Alerts("flights-late");
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_FALSE(alerts[0].open);
  EXPECT_EQ(alerts[0].model, "flights-late");
  EXPECT_EQ(alerts[0].window_start_ms, kEvents + kWeek);
  EXPECT_EQ(alerts[0].window_end_ms, kEvents + 2 * kWeek);
  EXPECT_GT(alerts[0].value, 0.2);
  EXPECT_EQ(alerts[0].threshold, 0.1) << "the floor of the preset millwright";
  const auto windows = monitors.Windows("flights-late");
  ASSERT_EQ(windows.size(), 5u);
  EXPECT_EQ(windows[0].predictions, kRowsPerWindow);
  EXPECT_EQ(windows[0].outcomes, kRowsPerWindow);
  EXPECT_LT(*windows[0].features[0].score, 0.05);
  EXPECT_TRUE(windows[1].features[0].drifted);
  EXPECT_FALSE(windows[1].features[1].drifted);
  EXPECT_FALSE(windows[4].features[0].score) << "not enough data";
  EXPECT_GT(*windows[0].performance.auc, 0.95);
}

TEST_P(MonitorsTest, WaitsForSeveralWindowsInARow) {
  spec_.consecutive_windows = 2;
  Monitors monitors(db(), events_, clock_, *log_);
  monitors.Put(spec_, profile_, "ana");
  LogWindow(0, 0.5, 0.9);
  LogWindow(1, 0, 0.9);
  LogWindow(2, 0.5, 0.9);
  monitors.Evaluate();
  EXPECT_EQ(AlertEvents(), Strings()) << "one window alone";
  LogWindow(3, 0, 0.9, 5);  // too few to be judged: no more and no less
  LogWindow(4, 0.5, 0.9);
  monitors.Evaluate();
  EXPECT_EQ(AlertEvents(), Strings()) << "not complete";
  LogWindow(5, 0, 0.9, 5);
  monitors.Evaluate();
  EXPECT_EQ(AlertEvents(), Strings{"alert.opened drift distance"});
  EXPECT_EQ(monitors.Alerts()[0].window_start_ms, kEvents + 4 * kWeek);
  Strings verdicts;
  for (const MonitorWindow& window : monitors.Windows("flights-late")) {
    verdicts.emplace_back(DriftVerdict(spec_, window));
  }
  EXPECT_EQ(verdicts, (Strings{"drifted", "quiet", "drifted", "not_enough_data", "drifted",
                               "not_enough_data"}));
}

TEST_P(MonitorsTest, ADetectorTellsOfAChangeAndWhenItIsOver) {
  spec_.preset = DriftPreset::kPsi;
  spec_.psi_threshold = 9;
  spec_.auc_min.reset();
  spec_.detectors = {DetectorSpec::FromJson(ParseJson(R"({"feature": "distance"})")),
                     DetectorSpec::FromJson(ParseJson(R"({"of": "error", "method": "adwin"})"))};
  spec_.costs = CostMatrix{.false_positive = 1, .false_negative = 3};
  Monitors monitors(db(), events_, clock_, *log_);
  monitors.Put(spec_, profile_, "ana");
  LogWindow(0, 0, 0.9);
  LogWindow(1, 0.5, 0.9);
  LogWindow(2, 0.5, 0.2);
  LogWindow(3, 0.5, 0.2, 5);
  monitors.Evaluate();
  EXPECT_EQ(AlertEvents(), (Strings{"alert.opened change distance", "alert.closed change distance",
                                    "alert.opened change error"}));
  const auto alerts = monitors.Alerts("flights-late");
  ASSERT_EQ(alerts.size(), 2u);
  for (const Alert& alert : alerts) {
    const bool is_error = alert.feature == "error";
    EXPECT_EQ(alert.kind, AlertKind::kChange);
    EXPECT_NEAR(alert.threshold, is_error ? 0.05 : 0.5, 0.1) << "the mean before";
    EXPECT_NEAR(alert.value, is_error ? 0.4 : 1.0, 0.15) << "the mean since";
    EXPECT_EQ(alert.window_start_ms, kEvents + (is_error ? 2 : 1) * kWeek);
  }
  const auto windows = monitors.Windows("flights-late");
  EXPECT_EQ(windows[0].performance.cost, 0);
  EXPECT_GT(*windows[2].performance.cost, 100);
  EXPECT_NEAR(*windows[2].performance.cost_per_outcome,
              *windows[2].performance.cost / kRowsPerWindow, 1e-9);
  spec_.detectors[1].method = DetectorMethod::kCusum;
  EXPECT_THROW(monitors.Put(spec_, profile_, "ana"), Error) << "no level of the error is known";
}

TEST_P(MonitorsTest, RowsFromTheFutureCompleteNothing) {
  Monitors monitors(db(), events_, clock_, *log_);
  monitors.Put(spec_, profile_, "ana");
  LogWindow(0, 0.5, 0.9);
  Prediction ahead;
  ahead.id = "ahead";
  ahead.endpoint = "flights";
  ahead.time_ms = kNow;
  ahead.inputs = {{"distance", 0.5}};
  for (const int64_t time_ms : {kNow + 10 * kWeek, int64_t{253'402'300'800'000'000}}) {
    ahead.event_time_ms = time_ms;
    log_->RecordPredictions({ahead});
  }
  monitors.Evaluate();
  const auto windows = monitors.Windows("flights-late");
  ASSERT_EQ(windows.size(), 3u);
  EXPECT_TRUE(windows[0].complete) << "it ended long ago";
  EXPECT_FALSE(windows[1].complete) << "and this one is not over";
  EXPECT_EQ(AlertEvents(), Strings{"alert.opened drift distance"});
  EXPECT_EQ(monitors.Evaluate(), 0);
}

TEST_P(MonitorsTest, ReadsMonitorsOfBeforeThereWerePresets) {
  const MonitorSpec old = MonitorSpec::FromJson(ParseJson(R"({"name": "a", "endpoint": "b",
      "psi_threshold": 0.25, "psi_thresholds": {"x": 0.3}, "drift_share_min": 0})"));
  EXPECT_EQ(old.preset, DriftPreset::kPsi);
  EXPECT_EQ(old.psi_threshold, 0.25);
  const MonitorSpec fresh = MonitorSpec::FromJson(ParseJson(R"({"name": "a", "endpoint": "b"})"));
  EXPECT_EQ(fresh.preset, DriftPreset::kMillwright);
  EXPECT_EQ(fresh.psi_threshold, 0.1);
  EXPECT_EQ(MonitorSpec::FromJson(old.ToJson()).ToJson(), old.ToJson());
  const MonitorSpec weekly = MonitorSpec::FromJson(
      ParseJson(R"({"name": "a", "endpoint": "b", "window": "week", "preset": "evidently"})"));
  EXPECT_EQ(weekly.window_ms, kWeek);
  EXPECT_EQ(weekly.window_origin_ms % kWeek, 4 * kDayMs) << "a Monday";
  EXPECT_EQ(weekly.drift_share_min, 0.5);
}

TEST_P(MonitorsTest, AlertsWhenOutcomesShowThatPerformanceFell) {
  Monitors monitors(db(), events_, clock_, *log_);
  monitors.Put(spec_, profile_, "ana");
  LogWindow(0, 0, 0);
  LogWindow(1, 0, 0.9, 10);
  LogWindow(2, 0, 0.9, 10, false);
  monitors.Evaluate();
  EXPECT_EQ(AlertEvents(), Strings{"alert.opened performance auc"});
  const Alert alert = monitors.Alerts()[0];
  EXPECT_EQ(alert.kind, AlertKind::kPerformance);
  EXPECT_NEAR(alert.value, 0.5, 0.06);
  EXPECT_EQ(alert.threshold, 0.6);
  monitors.SetPipelineRun(alert.id, "run-1");
  EXPECT_EQ(monitors.GetAlert(alert.id).pipeline_run, "run-1");
  const LogSummary summary = monitors.Summary("flights-late");
  EXPECT_EQ(summary.predictions, kRowsPerWindow + 20);
  EXPECT_EQ(summary.outcomes, kRowsPerWindow + 10);
}

TEST_P(MonitorsTest, OutcomesThatArriveLateAreMeasuredInTheirWindow) {
  Monitors monitors(db(), events_, clock_, *log_);
  monitors.Put(spec_, profile_, "ana");
  LogWindow(0, 0, 0, kRowsPerWindow, false);
  LogWindow(1, 0, 0.9, 10, false);
  monitors.Evaluate();
  EXPECT_FALSE(monitors.Windows("flights-late")[0].performance.auc);
  std::vector<Outcome> outcomes;
  for (int i = 0; i < kRowsPerWindow; ++i) {
    outcomes.push_back({"p" + std::to_string(i), i % 4 == 0 ? 1.0 : 0.0, kNow});
  }
  log_->RecordOutcomes("flights", outcomes, "demo");
  EXPECT_EQ(monitors.Evaluate(), 1);
  EXPECT_TRUE(monitors.Windows("flights-late")[0].performance.auc);
  EXPECT_EQ(AlertEvents(), Strings{"alert.opened performance auc"});
}

TEST_P(MonitorsTest, TheLatestKnownWindowFollowsOutcomesThatComeLate) {
  Monitors monitors(db(), events_, clock_, *log_);
  monitors.Put(spec_, profile_, "ana");
  for (int window = 0; window < 4; ++window) LogWindow(window, 0, 0.9, kRowsPerWindow, false);
  LogWindow(4, 0, 0.9, 10, false);
  monitors.Evaluate();
  EXPECT_FALSE(monitors.LatestKnownWindow("flights-late"));
  const auto know = [&](int window, int rows) {
    std::vector<Outcome> outcomes;
    for (int i = 0; i < rows; ++i) {
      const int n = window * kRowsPerWindow + i;
      outcomes.push_back({"p" + std::to_string(n), n % 4 == 0 ? 1.0 : 0.0, kNow});
    }
    log_->RecordOutcomes("flights", outcomes, "demo");
    monitors.Evaluate();
    return monitors.LatestKnownWindow("flights-late");
  };
  const auto first = know(0, kRowsPerWindow);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->start_ms, kEvents);
  EXPECT_TRUE(first->performance.auc);
  EXPECT_EQ(know(2, 499)->start_ms, kEvents) << "less than half of its outcomes are known";
  EXPECT_EQ(know(2, kRowsPerWindow)->start_ms, kEvents + 2 * kWeek);
  EXPECT_EQ(know(1, kRowsPerWindow)->start_ms, kEvents + 2 * kWeek) << "an older one is older";
}

TEST_P(MonitorsTest, KeepsEverythingOverARestart) {
  {
    Monitors monitors(db(), events_, clock_, *log_);
    monitors.Put(spec_, profile_, "ana");
    LogWindow(0, 0.5, 0.9);
    LogWindow(1, 0, 0.9, 300);
    monitors.Evaluate();
  }
  log_.reset();
  log_ = std::make_unique<PredictionLog>(dir_.path(), clock_);
  Monitors monitors(db(), events_, clock_, *log_);
  EXPECT_EQ(monitors.Evaluate(), 0);
  EXPECT_EQ(monitors.List()[0].open_alerts, 1);
  EXPECT_EQ(monitors.Windows("flights-late").size(), 2u);
  EXPECT_EQ(monitors.Get("flights-late").reference.drift.profile.ToJson(), profile_.ToJson());
  EXPECT_EQ(AlertEvents(), Strings{"alert.opened drift distance"});
  const drift::Distribution distribution = monitors.Distribution("flights-late", "distance");
  ASSERT_EQ(distribution.edges.size(), distribution.current.size() + 1);
  EXPECT_GT(distribution.current.back(), 0.4);
}

TEST_P(MonitorsTest, AChangedMonitorStartsAnewWithoutOldAlerts) {
  Monitors monitors(db(), events_, clock_, *log_);
  monitors.Put(spec_, profile_, "ana");
  LogWindow(0, 0.5, 0.9);
  LogWindow(1, 0.5, 0.9);
  monitors.Evaluate();
  monitors.Put(spec_, profile_, "ana");
  monitors.Evaluate();
  EXPECT_EQ(AlertEvents().size(), 2u) << "opened, closed by the change, not opened again";
  EXPECT_EQ(monitors.Windows("flights-late").size(), 2u);
  spec_.since_ms = kNow + 2;
  monitors.Put(spec_, profile_, "ana");
  LogWindow(2, 0.5, 0.9);
  LogWindow(3, 0.5, 0.9, 5);
  monitors.Evaluate();
  EXPECT_EQ(monitors.Windows("flights-late").size(), 2u);
  EXPECT_EQ(monitors.Alerts("flights-late", true).size(), 1u);
}

TEST_P(MonitorsTest, PausedMonitorsAreNotEvaluatedAndDeletedOnesAreGone) {
  Monitors monitors(db(), events_, clock_, *log_);
  monitors.Put(spec_, profile_, "ana");
  monitors.SetState("flights-late", MonitorState::kPaused, "ana");
  LogWindow(0, 0, 0.9, 10);
  EXPECT_EQ(monitors.Evaluate(), 0);
  monitors.SetState("flights-late", MonitorState::kActive, "ana");
  EXPECT_EQ(monitors.Evaluate(), 1);
  monitors.Delete("flights-late", "ana");
  EXPECT_THROW(monitors.Get("flights-late"), Error);
  EXPECT_THROW(monitors.SetState("nope", MonitorState::kPaused, "ana"), Error);
}

TEST_P(MonitorsTest, RefusesWhatCannotBeWatched) {
  Monitors monitors(db(), events_, clock_, *log_);
  MonitorSpec unknown = spec_;
  unknown.features = {"nope"};
  EXPECT_THROW(monitors.Put(unknown, profile_, "ana"), Error);
  MonitorSpec drop = spec_;
  drop.auc_drop_max = 0.1;
  EXPECT_THROW(monitors.Put(drop, profile_, "ana"), Error);
  MonitorSpec seasonal = spec_;
  seasonal.season = drift::Season::kHour;
  EXPECT_THROW(monitors.Put(seasonal, profile_, "ana"), Error) << "a profile has no times";
  MonitorSpec evidently = spec_;
  evidently.preset = DriftPreset::kEvidently;
  EXPECT_THROW(monitors.Put(evidently, profile_, "ana"), Error) << "a profile has no values";
  for (const char* field :
       {R"("psi": 1)", R"("preset": "best")", R"("season": "spring")", R"("window": "year")",
        R"("consecutive_windows": 0)", R"("false_discovery_rate": 0)", R"("tests": {"a": "ks"})",
        R"("preset": "evidently", "tests": {"a": "nope"})",
        R"("preset": "evidently", "season": "hour")", R"("window": "day", "window_ms": 1000)"}) {
    const std::string text = std::string(R"({"name": "a", "endpoint": "b", )") + field + "}";
    EXPECT_THROW(MonitorSpec::FromJson(ParseJson(text)), Error) << field;
  }
}

TEST_P(MonitorsTest, WindowsOfTheReferenceRaiseNoAlert) {
  Monitors monitors(db(), events_, clock_, *log_);
  spec_.reference_from_ms = kEvents;
  spec_.reference_to_ms = kEvents + 2 * kWeek;
  LogWindow(0, 0, 0.9);
  LogWindow(1, 0.5, 0);
  LogWindow(2, 0.5, 0);
  LogWindow(3, 0, 0.9, 10);
  monitors.Put(spec_, profile_, "ana");
  monitors.Evaluate();
  const auto windows = monitors.Windows("flights-late");
  const MonitorSpec spec = monitors.Get("flights-late").spec;
  EXPECT_EQ(DriftVerdict(spec, windows[1]), "reference");
  EXPECT_TRUE(windows[1].performance.auc) << "it is measured all the same";
  EXPECT_EQ(DriftVerdict(spec, windows[2]), "drifted");
  const auto alerts = monitors.Alerts("flights-late");
  ASSERT_EQ(alerts.size(), 2u);
  for (const Alert& alert : alerts) EXPECT_EQ(alert.window_start_ms, kEvents + 2 * kWeek);
}

TEST_P(MonitorsTest, AnAlertShowsEnoughDigitsToTellItsFiguresApart) {
  MonitorWindow window;
  window.end_ms = kWeek;
  Crossing crossing{AlertKind::kDrift, "distance", 0.29041, 0.29038, true, "psi"};
  EXPECT_NE(AlertMessage(window, crossing).find("PSI 0.29041 ≥ 0.29038"), std::string::npos)
      << AlertMessage(window, crossing);
  crossing.value = 0.35;
  EXPECT_NE(AlertMessage(window, crossing).find("PSI 0.35 ≥ 0.29 in"), std::string::npos)
      << AlertMessage(window, crossing);
}

TEST_P(MonitorsTest, OneBadRowMakesNoTextOfANumber) {
  constexpr int64_t kHourMs = 3'600'000;
  std::vector<Prediction> rows;
  for (int i = 0; i < 3000; ++i) {
    Prediction row;
    row.id = "b" + std::to_string(i);
    row.endpoint = "flights";
    row.time_ms = kNow;
    row.event_time_ms = kEvents + i * kHourMs;
    row.inputs = {{"b", Noise(i)},
                  {"zip", std::to_string(10000 + i % 700)},
                  {"code", (i == 2500 ? "X" : "0") + std::to_string(i % 300)}};
    if (i == 2500) row.inputs[0].second = std::string("oops");
    row.outputs = {{"probability", 0.5}};
    rows.push_back(std::move(row));
  }
  log_->RecordPredictions(rows);
  log_->Compact();
  Monitors monitors(db(), events_, clock_, *log_);
  // The bad row is behind the reference; it is the column of the whole log that it makes a text.
  const auto measured = monitors.MeasureReference(spec_, kEvents, kEvents + 2000 * kHourMs);
  const quality::Profile& profile = measured.reference.drift.profile;
  ASSERT_NE(profile.Find("b"), nullptr);
  EXPECT_TRUE(profile.Find("b")->min.is_number());
  for (const char* text : {"zip", "code"}) {
    ASSERT_NE(profile.Find(text), nullptr) << text;
    EXPECT_FALSE(profile.Find(text)->min.is_number()) << text;
  }
  monitors.Put(spec_, measured.reference, "ana");
  monitors.Evaluate();
  int64_t changed = 0;
  for (const MonitorWindow& window : monitors.Windows(spec_.name)) {
    changed += window.quality.CountOf(&FeatureBreaches::type_changed);
  }
  EXPECT_EQ(changed, 1);
}

MILLWRIGHT_ON_BOTH_DATABASES(MonitorsTest);

}  // namespace
}  // namespace millwright::monitoring

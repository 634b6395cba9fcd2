#include "monitoring/health.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "monitoring/health_report.h"
#include "monitoring/preview.h"
#include "storage/test_database.h"

namespace millwright::monitoring {
namespace {

constexpr int64_t kWeek = 7 * kDayMs;
constexpr int64_t kEvents = 1000 * kWeek;
constexpr int64_t kNow = 1'700'000'000'000;
constexpr int kRows = 600;

// A number between 0 and 1 that looks random and is the same in every run.
double Noise(int i) {
  const double x = std::sin(i * 12.9898) * 43758.5453;
  return x - std::floor(x);
}

class HealthTest : public storage::DatabaseTest {
 protected:
  HealthTest() {
    session_.Execute(
        "CREATE TABLE training AS SELECT (range * 7919 % 1000) / 1000.0 AS distance, "
        "['UA','AA','DL'][1 + range % 3] AS carrier FROM range(9000)");
    profile_ = quality::ProfileTable(session_, "training");
    spec_.name = "m";
    spec_.endpoint = "flights";
    spec_.preset = DriftPreset::kPsi;
    spec_.psi_threshold = 0.2;
    spec_.auc_min = 0.6;
    monitors_.Put(spec_, profile_, "ana");
  }

  // The `i`th of a window, without inputs and outputs.
  static Prediction MakePrediction(int window, int i) {
    Prediction prediction;
    prediction.id = "p" + std::to_string(window * kRows + i);
    prediction.endpoint = "flights";
    prediction.model_version = "1";
    prediction.time_ms = kNow + window * 1000 + i;
    prediction.event_time_ms = kEvents + window * kWeek + i;
    return prediction;
  }

  // A window of predictions whose probabilities are right; `shift` moves the distance. Every tenth
  // request of UA fails.
  void LogWindow(int window, double shift, bool with_outcomes = true) {
    std::vector<Outcome> outcomes;
    std::vector<Prediction> predictions;
    for (int i = 0; i < kRows; ++i) {
      const int n = window * kRows + i;
      Prediction prediction = MakePrediction(window, i);
      prediction.latency_us = 1000 + 10 * (i % 100);
      prediction.inputs = {{"distance", std::fmod(n * 0.7919, 1.0) + shift},
                           {"carrier", std::string(n % 3 == 0   ? "UA"
                                                   : n % 3 == 1 ? "AA"
                                                                : "DL")}};
      const double probability = Noise(n);
      prediction.outputs = {{"probability", probability}};
      const double actual = Noise(n + 1'000'000) < probability ? 1 : 0;
      if (i % 30 == 0 && n % 3 == 0) {
        prediction.error = "no answer";
        prediction.outputs.clear();
      }
      predictions.push_back(std::move(prediction));
      outcomes.push_back({"p" + std::to_string(n), actual, kNow});
    }
    log_.RecordPredictions(predictions);
    if (with_outcomes) log_.RecordOutcomes("flights", outcomes, "demo");
  }

  void Measure() {
    monitors_.EvaluateNow("m");
    health_.Refresh();
  }

  static const HealthFigure& Figure(const WindowHealth& window, const std::string& name) {
    for (const HealthFigure& figure : window.figures) {
      if (figure.name == name) return figure;
    }
    throw NotFound("Figure", name);
  }

  TempDir dir_;
  analytics::Session session_;
  quality::Profile profile_;
  MonitorSpec spec_;
  ManualClock clock_{kNow + kWeek};
  events::EventLog events_{db(), clock_};
  PredictionLog log_{dir_.path(), clock_};
  Monitors monitors_{db(), events_, clock_, log_};
  HealthReader health_{db(), events_, monitors_, log_};
};

TEST_P(HealthTest, SaysTrafficErrorsAndLatencyOfAWindow) {
  LogWindow(0, 0);
  LogWindow(1, 0);
  Measure();
  const ModelHealth health = health_.Read("m");
  ASSERT_EQ(health.windows.size(), 2u);
  const ServiceFigures& service = health.windows[0].service;
  EXPECT_EQ(service.requests, kRows);
  EXPECT_EQ(service.errors, kRows / 30);
  EXPECT_EQ(health.windows[0].window.predictions, kRows - kRows / 30);
  EXPECT_NEAR(*service.latency_p50_ms, 1.5, 0.01);
  EXPECT_NEAR(*service.latency_p99_ms, 1.98, 0.02);
  EXPECT_EQ(service.asked_first_ms, kNow);
  EXPECT_EQ(health.task, ModelTask::kBinary);
}

TEST_P(HealthTest, EstimatesOnceThereAreEnoughWindowsWithOutcomes) {
  LogWindow(0, 0);
  LogWindow(1, 0);
  LogWindow(2, 0);
  Measure();
  EXPECT_FALSE(health_.Read("m").reference) << "two complete windows are too few";
  EXPECT_TRUE(Figure(health_.Read("m").windows[0], "roc_auc").realised);
  LogWindow(3, 0, false);
  LogWindow(4, 0, false);
  Measure();
  const ModelHealth health = health_.Read("m");
  ASSERT_TRUE(health.reference);
  EXPECT_EQ(health.reference->windows, 3);
  EXPECT_EQ(health.reference->from_ms, kEvents);
  const HealthFigure& unknown = Figure(health.windows[3], "roc_auc");
  EXPECT_FALSE(unknown.realised);
  ASSERT_TRUE(unknown.estimated);
  // The probabilities are right, so what is estimated is what would be realised: 5/6 of uniform
  // ones.
  EXPECT_NEAR(*unknown.estimated, 0.833, 0.03);
  EXPECT_LT(*unknown.lower, *unknown.upper);
  // Windows from before the estimate have one too.
  EXPECT_TRUE(Figure(health.windows[0], "roc_auc").estimated);
  EXPECT_NEAR(*Figure(health.windows[0], "accuracy").realised, 0.75, 0.06);
}

TEST_P(HealthTest, MeasuresOnlyWhatHasChanged) {
  LogWindow(0, 0);
  LogWindow(1, 0);
  monitors_.EvaluateNow("m");
  EXPECT_EQ(health_.Refresh(), 2);
  EXPECT_EQ(health_.Refresh(), 0);
  LogWindow(2, 0);
  clock_.Advance(1);
  monitors_.EvaluateNow("m");
  EXPECT_EQ(health_.Refresh(), 2) << "the new one, and the one that became complete";
  monitors_.Delete("m", "ana");
  EXPECT_EQ(health_.Refresh(), 0);
  EXPECT_THROW(health_.Read("m"), Error);
}

TEST_P(HealthTest, ReadsAnySlice) {
  for (int window = 0; window < 4; ++window) LogWindow(window, window == 2 ? 1.0 : 0);
  Measure();
  const ModelHealth slice = health_.Read("m", {{}, "input_carrier = 'AA' AND input_distance < 1"});
  ASSERT_EQ(slice.windows.size(), 3u) << "the window that moved has no such rows";
  EXPECT_EQ(slice.windows[0].window.predictions, kRows / 3);
  EXPECT_EQ(slice.windows[0].service.errors, 0);
  EXPECT_EQ(slice.windows[0].window.features[0].status, drift::DriftStatus::kNotEnoughData);
  EXPECT_TRUE(Figure(slice.windows[0], "roc_auc").realised);
  EXPECT_THROW(health_.Read("m", {{}, "input_nothing = 1"}), Error);
  EXPECT_THROW(health_.Read("m", {{}, "1) OR (1 = 1"}), Error);
  const ModelHealth ranged = health_.Read("m", {{kEvents + kWeek, kEvents + 3 * kWeek}, ""});
  EXPECT_EQ(ranged.windows.size(), 2u);
  const auto distribution =
      health_.Distribution("m", "carrier", {{kEvents, kEvents + kWeek}, "input_carrier = 'AA'"});
  double most = 0;
  for (double share : distribution.current) most = std::max(most, share);
  EXPECT_NEAR(most, 1, 1e-9);
  EXPECT_THROW(health_.Distribution("m", "nothing", {}), Error);
}

TEST_P(HealthTest, PutsTheWallClockIntoTheTimeOfTheData) {
  LogWindow(0, 0);
  LogWindow(1, 0);
  Measure();
  const auto windows = health_.Read("m").windows;
  EXPECT_EQ(HappenedAt(windows, kNow - 5), kEvents) << "before anything was asked";
  EXPECT_EQ(HappenedAt(windows, kNow), kEvents);
  EXPECT_NEAR(static_cast<double>(HappenedAt(windows, kNow + 300)), kEvents + kWeek / 2.0,
              kWeek / 100.0);
  EXPECT_EQ(HappenedAt(windows, kNow + kDayMs), kEvents + 2 * kWeek) << "after the last one";
}

TEST_P(HealthTest, PreviewsWhatAMonitorWouldHaveSaid) {
  const double shifts[] = {0, 0.5, 0.5, 0, 0};
  for (int window = 0; window < 5; ++window) LogWindow(window, shifts[window]);
  const MonitorReference reference(profile_);
  MonitorPreviewer previewer(log_);
  const MonitorPreview preview = previewer.Preview(spec_, reference, clock_.NowMs());
  ASSERT_EQ(preview.windows.size(), 5u);
  ASSERT_EQ(preview.alerts.size(), 1u);
  EXPECT_EQ(preview.alerts[0].feature, "distance");
  EXPECT_EQ(preview.alerts[0].window_start_ms, kEvents + kWeek);
  EXPECT_EQ(preview.alerts[0].closed_ms, kEvents + 4 * kWeek);
  // The same as a monitor says.
  monitors_.EvaluateNow("m");
  const auto alerts = monitors_.Alerts("m");
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].message, preview.alerts[0].message);
  LogWindow(5, 0.5);
  EXPECT_EQ(previewer.Preview(spec_, reference, clock_.NowMs()).windows.size(), 6u)
      << "what was added since is seen";
  MonitorSpec lasting = spec_;
  lasting.consecutive_windows = 3;
  EXPECT_TRUE(previewer.Preview(lasting, reference, clock_.NowMs()).alerts.empty());
  MonitorSpec strict = spec_;
  strict.rows_min = 10 * kRows;
  EXPECT_TRUE(previewer.Preview(strict, reference, clock_.NowMs()).alerts.empty());
}

TEST_P(HealthTest, PreviewsFewerWindowsOfWhatTakesLonger) {
  for (int window = 0; window < 5; ++window) LogWindow(window, 0);
  MonitorReference reference(profile_);
  const size_t features = reference.drift.features.size();
  const auto previewed = [&](const PreviewLimits& limits) {
    MonitorPreviewer previewer(log_, nullptr, limits);
    const MonitorPreview preview = previewer.Preview(spec_, reference, clock_.NowMs());
    EXPECT_EQ(preview.is_partial, preview.windows.size() < 5);
    return preview.windows.size();
  };
  EXPECT_EQ(previewed({}), 5u);
  EXPECT_EQ(previewed({.feature_windows_max = 3 * features}), 3u);
  EXPECT_EQ(previewed({.feature_windows_max = 1}), 1u) << "one is always looked at";
  EXPECT_EQ(previewed({.rows_max = 2 * kRows}), 2u);
  EXPECT_EQ(previewed({.cells_max = 2 * kRows}), 5u) << "nothing is read by cell";
  session_.Execute("CREATE TABLE texts AS SELECT 'text ' || range AS carrier FROM range(1000)");
  reference = MakeMonitorReference(session_, "texts", spec_, "");
  EXPECT_EQ(previewed({.cells_max = 2 * kRows}), 2u);
}

TEST_P(HealthTest, ReportsOnOnePageThatNeedsNothingElse) {
  for (int window = 0; window < 5; ++window) LogWindow(window, window == 3 ? 0.5 : 0);
  Measure();
  PredictionReader reader(log_);
  HealthReport report = MakeHealthReport(health_, reader, "m", {}, kNow);
  report.entries.push_back({kEvents, "decision", "worse.errors", "<script>alert(1)</script>"});
  const std::string html = RenderHealth(report);
  EXPECT_NE(html.find("1 of 2 features drifted in the window from"), std::string::npos);
  EXPECT_NE(html.find("concept drift"), std::string::npos);
  EXPECT_NE(html.find("Worst slices"), std::string::npos);
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find("http"), std::string::npos) << "it asks nobody for anything";
  EXPECT_LT(html.size(), 1u << 20);
  const HealthReport nothing = MakeHealthReport(
      health_, reader, "m", {{kEvents + 90 * kWeek, kEvents + 91 * kWeek}, ""}, kNow);
  EXPECT_NE(RenderHealth(nothing).find("Nothing was predicted in this time"), std::string::npos);
}

// Minutes late: right on average, off by up to 10 either way and by ten times that from window 4
// on.
class RegressionHealthTest : public HealthTest {
 protected:
  void LogMinutes(int window, bool with_outcomes = true) {
    std::vector<Outcome> outcomes;
    std::vector<Prediction> predictions;
    const double wide = window >= wide_from_ ? 100 : 10;
    for (int i = 0; i < kRows; ++i) {
      const int n = window * kRows + i;
      Prediction prediction = MakePrediction(window, i);
      const double distance = std::fmod(n * 0.7919, 1.0);
      prediction.inputs = {{"distance", distance}, {"carrier", std::string("UA")}};
      prediction.outputs = {{"minutes", 60 * distance}};
      outcomes.push_back({prediction.id, 60 * distance + ErrorOf(n, wide), kNow});
      predictions.push_back(std::move(prediction));
    }
    log_.RecordPredictions(predictions);
    if (with_outcomes) log_.RecordOutcomes("flights", outcomes, "demo");
  }
  static double ErrorOf(int n, double wide) { return wide * (2 * Noise(n) - 1); }
  MonitorSpec Spec() const {
    MonitorSpec spec = spec_;
    spec.auc_min.reset();
    spec.label.probability_output = "minutes";
    return spec;
  }
  int wide_from_ = 4;
};

TEST_P(RegressionHealthTest, MeasuresErrorsAndAlertsWhereTheyAreTooLarge) {
  MonitorSpec spec = Spec();
  spec.mae_max = 8;
  spec.reference_rmse = 6;
  spec.rmse_rise_max = 0.5;
  spec.costs = CostMatrix{.over = 1, .under = 3};
  monitors_.Put(spec, profile_, "ana");
  // The estimate learns from the first six windows whose truth is known, which are as they were.
  wide_from_ = 7;
  for (int window = 0; window < 9; ++window) LogMinutes(window, window != 3);
  Measure();
  const ModelHealth health = health_.Read("m");
  EXPECT_EQ(health.task, ModelTask::kRegression);
  ASSERT_EQ(health.windows.size(), 9u);
  const PerformanceFigures& first = health.windows[0].window.performance;
  EXPECT_NEAR(*first.mae, 5, 0.4);
  EXPECT_NEAR(*first.rmse, 10 / std::sqrt(3.0), 0.4);
  EXPECT_NEAR(*first.bias, 0, 1);
  EXPECT_NEAR(*first.mean_predicted, 30, 1);
  EXPECT_FALSE(first.auc || first.accuracy || first.positive_rate_predicted || first.log_loss);
  // Half of the errors cost 1 a unit and half 3: twice their mean.
  EXPECT_NEAR(*first.cost_per_outcome, 2 * *first.mae, 1);
  EXPECT_DOUBLE_EQ(*first.cost, *first.cost_per_outcome * kRows);
  EXPECT_NEAR(*Figure(health.windows[0], "mae").realised, *first.mae, 1e-9);
  // Nobody knows window 3 yet: its inputs are as before, and so is what is estimated.
  EXPECT_FALSE(Figure(health.windows[3], "mae").realised);
  EXPECT_NEAR(*Figure(health.windows[3], "mae").estimated, 5, 0.5);
  std::map<std::string, std::string> alerts;
  for (const Alert& alert : monitors_.Alerts("m")) alerts[alert.feature] = alert.message;
  ASSERT_TRUE(alerts.contains("mae"));
  EXPECT_EQ(alerts["mae"].find("MAE "), 0u) << alerts["mae"];
  EXPECT_NE(alerts["mae"].find("is above 8 in the window from"), std::string::npos);
  EXPECT_NE(alerts["rmse"].find("is above 9 in"), std::string::npos) << alerts["rmse"];
  // A preview says the same.
  MonitorPreviewer previewer(log_);
  const auto preview = previewer.Preview(spec, MonitorReference(profile_), clock_.NowMs());
  EXPECT_EQ(preview.alerts.size(), alerts.size());
  EXPECT_NEAR(*preview.windows[0].performance.mae, *first.mae, 1e-9);
  // A slice is a regression even where all of its numbers lie between 0 and 1.
  const ModelHealth slice =
      health_.Read("m", {{}, "output_minutes < 1 AND outcome BETWEEN 0 AND 1"});
  ASSERT_FALSE(slice.windows.empty());
  EXPECT_EQ(slice.task, ModelTask::kRegression);
  PredictionReader reader(log_);
  const std::string html = RenderHealth(MakeHealthReport(health_, reader, "m", {}, kNow));
  for (const char* words :
       {"Mean absolute error by window", "Mean of the answers", "Mean absolute error", "Cost"}) {
    EXPECT_NE(html.find(words), std::string::npos) << words;
  }
  EXPECT_EQ(html.find("Said positive"), std::string::npos);
}

TEST_P(RegressionHealthTest, DetectorsOfTheErrorTakeItsDistance) {
  MonitorSpec spec = Spec();
  for (DetectorMethod method : {DetectorMethod::kPageHinkley, DetectorMethod::kAdwin}) {
    DetectorSpec detector;
    detector.of = DetectorOf::kError;
    detector.method = method;
    detector.rows_between_false_alarms = 1e6;
    spec.detectors.push_back(detector);
  }
  monitors_.Put(spec, profile_, "ana");
  for (int window = 0; window < 6; ++window) LogMinutes(window);
  Measure();
  const auto windows = monitors_.Windows("m");
  for (const DetectedChange& change : windows[2].changes) EXPECT_EQ(change.alarms, 0);
  for (const DetectedChange& change : windows[4].changes) {
    EXPECT_GT(change.alarms, 0) << DetectorMethodName(change.detector.method);
    EXPECT_NEAR(*change.before, 5, 0.5);
    // Exactly what lies between its begin, which is where errors grew, and its alarm.
    constexpr int64_t kGrewMs = kEvents + 4 * kWeek;
    EXPECT_NEAR(double(*change.began_ms), double(kGrewMs), 20);
    double sum = 0, rows = 0;
    for (int64_t ms = std::max(*change.began_ms, kGrewMs); ms <= *change.first_ms; ++ms, ++rows) {
      sum += std::abs(ErrorOf(4 * kRows + static_cast<int>(ms - kGrewMs), 100));
    }
    ASSERT_GT(rows, 0);
    EXPECT_NEAR(*change.after, sum / rows, *change.began_ms < kGrewMs ? 10 : 1e-6);
    EXPECT_NEAR(*change.after, 50, 20);
  }
}

TEST_P(RegressionHealthTest, RefusesLimitsOfTwoKinds) {
  MonitorSpec both = Spec();
  both.auc_min = 0.5;
  both.mae_max = 5;
  EXPECT_THROW(monitors_.Put(both, profile_, "ana"), Error);
  MonitorSpec wrong = Spec();
  wrong.label.task = ModelTask::kRegression;
  wrong.auc_min = 0.5;
  EXPECT_THROW(monitors_.Put(wrong, profile_, "ana"), Error);
  MonitorSpec rise = Spec();
  rise.mae_rise_max = 0.2;
  EXPECT_THROW(monitors_.Put(rise, profile_, "ana"), Error) << "a rise from nothing";
  EXPECT_EQ(
      MonitorSpec::FromJson(ParseJson(R"({"name": "a", "endpoint": "b", "task": "regression"})"))
          .label.probability_output,
      "prediction");
}

TEST_P(HealthTest, SaysWhatIsWrongWithRowsAndWhichTheyAre) {
  LogWindow(0, 0);
  LogWindow(1, 0.5);
  LogWindow(2, 0);
  Measure();
  const QualityDetails details = health_.Quality("m", kEvents + kWeek, {});
  ASSERT_EQ(details.window.quality.breaches.size(), 1u);
  EXPECT_EQ(details.window.quality.breaches[0].feature, "distance");
  const std::string where = details.conditions.at("distance").at("out_of_range");
  PredictionReader reader(log_);
  const TimeRange window{kEvents + kWeek, kEvents + 2 * kWeek};
  const auto rows = reader.Rows("flights", {window, where + " AND error = ''"}, kRecentMax);
  EXPECT_EQ(static_cast<int64_t>(rows.size()), details.window.quality.breaches[0].out_of_range);
  EXPECT_FALSE(details.window.quality.worst.empty());
  EXPECT_EQ(reader.Rows("flights", {window, "id = '" + details.window.quality.worst[0].id + "'"}, 5)
                .size(),
            1u);
  // Of a slice they are counted anew.
  const QualityDetails slice =
      health_.Quality("m", kEvents + kWeek, {.where = "input_carrier = 'AA'"});
  EXPECT_EQ(slice.window.quality.rows, kRows / 3);
  EXPECT_THROW(health_.Quality("m", kEvents + 5, {}), Error);
  EXPECT_EQ(health_.Read("m").windows[1].window.quality.breaches.size(), 1u);
}

MILLWRIGHT_ON_BOTH_DATABASES(RegressionHealthTest);
MILLWRIGHT_ON_BOTH_DATABASES(HealthTest);

}  // namespace
}  // namespace millwright::monitoring

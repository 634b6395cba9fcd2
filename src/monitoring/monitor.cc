#include "monitoring/monitor.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "monitoring/row_facts.h"
#include "statistics/drift_tests.h"

namespace millwright::monitoring {
namespace {

// The answer of a regression where nobody names it: what protocols without names call it.
constexpr char kNumberOutput[] = "prediction";
constexpr int64_t kWindowMsMin = 1000;
constexpr int64_t kWeekMs = 7 * kDayMs;
constexpr int64_t kMonthMsMin = 28 * kDayMs;
constexpr int64_t kMondayMs = 4 * kDayMs;  // 5 January 1970

// What the preset psi takes where nothing is said.
constexpr double kPsiThreshold = 0.2;
// From which share of drifted columns on Evidently calls a table drifted.
constexpr double kEvidentlyShare = 0.5;

constexpr std::pair<DriftPreset, std::string_view> kPresets[] = {
    {DriftPreset::kMillwright, "millwright"},
    {DriftPreset::kEvidently, "evidently"},
    {DriftPreset::kPsi, "psi"},
};
constexpr std::pair<AlertKind, std::string_view> kAlertKinds[] = {
    {AlertKind::kDrift, "drift"},
    {AlertKind::kPerformance, "performance"},
    {AlertKind::kChange, "change"},
    {AlertKind::kExpectation, "expectation"},
};
constexpr std::pair<std::string_view, int64_t> kWindowNames[] = {
    {"hour", kHourMs}, {"day", kDayMs}, {"week", kWeekMs}};

std::optional<double> Number(const Json& json, std::string_view key) {
  const Json* value = json.Find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return value->AsDouble(key);
}

void SetNumber(Json& json, const char* key, const std::optional<double>& value) {
  if (value) json.Set(key, *value);
}

void RefuseUnknown(const Json& json) {
  static constexpr std::string_view kKnown[] = {"name",
                                                "endpoint",
                                                "model",
                                                "reference",
                                                "features",
                                                "probability_output",
                                                "decision_threshold",
                                                "positive_label",
                                                "output",
                                                "task",
                                                "window_ms",
                                                "window_origin_ms",
                                                "window",
                                                "preset",
                                                "season",
                                                "rows_min",
                                                "psi_threshold",
                                                "psi_thresholds",
                                                "false_discovery_rate",
                                                "tests",
                                                "test_thresholds",
                                                "drift_share_min",
                                                "consecutive_windows",
                                                "outcomes_min",
                                                "coverage_min",
                                                "since_ms",
                                                "reference_from_ms",
                                                "reference_to_ms",
                                                "auc_min",
                                                "reference_auc",
                                                "auc_drop_max",
                                                "mae_max",
                                                "reference_mae",
                                                "mae_rise_max",
                                                "rmse_max",
                                                "reference_rmse",
                                                "rmse_rise_max",
                                                "costs",
                                                "detectors",
                                                "feature_times",
                                                "stale_after_ms",
                                                "suite",
                                                "profile"};
  for (const auto& field : json.AsObject("monitor")) {
    if (std::find(std::begin(kKnown), std::end(kKnown), field.first) == std::end(kKnown)) {
      throw InvalidArgument("Unknown field: {}", field.first).WithField(field.first);
    }
  }
}

void Check(bool holds, const char* field, std::string_view rule) {
  if (!holds) throw InvalidArgument("{} must be {}", field, rule).WithField(field);
}

bool IsShare(double value) {
  return value >= 0 && value <= 1;
}

void CheckPreset(const MonitorSpec& spec) {
  const bool is_evidently = spec.preset == DriftPreset::kEvidently;
  Check(is_evidently || spec.tests.empty(), "tests", "left out unless the preset is evidently");
  Check(is_evidently || spec.test_thresholds.empty(), "test_thresholds",
        "left out unless the preset is evidently");
  Check(!is_evidently || spec.psi_thresholds.empty(), "psi_thresholds",
        "left out with the preset evidently, which has test_thresholds");
  Check(!is_evidently || spec.season == drift::Season::kNone, "season",
        "left out with the preset evidently, which knows none");
  for (const auto& [feature, test] : spec.tests) {
    try {
      statistics::FindDriftTest(test);
    } catch (const Error& error) {
      throw InvalidArgument("{}", error.message()).WithField("tests");
    }
  }
}

bool LimitsLosses(const MonitorSpec& spec) {
  return spec.mae_max || spec.rmse_max || spec.mae_rise_max || spec.rmse_rise_max;
}

bool LimitsAuc(const MonitorSpec& spec) {
  return spec.auc_min || spec.auc_drop_max;
}

void CheckPerformance(const MonitorSpec& spec) {
  const bool is_binary = spec.label.task == ModelTask::kBinary;
  const bool is_regression = spec.label.task == ModelTask::kRegression;
  Check(!LimitsAuc(spec) || !is_regression, "auc_min",
        "left out of a regression, with auc_drop_max");
  Check(!LimitsLosses(spec) || !is_binary, "mae_max", "left out of a classifier, like rmse_max");
  Check(!LimitsLosses(spec) || !LimitsAuc(spec), "task",
        "one: an AUC is of a classifier, MAE and RMSE of a regression");
  Check(!spec.auc_drop_max || spec.reference_auc, "reference_auc", "given for auc_drop_max");
  Check(!spec.mae_rise_max || spec.reference_mae, "reference_mae", "given for mae_rise_max");
  Check(!spec.rmse_rise_max || spec.reference_rmse, "reference_rmse", "given for rmse_rise_max");
  const auto positive = [](const std::optional<double>& value, const char* field) {
    Check(!value || *value > 0, field, "above 0");
  };
  positive(spec.mae_max, "mae_max");
  positive(spec.rmse_max, "rmse_max");
  positive(spec.mae_rise_max, "mae_rise_max");
  positive(spec.rmse_rise_max, "rmse_rise_max");
}

void CheckSpec(const MonitorSpec& spec) {
  Check(!spec.name.empty(), "name", "given");
  Check(!spec.endpoint.empty(), "endpoint", "given");
  Check(spec.window_ms >= kWindowMsMin, "window_ms", "a second or more");
  Check(spec.rows_min >= 1, "rows_min", "1 or more");
  Check(spec.outcomes_min >= 1, "outcomes_min", "1 or more");
  Check(IsShare(spec.coverage_min), "coverage_min", "from 0 to 1");
  Check(IsShare(spec.drift_share_min), "drift_share_min", "from 0 to 1");
  Check(IsShare(spec.label.threshold), "decision_threshold", "from 0 to 1");
  Check(spec.consecutive_windows >= 1 && spec.consecutive_windows <= kConsecutiveWindowsMax,
        "consecutive_windows", "from 1 to 50");
  Check(spec.false_discovery_rate > 0 && spec.false_discovery_rate <= 1, "false_discovery_rate",
        "above 0 and at most 1");
  CheckPreset(spec);
  Check(spec.stale_after_ms >= 0, "stale_after_ms", "0 or more");
  Check(spec.feature_times.empty() || spec.stale_after_ms > 0, "stale_after_ms",
        "given with feature_times");
  Check(spec.detectors.size() <= kDetectorsMax, "detectors", "50 at most");
  Check(spec.psi_threshold > 0, "psi_threshold", "above 0");
  for (const auto& entry : spec.psi_thresholds) {
    Check(entry.second > 0, "psi_thresholds", "above 0");
  }
  CheckPerformance(spec);
}

std::map<std::string, double> Numbers(const Json& json, std::string_view key) {
  std::map<std::string, double> numbers;
  const Json* own = json.Find(key);
  if (own == nullptr || own->is_null()) return numbers;
  for (const auto& [feature, value] : own->AsObject(key)) numbers[feature] = value.AsDouble(key);
  return numbers;
}

std::map<std::string, std::string> Texts(const Json& json, std::string_view key) {
  std::map<std::string, std::string> texts;
  const Json* own = json.Find(key);
  if (own == nullptr || own->is_null()) return texts;
  for (const auto& [feature, value] : own->AsObject(key)) texts[feature] = value.AsString(key);
  return texts;
}

constexpr std::pair<std::string_view, double CostMatrix::*> kCosts[] = {
    {"true_positive", &CostMatrix::true_positive},
    {"false_positive", &CostMatrix::false_positive},
    {"true_negative", &CostMatrix::true_negative},
    {"false_negative", &CostMatrix::false_negative},
    {"over", &CostMatrix::over},
    {"under", &CostMatrix::under},
};

constexpr std::pair<const char*, std::optional<double> MonitorSpec::*> kLimits[] = {
    {"auc_min", &MonitorSpec::auc_min},
    {"reference_auc", &MonitorSpec::reference_auc},
    {"auc_drop_max", &MonitorSpec::auc_drop_max},
    {"mae_max", &MonitorSpec::mae_max},
    {"reference_mae", &MonitorSpec::reference_mae},
    {"mae_rise_max", &MonitorSpec::mae_rise_max},
    {"rmse_max", &MonitorSpec::rmse_max},
    {"reference_rmse", &MonitorSpec::reference_rmse},
    {"rmse_rise_max", &MonitorSpec::rmse_rise_max},
};

constexpr std::pair<const char*, std::optional<double> PerformanceFigures::*> kFigures[] = {
    {"auc", &PerformanceFigures::auc},
    {"log_loss", &PerformanceFigures::log_loss},
    {"accuracy", &PerformanceFigures::accuracy},
    {"positive_rate_predicted", &PerformanceFigures::positive_rate_predicted},
    {"positive_rate_actual", &PerformanceFigures::positive_rate_actual},
    {"mae", &PerformanceFigures::mae},
    {"rmse", &PerformanceFigures::rmse},
    {"bias", &PerformanceFigures::bias},
    {"mean_predicted", &PerformanceFigures::mean_predicted},
    {"mean_actual", &PerformanceFigures::mean_actual},
    {"threshold", &PerformanceFigures::threshold},
    {"mae_threshold", &PerformanceFigures::mae_threshold},
    {"rmse_threshold", &PerformanceFigures::rmse_threshold},
    {"cost", &PerformanceFigures::cost},
    {"cost_per_outcome", &PerformanceFigures::cost_per_outcome},
};

// The lower of what is allowed outright and as a rise from the reference.
std::optional<double> LossThreshold(const std::optional<double>& most,
                                    const std::optional<double>& reference,
                                    const std::optional<double>& rise) {
  if (!reference || !rise) return most;
  const double raised = *reference * (1 + *rise);
  return most ? std::min(*most, raised) : raised;
}

std::optional<CostMatrix> Costs(const Json& json) {
  const Json* own = json.Find("costs");
  if (own == nullptr || own->is_null()) return std::nullopt;
  CostMatrix costs;
  for (const auto& [name, value] : own->AsObject("costs")) {
    const auto* found =
        std::find_if(std::begin(kCosts), std::end(kCosts),
                     [&, &name = name](const auto& one) { return one.first == name; });
    if (found == std::end(kCosts)) {
      throw InvalidArgument("Unknown cost: {}", name).WithField("costs");
    }
    costs.*found->second = value.AsDouble("costs");
  }
  return costs;
}

void ReadLabel(const Json& json, LabelRule* label) {
  label->task = ParseModelTask(json.GetString("task"));
  if (json.Has("output") && json.Has("probability_output")) {
    throw InvalidArgument("Give output or probability_output, which are the same, not both")
        .WithField("output");
  }
  const bool is_regression = label->task == ModelTask::kRegression;
  if (is_regression) label->probability_output = kNumberOutput;
  label->probability_output = json.GetString("probability_output", label->probability_output);
  label->probability_output = json.GetString("output", label->probability_output);
  label->threshold = json.GetDouble("decision_threshold", label->threshold);
  label->positive_label = json.GetString("positive_label", label->positive_label);
}

void ReadFacts(const Json& json, MonitorSpec* spec) {
  spec->costs = Costs(json);
  if (const Json* list = json.Find("detectors"); list && !list->is_null()) {
    for (const Json& one : list->AsArray("detectors")) {
      spec->detectors.push_back(DetectorSpec::FromJson(one));
    }
  }
  spec->feature_times = Texts(json, "feature_times");
  spec->stale_after_ms = json.GetInt("stale_after_ms", spec->stale_after_ms);
  spec->suite = json.GetString("suite");
}

template <typename Map>
Json MapJson(const Map& map) {
  Json json = Json::MakeObject();
  for (const auto& [key, value] : map) json.Set(key, value);
  return json;
}

void ReadWindowLength(const Json& json, MonitorSpec* spec) {
  const std::string name = json.GetString("window");
  if (name.empty()) {
    spec->window_ms = json.GetInt("window_ms", spec->window_ms);
  } else {
    const auto* found = std::find_if(std::begin(kWindowNames), std::end(kWindowNames),
                                     [&](const auto& known) { return known.first == name; });
    if (found == std::end(kWindowNames)) {
      throw InvalidArgument("There is no window {}. There are hour, day, week", name)
          .WithField("window");
    }
    if (json.Has("window_ms")) {
      throw InvalidArgument("Give window or window_ms, not both").WithField("window");
    }
    spec->window_ms = found->second;
    if (spec->window_ms == kWeekMs) spec->window_origin_ms = kMondayMs;
  }
  spec->window_origin_ms = json.GetInt("window_origin_ms", spec->window_origin_ms);
}

void ReadJudgement(const Json& json, MonitorSpec* spec) {
  const std::string preset = json.GetString("preset");
  if (!preset.empty()) {
    spec->preset = ParseDriftPreset(preset);
  } else if (json.Has("psi_threshold") || json.Has("psi_thresholds")) {
    spec->preset = DriftPreset::kPsi;
  }
  if (spec->preset == DriftPreset::kPsi) spec->psi_threshold = kPsiThreshold;
  if (spec->preset == DriftPreset::kEvidently) spec->drift_share_min = kEvidentlyShare;
  spec->season = drift::ParseSeason(json.GetString("season"));
  spec->rows_min = json.GetInt("rows_min", spec->rows_min);
  spec->psi_threshold = json.GetDouble("psi_threshold", spec->psi_threshold);
  spec->psi_thresholds = Numbers(json, "psi_thresholds");
  spec->false_discovery_rate = json.GetDouble("false_discovery_rate", spec->false_discovery_rate);
  spec->tests = Texts(json, "tests");
  spec->test_thresholds = Numbers(json, "test_thresholds");
  spec->drift_share_min = json.GetDouble("drift_share_min", spec->drift_share_min);
  spec->consecutive_windows = json.GetInt("consecutive_windows", spec->consecutive_windows);
}

}  // namespace

std::string_view DriftPresetName(DriftPreset preset) {
  for (const auto& [known, name] : kPresets) {
    if (known == preset) return name;
  }
  return "";
}

DriftPreset ParseDriftPreset(std::string_view name) {
  for (const auto& [preset, known] : kPresets) {
    if (known == name) return preset;
  }
  throw InvalidArgument("There is no preset {}. There are millwright, evidently, psi", name)
      .WithField("preset");
}

std::vector<ColumnTest> ColumnTests() {
  std::vector<ColumnTest> tests;
  for (const statistics::DriftTest& test : statistics::DriftTests()) {
    tests.push_back({test.name, test.title, test.threshold, test.numeric, test.categorical});
  }
  return tests;
}

drift::Period MonitorSpec::NaturalPeriod() const {
  if (window_ms >= kMonthMsMin) return drift::Period::kMonth;
  if (window_ms >= kWeekMs) return drift::Period::kWeek;
  return window_ms >= kDayMs ? drift::Period::kDay : drift::Period::kHour;
}

std::optional<double> MonitorSpec::AucThreshold() const {
  std::optional<double> threshold = auc_min;
  if (reference_auc && auc_drop_max) {
    const double floor = *reference_auc - *auc_drop_max;
    threshold = threshold ? std::max(*threshold, floor) : floor;
  }
  return threshold;
}

std::optional<double> MonitorSpec::MaeThreshold() const {
  return LossThreshold(mae_max, reference_mae, mae_rise_max);
}

std::optional<double> MonitorSpec::RmseThreshold() const {
  return LossThreshold(rmse_max, reference_rmse, rmse_rise_max);
}

LabelRule MonitorSpec::Rule() const {
  LabelRule rule = label;
  if (rule.task != ModelTask::kNone) return rule;
  if (LimitsAuc(*this)) rule.task = ModelTask::kBinary;
  if (LimitsLosses(*this)) rule.task = ModelTask::kRegression;
  return rule;
}

Json MonitorSpec::ToJson() const {
  Json names = Json::MakeArray();
  for (const std::string& feature : features) names.Append(feature);
  Json json = Json::Of({{"name", name},
                        {"endpoint", endpoint},
                        {"model", model},
                        {"reference", reference},
                        {"features", std::move(names)},
                        {"probability_output", label.probability_output},
                        {"decision_threshold", label.threshold},
                        {"positive_label", label.positive_label},
                        {"window_ms", window_ms},
                        {"window_origin_ms", window_origin_ms},
                        {"since_ms", since_ms},
                        {"preset", DriftPresetName(preset)},
                        {"season", drift::SeasonName(season)},
                        {"rows_min", rows_min},
                        {"psi_threshold", psi_threshold},
                        {"psi_thresholds", MapJson(psi_thresholds)},
                        {"false_discovery_rate", false_discovery_rate},
                        {"tests", MapJson(tests)},
                        {"test_thresholds", MapJson(test_thresholds)},
                        {"drift_share_min", drift_share_min},
                        {"consecutive_windows", consecutive_windows},
                        {"outcomes_min", outcomes_min},
                        {"coverage_min", coverage_min}});
  if (reference_to_ms > reference_from_ms) {
    json.Set("reference_from_ms", reference_from_ms).Set("reference_to_ms", reference_to_ms);
  }
  if (label.task != ModelTask::kNone) json.Set("task", ModelTaskName(label.task));
  for (const auto& [name, limit] : kLimits) SetNumber(json, name, this->*limit);
  if (costs) {
    Json matrix = Json::MakeObject();
    for (const auto& [name, cost] : kCosts) matrix.Set(std::string(name), (*costs).*cost);
    json.Set("costs", std::move(matrix));
  }
  if (!detectors.empty()) {
    Json list = Json::MakeArray();
    for (const DetectorSpec& detector : detectors) list.Append(detector.ToJson());
    json.Set("detectors", std::move(list));
  }
  if (!feature_times.empty()) json.Set("feature_times", MapJson(feature_times));
  if (stale_after_ms > 0) json.Set("stale_after_ms", stale_after_ms);
  if (!suite.empty()) json.Set("suite", suite);
  return json;
}

MonitorSpec MonitorSpec::FromJson(const Json& json) {
  RefuseUnknown(json);
  MonitorSpec spec;
  spec.name = json.GetString("name");
  spec.endpoint = json.GetString("endpoint");
  spec.model = json.GetString("model");
  spec.reference = json.GetString("reference");
  spec.reference_from_ms = json.GetInt("reference_from_ms");
  spec.reference_to_ms = json.GetInt("reference_to_ms");
  spec.features = json.GetStrings("features");
  ReadLabel(json, &spec.label);
  ReadWindowLength(json, &spec);
  spec.since_ms = json.GetInt("since_ms", spec.since_ms);
  ReadJudgement(json, &spec);
  ReadFacts(json, &spec);
  spec.outcomes_min = json.GetInt("outcomes_min", spec.outcomes_min);
  spec.coverage_min = json.GetDouble("coverage_min", spec.coverage_min);
  for (const auto& [name, limit] : kLimits) spec.*limit = Number(json, name);
  CheckSpec(spec);
  return spec;
}

std::string_view MonitorStateName(MonitorState state) {
  return state == MonitorState::kActive ? "active" : "paused";
}

std::string_view AlertKindName(AlertKind kind) {
  for (const auto& [known, name] : kAlertKinds) {
    if (known == kind) return name;
  }
  return "";
}

AlertKind ParseAlertKind(std::string_view name) {
  for (const auto& [kind, known] : kAlertKinds) {
    if (known == name) return kind;
  }
  throw InvalidArgument("Unknown kind of alert: {}", name);
}

Json FeaturesToJson(const std::vector<drift::FeatureDrift>& features) {
  Json list = Json::MakeArray();
  for (const drift::FeatureDrift& feature : features) {
    list.Append(Json::Of({{"name", feature.name},
                          {"type", feature.type},
                          {"method", feature.method},
                          {"score", feature.score ? Json(*feature.score) : Json()},
                          {"threshold", feature.threshold},
                          {"drifted", feature.drifted},
                          {"status", drift::DriftStatusName(feature.status)}}));
    Json& stored = list.AsArray().back();
    SetNumber(stored, "p_value", feature.p_value);
    SetNumber(stored, "adjusted_p", feature.adjusted_p);
    if (!feature.note.empty()) stored.Set("note", feature.note);
  }
  return list;
}

std::vector<drift::FeatureDrift> FeaturesFromJson(const Json& json) {
  std::vector<drift::FeatureDrift> features;
  for (const Json& item : json.AsArray("features")) {
    drift::FeatureDrift feature;
    feature.name = item.GetString("name");
    feature.type = item.GetString("type");
    feature.method = item.GetString("method");
    feature.score = Number(item, "score");
    feature.threshold = item.GetDouble("threshold");
    feature.drifted = item.GetBool("drifted");
    feature.p_value = Number(item, "p_value");
    feature.adjusted_p = Number(item, "adjusted_p");
    feature.note = item.GetString("note");
    for (drift::DriftStatus status :
         {drift::DriftStatus::kNotEnoughData, drift::DriftStatus::kMissingColumn,
          drift::DriftStatus::kNotApplicable}) {
      if (item.GetString("status") == drift::DriftStatusName(status)) feature.status = status;
    }
    features.push_back(std::move(feature));
  }
  return features;
}

Json ChangesToJson(const std::vector<DetectedChange>& changes) {
  Json list = Json::MakeArray();
  for (const DetectedChange& change : changes) list.Append(change.ToJson());
  return list;
}

std::vector<DetectedChange> ChangesFromJson(const Json& json) {
  std::vector<DetectedChange> changes;
  for (const Json& change : json.AsArray("changes")) {
    changes.push_back(DetectedChange::FromJson(change));
  }
  return changes;
}

Json PerformanceToJson(const PerformanceFigures& figures) {
  Json json = Json::MakeObject();
  for (const auto& [name, figure] : kFigures) SetNumber(json, name, figures.*figure);
  return json;
}

PerformanceFigures PerformanceFromJson(const Json& json) {
  PerformanceFigures figures;
  for (const auto& [name, figure] : kFigures) figures.*figure = Number(json, name);
  return figures;
}

}  // namespace millwright::monitoring

#include "monitoring/monitor.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace millwright::monitoring {
namespace {

constexpr int64_t kWindowMsMin = 1000;

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
                                                "window_ms",
                                                "window_origin_ms",
                                                "rows_min",
                                                "psi_threshold",
                                                "psi_thresholds",
                                                "drift_share_min",
                                                "outcomes_min",
                                                "coverage_min",
                                                "since_ms",
                                                "auc_min",
                                                "reference_auc",
                                                "auc_drop_max",
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

void CheckSpec(const MonitorSpec& spec) {
  Check(!spec.name.empty(), "name", "given");
  Check(!spec.endpoint.empty(), "endpoint", "given");
  Check(spec.window_ms >= kWindowMsMin, "window_ms", "a second or more");
  Check(spec.rows_min >= 1, "rows_min", "1 or more");
  Check(spec.outcomes_min >= 1, "outcomes_min", "1 or more");
  Check(IsShare(spec.coverage_min), "coverage_min", "from 0 to 1");
  Check(IsShare(spec.drift_share_min), "drift_share_min", "from 0 to 1");
  Check(IsShare(spec.label.threshold), "decision_threshold", "from 0 to 1");
  Check(spec.psi_threshold > 0, "psi_threshold", "above 0");
  for (const auto& entry : spec.psi_thresholds) {
    Check(entry.second > 0, "psi_thresholds", "above 0");
  }
  Check(!spec.auc_drop_max || spec.reference_auc, "reference_auc", "given for auc_drop_max");
}

}  // namespace

std::optional<double> MonitorSpec::AucThreshold() const {
  std::optional<double> threshold = auc_min;
  if (reference_auc && auc_drop_max) {
    const double floor = *reference_auc - *auc_drop_max;
    threshold = threshold ? std::max(*threshold, floor) : floor;
  }
  return threshold;
}

Json MonitorSpec::ToJson() const {
  Json names = Json::MakeArray(), thresholds = Json::MakeObject();
  for (const std::string& feature : features) names.Append(feature);
  for (const auto& [feature, threshold] : psi_thresholds) thresholds.Set(feature, threshold);
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
                        {"rows_min", rows_min},
                        {"psi_threshold", psi_threshold},
                        {"psi_thresholds", std::move(thresholds)},
                        {"drift_share_min", drift_share_min},
                        {"outcomes_min", outcomes_min},
                        {"coverage_min", coverage_min}});
  SetNumber(json, "auc_min", auc_min);
  SetNumber(json, "reference_auc", reference_auc);
  SetNumber(json, "auc_drop_max", auc_drop_max);
  return json;
}

MonitorSpec MonitorSpec::FromJson(const Json& json) {
  RefuseUnknown(json);
  MonitorSpec spec;
  spec.name = json.GetString("name");
  spec.endpoint = json.GetString("endpoint");
  spec.model = json.GetString("model");
  spec.reference = json.GetString("reference");
  spec.features = json.GetStrings("features");
  spec.label.probability_output =
      json.GetString("probability_output", spec.label.probability_output);
  spec.label.threshold = json.GetDouble("decision_threshold", spec.label.threshold);
  spec.label.positive_label = json.GetString("positive_label", spec.label.positive_label);
  spec.window_ms = json.GetInt("window_ms", spec.window_ms);
  spec.window_origin_ms = json.GetInt("window_origin_ms", spec.window_origin_ms);
  spec.since_ms = json.GetInt("since_ms", spec.since_ms);
  spec.rows_min = json.GetInt("rows_min", spec.rows_min);
  spec.psi_threshold = json.GetDouble("psi_threshold", spec.psi_threshold);
  if (const Json* own = json.Find("psi_thresholds"); own && !own->is_null()) {
    for (const auto& [feature, threshold] : own->AsObject("psi_thresholds")) {
      spec.psi_thresholds[feature] = threshold.AsDouble("psi_thresholds");
    }
  }
  spec.drift_share_min = json.GetDouble("drift_share_min", spec.drift_share_min);
  spec.outcomes_min = json.GetInt("outcomes_min", spec.outcomes_min);
  spec.coverage_min = json.GetDouble("coverage_min", spec.coverage_min);
  spec.auc_min = Number(json, "auc_min");
  spec.reference_auc = Number(json, "reference_auc");
  spec.auc_drop_max = Number(json, "auc_drop_max");
  CheckSpec(spec);
  return spec;
}

std::string_view MonitorStateName(MonitorState state) {
  return state == MonitorState::kActive ? "active" : "paused";
}

std::string_view AlertKindName(AlertKind kind) {
  return kind == AlertKind::kDrift ? "drift" : "performance";
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
    for (drift::DriftStatus status :
         {drift::DriftStatus::kNotEnoughData, drift::DriftStatus::kMissingColumn}) {
      if (item.GetString("status") == drift::DriftStatusName(status)) feature.status = status;
    }
    features.push_back(std::move(feature));
  }
  return features;
}

Json PerformanceToJson(const PerformanceFigures& figures) {
  Json json = Json::MakeObject();
  SetNumber(json, "auc", figures.auc);
  SetNumber(json, "log_loss", figures.log_loss);
  SetNumber(json, "accuracy", figures.accuracy);
  SetNumber(json, "positive_rate_predicted", figures.positive_rate_predicted);
  SetNumber(json, "positive_rate_actual", figures.positive_rate_actual);
  SetNumber(json, "threshold", figures.threshold);
  return json;
}

PerformanceFigures PerformanceFromJson(const Json& json) {
  return {Number(json, "auc"),
          Number(json, "log_loss"),
          Number(json, "accuracy"),
          Number(json, "positive_rate_predicted"),
          Number(json, "positive_rate_actual"),
          Number(json, "threshold")};
}

}  // namespace millwright::monitoring

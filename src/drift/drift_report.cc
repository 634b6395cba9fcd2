#include "drift/drift_report.h"

#include <algorithm>

namespace millwright::drift {
namespace {

constexpr std::pair<DriftStatus, std::string_view> kStatusNames[] = {
    {DriftStatus::kMeasured, "measured"},
    {DriftStatus::kNotEnoughData, "not_enough_data"},
    {DriftStatus::kMissingColumn, "missing_column"},
    {DriftStatus::kNotApplicable, "not_applicable"},
};

Json FeatureJson(const FeatureDrift& feature) {
  Json json = Json::Of({{"name", feature.name},
                        {"type", feature.type},
                        {"method", feature.method},
                        {"score", feature.score ? Json(*feature.score) : Json()},
                        {"threshold", feature.threshold},
                        {"drifted", feature.drifted},
                        {"status", DriftStatusName(feature.status)}});
  if (feature.p_value) json.Set("p_value", *feature.p_value);
  if (feature.adjusted_p) json.Set("adjusted_p", *feature.adjusted_p);
  if (!feature.note.empty()) json.Set("note", feature.note);
  return json;
}

}  // namespace

std::string_view DriftStatusName(DriftStatus status) {
  for (const auto& [value, name] : kStatusNames) {
    if (value == status) return name;
  }
  return "measured";
}

int64_t DriftReport::drifted() const {
  return std::count_if(features.begin(), features.end(),
                       [](const FeatureDrift& feature) { return feature.drifted; });
}

int64_t DriftReport::missing() const {
  return std::count_if(features.begin(), features.end(), [](const FeatureDrift& feature) {
    return feature.status == DriftStatus::kMissingColumn;
  });
}

double DriftReport::share() const {
  if (features.empty()) return 0;
  return static_cast<double>(drifted()) / static_cast<double>(features.size());
}

bool DriftReport::has_drifted() const {
  if (together && together->domain.drifted) return true;
  return drifted() > 0 && share() >= drift_share;
}

const Distribution* DriftReport::FindDistribution(const std::string& feature) const {
  for (const Distribution& distribution : distributions) {
    if (distribution.feature == feature) return &distribution;
  }
  return nullptr;
}

Json DriftReport::ToJson() const {
  Json list = Json::MakeArray();
  for (const FeatureDrift& feature : features) list.Append(FeatureJson(feature));
  Json json = Json::Of({{"preset", preset},
                        {"reference", reference},
                        {"current", current},
                        {"reference_rows", reference_rows},
                        {"current_rows", current_rows},
                        {"columns", features.size()},
                        {"drifted_columns", drifted()},
                        {"missing_columns", missing()},
                        {"drift_share", drift_share},
                        {"drifted", has_drifted()},
                        {"features", std::move(list)}});
  if (together) json.Set("together", together->ToJson());
  return json;
}

}  // namespace millwright::drift

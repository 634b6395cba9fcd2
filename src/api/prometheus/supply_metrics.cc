#include "api/prometheus/supply_metrics.h"

#include "api/prometheus/exposition.h"
#include "supply/supplied_models.h"

namespace millwright::api::prometheus {
namespace {

using supply::SupplyStatus;

// One metric with a sample for each model.
void AppendPerModel(std::string_view name, std::string_view help, Type type,
                    const std::vector<SupplyStatus>& all, double (*value)(const SupplyStatus&),
                    std::string* out) {
  AppendHead(name, help, type, out);
  for (const SupplyStatus& one : all) {
    std::string labels;
    AppendLabel("model", one.model, &labels);
    AppendSample(name, labels, value(one), out);
  }
}

}  // namespace

std::string SupplyMetrics(const supply::SuppliedModels& models) {
  const auto all = models.Status();
  std::string text;
  AppendPerModel(
      "millwright_model_source_up", "Whether the source of a model answered last", Type::kGauge,
      all, [](const SupplyStatus& one) { return one.is_up ? 1.0 : 0.0; }, &text);
  AppendPerModel(
      "millwright_model_source_failures_total", "Looks at a model's source that failed",
      Type::kCounter, all,
      [](const SupplyStatus& one) { return static_cast<double>(one.origin_failures); }, &text);
  AppendPerModel(
      "millwright_model_loads_total", "Versions of a model that were loaded", Type::kCounter, all,
      [](const SupplyStatus& one) { return static_cast<double>(one.loads); }, &text);
  AppendPerModel(
      "millwright_model_load_failures_total", "Versions of a model that could not be loaded",
      Type::kCounter, all,
      [](const SupplyStatus& one) { return static_cast<double>(one.load_failures); }, &text);
  AppendPerModel(
      "millwright_model_evictions_total", "Times that a model was unloaded to make room",
      Type::kCounter, all,
      [](const SupplyStatus& one) { return static_cast<double>(one.unloads_for_memory); }, &text);
  constexpr std::string_view kMemory = "millwright_model_memory_bytes";
  AppendHead(kMemory, "Memory that a version in memory takes, as measured when it was loaded",
             Type::kGauge, &text);
  for (const SupplyStatus& one : all) {
    for (const auto& version : one.versions) {
      std::string labels;
      AppendLabel("model", one.model, &labels);
      AppendLabel("version", version.version, &labels);
      AppendSample(kMemory, labels, static_cast<double>(version.memory_bytes), &text);
    }
  }
  constexpr std::string_view kAll = "millwright_models_memory_bytes";
  AppendHead(kAll, "Memory that all models take, those that are leaving included", Type::kGauge,
             &text);
  AppendSample(kAll, "", static_cast<double>(models.memory_bytes()), &text);
  return text;
}

}  // namespace millwright::api::prometheus

#include "server/prediction_recorder.h"

#include <memory>

#include "base/json.h"
#include "serving/tensor_bytes.h"

namespace millwright::server {
namespace {

monitoring::Role LoggedRole(serving::Role role) {
  switch (role) {
    case serving::Role::kCanary:
      return monitoring::Role::kCanary;
    case serving::Role::kShadow:
      return monitoring::Role::kShadow;
    case serving::Role::kLive:
    case serving::Role::kRetired:
      return monitoring::Role::kLive;
  }
  return monitoring::Role::kLive;
}

// Takes texts over.
struct ToLoggedValue {
  monitoring::Value operator()(std::monostate) const { return {}; }
  monitoring::Value operator()(bool value) const { return value; }
  monitoring::Value operator()(int64_t value) const { return static_cast<double>(value); }
  monitoring::Value operator()(double value) const { return value; }
  monitoring::Value operator()(std::string&& value) const { return std::move(value); }
  monitoring::Value operator()(std::vector<double>&& values) const {
    constexpr size_t kNumberBytes = 20;  // of most
    std::string text;
    text.reserve(2 + kNumberBytes * values.size());
    JsonWriter writer(&text);
    writer.BeginArray();
    for (const double value : values) writer.Double(value);
    writer.EndArray();
    return text;
  }
};

void AppendOutputs(serving::PredictionRow row, const serving::LoggingRules& rules,
                   const std::string& endpoint, monitoring::NamedValues* outputs) {
  monitoring::SecondNumbers seconds;
  for (auto& [name, value] : row.outputs) {
    // Nor is anything taken out of what is hidden.
    if (rules.Hides(endpoint, name)) continue;
    const auto* list = std::get_if<std::vector<double>>(&value);
    if (list != nullptr && list->size() == 2) seconds.emplace_back(name, (*list)[1]);
    outputs->emplace_back(std::move(name), std::visit(ToLoggedValue(), std::move(value)));
  }
  monitoring::AddProbabilities(seconds, outputs);
}

std::vector<monitoring::Prediction> Rows(const serving::LoggedPrediction& logged,
                                         const serving::LoggingRules& rules) {
  std::vector<monitoring::Prediction> rows;
  for (serving::PredictionRow& row : serving::RowsOf(logged)) {
    monitoring::Prediction& prediction = rows.emplace_back();
    prediction.id = std::move(row.id);
    prediction.endpoint = logged.endpoint;
    prediction.model_version = logged.model_version;
    prediction.revision = logged.revision;
    prediction.role = LoggedRole(logged.role);
    prediction.time_ms = logged.time_ms;
    prediction.event_time_ms = logged.event_time_ms;
    prediction.latency_us = logged.latency_us;
    prediction.caller = logged.caller;
    prediction.trace_id = logged.trace_id;
    prediction.cached = logged.is_cached;
    prediction.error = logged.error;
    prediction.inputs.reserve(row.inputs.size());
    for (auto& [name, value] : row.inputs) {
      if (rules.Hides(logged.endpoint, name)) continue;
      prediction.inputs.emplace_back(std::move(name),
                                     std::visit(ToLoggedValue(), std::move(value)));
    }
    AppendOutputs(std::move(row), rules, logged.endpoint, &prediction.outputs);
    std::erase_if(prediction.outputs,
                  [&](const auto& output) { return rules.Hides(logged.endpoint, output.first); });
  }
  return rows;
}

}  // namespace

void PredictionRecorder::Take(serving::LoggedPrediction prediction) {
  if (!rules_->Keeps(prediction.endpoint, prediction.id)) return;
  const int64_t bytes = int64_t{sizeof prediction} + serving::TensorBytes(*prediction.inputs) +
                        serving::TensorBytes(prediction.outputs);
  // A full queue drops and counts; nothing is to be done about it here.
  log_.OfferLater(
      [shared = std::make_shared<const serving::LoggedPrediction>(std::move(prediction)),
       rules = rules_] { return Rows(*shared, *rules); },
      static_cast<size_t>(bytes));
}

}  // namespace millwright::server

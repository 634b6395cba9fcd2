#include "monitoring/row_facts.h"

#include <algorithm>

#include "base/json.h"

namespace millwright::monitoring {
namespace {

constexpr char kNumber[] = "DOUBLE";
constexpr char kTruth[] = "BOOLEAN";
constexpr char kText[] = "VARCHAR";

// What a prediction's row has beside its inputs and outputs.
constexpr std::string_view kOwnPrefixes[] = {kInputPrefix, kOutputPrefix};

bool IsColumn(std::string_view name) {
  return std::any_of(std::begin(kOwnPrefixes), std::end(kOwnPrefixes),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

// A number that JSON cannot write is the text NaN or Infinity: no reason to give up its type.
bool IsNumberAsText(std::string_view text) {
  return text == "NaN" || text == "Infinity" || text == "-Infinity";
}

void AddColumn(const std::string& name, const char* type, Schema& schema) {
  const auto [known, added] = schema.emplace(name, type);
  if (!added && known->second != type) known->second = kText;
}

const char* TypeOf(const Json& value) {
  if (value.is_bool()) return kTruth;
  if (value.is_number()) return kNumber;
  return value.is_string() && IsNumberAsText(value.AsString()) ? kNumber : kText;
}

// nullptr for nothing.
const char* TypeOf(const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return nullptr;
  if (std::holds_alternative<bool>(value)) return kTruth;
  if (std::holds_alternative<double>(value)) return kNumber;
  return IsNumberAsText(std::get<std::string>(value)) ? kNumber : kText;
}

void AddColumns(const NamedValues& values, std::string_view prefix, Schema& schema) {
  for (const auto& [name, value] : values) {
    if (const char* type = TypeOf(value)) AddColumn(std::string(prefix) + name, type, schema);
  }
}

}  // namespace

void MergeSchema(const Schema& from, Schema& into) {
  for (const auto& [name, type] : from) AddColumn(name, type.c_str(), into);
}

void OutcomeTraits::Add(const OutcomeTraits& other) {
  key_inputs.insert(other.key_inputs.begin(), other.key_inputs.end());
  has_feedback |= other.has_feedback;
  has_sources |= other.has_sources;
}

int64_t HourAt(int64_t time_ms) {
  return (time_ms - (time_ms < 0 ? kHourMs - 1 : 0)) / kHourMs;
}

void HourOfRows::Add(int64_t count, int64_t first_ms, int64_t last_ms) {
  rows += count;
  happened_first_ms = std::min(happened_first_ms, first_ms);
  happened_last_ms = std::max(happened_last_ms, last_ms);
}

RowFacts::Shape RowFacts::ShapeOf(const NamedValues& values) {
  Shape shape;
  shape.reserve(values.size());
  for (const auto& [name, value] : values) shape.emplace_back(name, TypeOf(value));
  return shape;
}

bool RowFacts::Has(const Shape& shape, const NamedValues& values) {
  return std::equal(shape.begin(), shape.end(), values.begin(), values.end(),
                    [](const auto& column, const auto& value) {
                      return column.second == TypeOf(value.second) && column.first == value.first;
                    });
}

void RowFacts::Add(const Prediction& prediction) {
  ++rows[{RecordKind::kPrediction, prediction.endpoint}];
  const int64_t happened_ms =
      prediction.event_time_ms == 0 ? prediction.time_ms : prediction.event_time_ms;
  hours[{prediction.endpoint, HourAt(prediction.time_ms)}].Add(1, happened_ms, happened_ms);
  Schema& schema = schemas[{RecordKind::kPrediction, prediction.endpoint}];
  const bool is_same = last_endpoint_ == prediction.endpoint;
  if (!is_same || !Has(last_inputs_, prediction.inputs)) {
    AddColumns(prediction.inputs, kInputPrefix, schema);
    last_inputs_ = ShapeOf(prediction.inputs);
  }
  if (!is_same || !Has(last_outputs_, prediction.outputs)) {
    AddColumns(prediction.outputs, kOutputPrefix, schema);
    last_outputs_ = ShapeOf(prediction.outputs);
  }
  if (!is_same) last_endpoint_ = prediction.endpoint;
}

void RowFacts::Add(const std::string& endpoint, const Outcome& outcome) {
  ++rows[{RecordKind::kOutcome, endpoint}];
  schemas[{RecordKind::kOutcome, endpoint}];
  OutcomeTraits& seen = traits[endpoint];
  if (outcome.key) seen.key_inputs.insert(outcome.key->input);
  seen.has_feedback |= outcome.kind == OutcomeKind::kFeedback;
  seen.has_sources |= !outcome.source.empty();
}

void RowFacts::AddStored(RecordKind kind, const Json& row) {
  const std::string endpoint = row.GetString("endpoint");
  const int64_t time_ms = row.GetInt("time_ms");
  ++rows[{kind, endpoint}];
  Schema& schema = schemas[{kind, endpoint}];
  if (kind == RecordKind::kOutcome) {
    OutcomeTraits& seen = traits[endpoint];
    if (const std::string input = row.GetString("key_input"); !input.empty()) {
      seen.key_inputs.insert(input);
    }
    seen.has_feedback |= row.GetString("kind") == OutcomeKindName(OutcomeKind::kFeedback);
    seen.has_sources |= !row.GetString("source").empty();
    return;
  }
  for (const auto& [name, value] : row.AsObject()) {
    if (IsColumn(name) && !value.is_null()) AddColumn(name, TypeOf(value), schema);
  }
  const int64_t happened_ms = row.GetInt("event_time_ms", time_ms);
  hours[{endpoint, HourAt(time_ms)}].Add(1, happened_ms, happened_ms);
}

}  // namespace millwright::monitoring

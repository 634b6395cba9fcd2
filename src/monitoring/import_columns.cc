#include "monitoring/import_columns.h"

#include <algorithm>

#include "base/error.h"

namespace millwright::monitoring {
namespace {

constexpr size_t kShownBytes = 100;  // of a value in a message

// Fields of the log that say nothing of a prediction that was made elsewhere.
constexpr std::string_view kPassedOver[] = {
    "endpoint",        "revision", "role",          "cached",           "outcome_text",
    "outcome_time_ms", "feedback", "feedback_text", "feedback_comment", "feedback_time_ms"};

bool Has(const auto& names, const std::string& name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

ImportRoles::Value ValueOf(const ImportColumn& column, size_t place) {
  const std::string& name = column.name;
  if (name.starts_with(kInputPrefix)) {
    return {place, ImportPart::kInput, name.substr(sizeof kInputPrefix - 1)};
  }
  if (name.starts_with(kOutputPrefix)) {
    return {place, ImportPart::kOutput, name.substr(sizeof kOutputPrefix - 1)};
  }
  if (name == "inputs" && column.is_object) return {place, ImportPart::kInputs, name};
  if (name == "outputs" && column.is_object) return {place, ImportPart::kOutputs, name};
  return {place, ImportPart::kInput, name};
}

}  // namespace

void AddObject(const Json& json, NamedValues* values) {
  if (!json.is_object()) {
    throw InvalidArgument("{} is no object of values", json.Dump().substr(0, kShownBytes));
  }
  for (const auto& [name, value] : json.AsObject()) values->emplace_back(name, ToValue(value));
}

ImportRoles RolesOf(const std::vector<ImportColumn>& columns, const ImportRules& rules) {
  const auto find = [&](const std::string& name) -> std::optional<size_t> {
    const auto found =
        std::find_if(columns.begin(), columns.end(),
                     [&](const ImportColumn& column) { return column.name == name; });
    if (found == columns.end()) return std::nullopt;
    return static_cast<size_t>(found - columns.begin());
  };
  const auto require = [&](const std::string& name) {
    const std::optional<size_t> place = find(name);
    if (!place) throw InvalidArgument("The table has no column {}", name);
    return place;
  };
  std::vector<bool> is_taken(columns.size());
  const auto take = [&](const std::string& named, const char* own) {
    const std::optional<size_t> place = named.empty() ? find(own) : require(named);
    if (place) is_taken[*place] = true;
    return place;
  };
  for (const std::string& output : rules.outputs) require(output);
  ImportRoles roles;
  roles.id = take(rules.id, "id");
  roles.time = take(rules.time, "time_ms");
  roles.event_time = take(rules.event_time, "event_time_ms");
  roles.version = take(rules.version, "model_version");
  roles.latency_us = take(rules.latency_us, "latency_us");
  roles.caller = take("", "caller");
  roles.trace_id = take("", "trace_id");
  roles.error = take("", "error");
  roles.outcome = take(rules.outcome, "outcome");
  if (rules.outcome.empty()) roles.outcome_text = find("outcome_text");
  for (size_t i = 0; i < columns.size(); ++i) {
    if (Has(rules.outputs, columns[i].name)) {
      roles.values.push_back({i, ImportPart::kOutput, columns[i].name});
    } else if (!is_taken[i] && !Has(kPassedOver, columns[i].name)) {
      roles.values.push_back(ValueOf(columns[i], i));
    }
  }
  return roles;
}

}  // namespace millwright::monitoring

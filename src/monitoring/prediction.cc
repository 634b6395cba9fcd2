#include "monitoring/prediction.h"

#include <strings.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/valid_text.h"

namespace millwright::monitoring {
namespace {

constexpr std::pair<Role, std::string_view> kRoleNames[] = {
    {Role::kLive, "live"}, {Role::kCanary, "canary"}, {Role::kShadow, "shadow"}};

constexpr std::pair<OutcomeKind, std::string_view> kOutcomeKindNames[] = {
    {OutcomeKind::kLabel, "label"}, {OutcomeKind::kFeedback, "feedback"}};

void WriteValue(const Value& value, JsonWriter& writer) {
  if (const auto* truth = std::get_if<bool>(&value)) {
    writer.Bool(*truth);
  } else if (const auto* number = std::get_if<double>(&value)) {
    writer.Double(*number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    writer.String(*text);
  } else {
    writer.Null();
  }
}

bool IsSameColumn(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool Has(const NamedValues& values, std::string_view name) {
  return std::any_of(values.begin(), values.end(),
                     [&](const auto& value) { return IsSameColumn(value.first, name); });
}

void WriteColumns(const NamedValues& values, std::string_view prefix, JsonWriter& writer) {
  std::string column;
  for (const auto& [name, value] : values) {
    column.assign(prefix);
    column += name;
    writer.Key(column);
    WriteValue(value, writer);
  }
}

// Bytes that are no text, as of a tensor of bytes, would make the line one that nobody can read.
std::string Valid(std::string line) {
  const bool is_plain = std::all_of(line.begin(), line.end(),
                                    [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return is_plain ? line : ValidText(line);
}

}  // namespace

void AddProbabilities(const SecondNumbers& seconds, NamedValues* outputs) {
  constexpr std::string_view kName = "probability";
  const bool is_plain = seconds.size() == 1 && !Has(*outputs, kName);
  for (const auto& [output, number] : seconds) {
    std::string name = is_plain ? std::string(kName) : output + "_" + std::string(kName);
    if (!Has(*outputs, name)) outputs->emplace_back(std::move(name), number);
  }
}

bool MakeColumnsUnique(NamedValues* values) {
  // Sorted without regard to case, what is the same is side by side: cheaper than a look at each
  // pair, for a row may have thousands.
  std::vector<size_t> order(values->size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto compare = [&](size_t a, size_t b) {
    return strcasecmp((*values)[a].first.c_str(), (*values)[b].first.c_str());
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return compare(a, b) < 0; });
  bool was_unique = true;
  for (size_t i = 1; i < order.size(); ++i) {
    if (compare(order[i - 1], order[i]) != 0) continue;
    was_unique = false;
    break;
  }
  if (was_unique) return false;
  NamedValues unique;
  unique.reserve(values->size());
  for (auto& [name, value] : *values) {
    std::string own = name;
    for (int number = 2; Has(unique, own) || (own != name && Has(*values, own)); ++number) {
      own = name + "_" + std::to_string(number);
    }
    unique.emplace_back(std::move(own), std::move(value));
  }
  *values = std::move(unique);
  return true;
}

Value ToValue(const Json& json) {
  if (json.is_null()) return {};
  if (json.is_bool()) return json.AsBool();
  if (json.is_number()) return json.AsDouble();
  if (json.is_string()) return json.AsString();
  return json.Dump();
}

Value ReadField(std::string_view field) {
  if (field == "true" || field == "false") return field == "true";
  double number = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  if (error == std::errc() && end == field.data() + field.size()) return number;
  return std::string(field);
}

Json ToJson(const Value& value) {
  if (const auto* truth = std::get_if<bool>(&value)) return *truth;
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return {};
}

std::string_view RoleName(Role role) {
  for (const auto& [value, name] : kRoleNames) {
    if (value == role) return name;
  }
  return "live";
}

Role ParseRole(std::string_view text) {
  for (const auto& [value, name] : kRoleNames) {
    if (name == text) return value;
  }
  throw InvalidArgument("role must be live, canary or shadow: {}", text).WithField("role");
}

std::string_view OutcomeKindName(OutcomeKind kind) {
  for (const auto& [value, name] : kOutcomeKindNames) {
    if (value == kind) return name;
  }
  return "label";
}

OutcomeKind ParseOutcomeKind(std::string_view text) {
  for (const auto& [value, name] : kOutcomeKindNames) {
    if (name == text) return value;
  }
  throw InvalidArgument("kind must be label or feedback: {}", text).WithField("kind");
}

std::string EncodePrediction(const Prediction& prediction) {
  std::string line;
  line.reserve(256 + 32 * (prediction.inputs.size() + prediction.outputs.size()));
  JsonWriter writer(&line);
  writer.BeginObject();
  writer.Field("id", prediction.id);
  writer.Field("endpoint", prediction.endpoint);
  writer.Field("model_version", prediction.model_version);
  writer.Field("revision", prediction.revision);
  writer.Field("role", RoleName(prediction.role));
  writer.Field("time_ms", prediction.time_ms);
  writer.Field("event_time_ms",
               prediction.event_time_ms == 0 ? prediction.time_ms : prediction.event_time_ms);
  if (prediction.latency_us != kLatencyUnknown) writer.Field("latency_us", prediction.latency_us);
  writer.Field("caller", prediction.caller);
  if (!prediction.trace_id.empty()) writer.Field("trace_id", prediction.trace_id);
  writer.Field("error", prediction.error);
  if (prediction.cached) writer.Field("cached", true);
  WriteColumns(prediction.inputs, kInputPrefix, writer);
  WriteColumns(prediction.outputs, kOutputPrefix, writer);
  writer.EndObject();
  return Valid(std::move(line));
}

std::string EncodeOutcome(const std::string& endpoint, const Outcome& outcome,
                          const std::string& who, int64_t sequence) {
  std::string line;
  JsonWriter writer(&line);
  writer.BeginObject();
  if (outcome.key) {
    writer.Field("key_input", outcome.key->input);
    writer.Field("key_value", outcome.key->value);
    writer.Field("within_ms", outcome.key->within_ms);
  } else {
    writer.Field("prediction_id", outcome.prediction_id);
  }
  writer.Field("endpoint", endpoint);
  writer.Field("kind", OutcomeKindName(outcome.kind));
  if (!outcome.comment.empty()) writer.Field("comment", outcome.comment);
  writer.Field("time_ms", outcome.time_ms);
  writer.Field("who", who);
  writer.Field("sequence", sequence);
  if (!outcome.source.empty()) writer.Field("source", outcome.source);
  if (const auto* truth = std::get_if<bool>(&outcome.value)) {
    writer.Field("number", *truth ? 1.0 : 0.0);
    writer.Field("text", *truth ? "true" : "false");
  } else if (const auto* number = std::get_if<double>(&outcome.value)) {
    writer.Field("number", *number);
  } else if (const auto* text = std::get_if<std::string>(&outcome.value)) {
    writer.Field("text", *text);
  }
  writer.EndObject();
  return Valid(std::move(line));
}

}  // namespace millwright::monitoring

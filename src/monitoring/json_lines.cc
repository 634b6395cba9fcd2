#include "monitoring/json_lines.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"

namespace millwright::monitoring {
namespace {

constexpr std::string_view kExtensions[] = {".jsonl", ".ndjson"};
constexpr size_t kLineBytesMax = 16 << 20;

bool IsBlank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

// Nothing of null.
std::optional<std::string> TextOf(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return json.is_string() ? json.AsString() : json.Dump();
}

std::optional<int64_t> ReadInteger(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<int64_t> IntegerOf(const Json& json) {
  if (json.is_int()) return json.AsInt();
  if (json.is_string()) return ReadInteger(json.AsString());
  constexpr double kLargest = 9.2e18;
  if (!json.is_double() || !(std::abs(json.AsDouble()) < kLargest)) return std::nullopt;
  return std::llround(json.AsDouble());
}

std::optional<int64_t> TimeOf(const Json& json) {
  if (const auto number = IntegerOf(json); number || !json.is_string()) return number;
  try {
    return ParseTime(json.AsString());
  } catch (const Error&) {
    return std::nullopt;
  }
}

void AddValue(const ImportRoles::Value& role, const Json& json, ImportedRow* row) {
  switch (role.part) {
    case ImportPart::kInput:
      row->inputs.emplace_back(role.name, ToValue(json));
      return;
    case ImportPart::kOutput:
      row->outputs.emplace_back(role.name, ToValue(json));
      return;
    case ImportPart::kInputs:
      AddObject(json, &row->inputs);
      return;
    case ImportPart::kOutputs:
      AddObject(json, &row->outputs);
      return;
  }
}

}  // namespace

std::optional<JsonLines> JsonLines::Open(const std::filesystem::path& file,
                                         const ImportRules& rules) {
  const std::string extension = file.extension().string();
  if (std::find(std::begin(kExtensions), std::end(kExtensions), extension) ==
      std::end(kExtensions)) {
    return std::nullopt;
  }
  JsonLines lines(file);
  if (!lines.Learn(rules.id.empty() ? "id" : rules.id)) return std::nullopt;
  lines.roles_ = RolesOf(lines.columns_, rules);
  return lines;
}

bool JsonLines::Learn(const std::string& id) {
  try {
    ForEachObject([&](const Json& object) {
      if (static_cast<int64_t>(ids_.size()) > kImportRowsMax) return;
      ids_.emplace_back();
      size_t near = 0;
      for (const auto& [name, value] : object.AsObject()) {
        const size_t place = PlaceOf(name, near++);
        if (place == columns_.size()) {
          places_[name] = place;
          columns_.push_back({.name = name});
        }
        columns_[place].is_object |= value.is_object();
        if (name == id) ids_.back() = TextOf(value);
      }
    });
  } catch (const Error&) {
    return false;
  }
  if (static_cast<int64_t>(ids_.size()) > kImportRowsMax) {
    throw InvalidArgument("A file may have {} predictions; send this one in pieces",
                          kImportRowsMax);
  }
  return true;
}

void JsonLines::ForEachObject(const std::function<void(const Json&)>& each) const {
  std::ifstream in(file_, std::ios::binary);
  std::vector<char> buffer(kLineBytesMax);
  while (in.getline(buffer.data(), static_cast<std::streamsize>(buffer.size()))) {
    auto bytes = static_cast<size_t>(in.gcount());
    if (!in.eof()) --bytes;  // the line break
    const std::string_view line(buffer.data(), bytes);
    if (IsBlank(line)) continue;
    const Json json = ParseJson(line);
    if (!json.is_object()) throw InvalidArgument("A line is no object");
    each(json);
  }
  if (!in.eof()) throw InvalidArgument("A line cannot be read");
}

// Lines mostly have the same fields in the same order.
size_t JsonLines::PlaceOf(const std::string& name, size_t near) const {
  if (near < columns_.size() && columns_[near].name == name) return near;
  const auto found = places_.find(name);
  return found == places_.end() ? columns_.size() : found->second;
}

ImportedRow JsonLines::RowOf(const Json& object, int64_t number) const {
  std::vector<const Json*> cells(columns_.size());
  size_t near = 0;
  for (const auto& [name, value] : object.AsObject()) {
    if (!value.is_null()) cells[PlaceOf(name, near)] = &value;
    ++near;
  }
  const auto at = [&](const std::optional<size_t>& place) -> const Json& {
    static const Json kNull;
    return place && cells[*place] != nullptr ? *cells[*place] : kNull;
  };
  const auto text = [&](const std::optional<size_t>& place) {
    return TextOf(at(place)).value_or("");
  };
  ImportedRow row{.number = number,
                  .id = TextOf(at(roles_.id)),
                  .time_ms = TimeOf(at(roles_.asked())),
                  .has_time = !at(roles_.asked()).is_null(),
                  .event_time_ms = TimeOf(at(roles_.event_time)),
                  .version = text(roles_.version),
                  .trace_id = text(roles_.trace_id),
                  .error = text(roles_.error),
                  .caller = TextOf(at(roles_.caller)),
                  .latency_us = IntegerOf(at(roles_.latency_us)),
                  .outcome = ToValue(at(roles_.outcome)),
                  .inputs = {},
                  .outputs = {},
                  .refusal = {}};
  if (at(roles_.outcome).is_null()) row.outcome = ToValue(at(roles_.outcome_text));
  row.inputs.reserve(roles_.values.size());
  try {
    for (const ImportRoles::Value& role : roles_.values) {
      if (cells[role.column] != nullptr) AddValue(role, *cells[role.column], &row);
    }
  } catch (const Error& error) {
    row.refusal = error.message();
  }
  return row;
}

void JsonLines::ForEach(const std::function<void(ImportedRow)>& each) const {
  int64_t number = 0;
  ForEachObject([&](const Json& object) { each(RowOf(object, ++number)); });
}

}  // namespace millwright::monitoring

#include "quality/suite.h"

#include <cctype>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "base/option.h"
#include "base/yaml.h"
#include "quality/suite_form.h"

namespace millwright::quality {
namespace {

constexpr double kIntegerMax = 18446744073709551616.0;  // 2^64
constexpr size_t kShownDigits = 40;

// Reads a text field under its 1.x name or its 0.x name.
std::string Named(const Json& json, std::string_view name, std::string_view old_name) {
  return json.GetString(name, json.GetString(old_name));
}

// 0.x keeps the notes among what is said about the expectation.
Json Notes(const Json& json, Json* meta) {
  if (const Json* notes = json.Find("notes")) return *notes;
  const bool is_old = json.Has("expectation_type") || json.Has("expectation_suite_name");
  const Json* notes = is_old ? meta->Find("notes") : nullptr;
  if (notes == nullptr) return Json();
  Json taken = *notes;
  auto& fields = meta->AsObject();
  std::erase_if(fields, [](const Json::Field& field) { return field.first == "notes"; });
  return taken;
}

Json ObjectOrEmpty(const Json& json, std::string_view key) {
  const Json* value = json.Find(key);
  if (value == nullptr || value->is_null()) return Json::MakeObject();
  value->AsObject(key);
  return *value;
}

Expectation ParseExpectation(const Json& json) {
  Expectation expectation;
  expectation.type = Named(json, "type", "expectation_type");
  if (expectation.type.empty()) throw InvalidArgument("Missing field: type").WithField("type");
  expectation.kwargs = ObjectOrEmpty(json, "kwargs");
  expectation.meta = ObjectOrEmpty(json, "meta");
  expectation.id = Named(json, "id", "ge_cloud_id");
  expectation.description = json.GetString("description");
  if (const Json* context = json.Find("expectation_context"); context != nullptr) {
    if (expectation.description.empty())
      expectation.description = context->GetString("description");
  }
  expectation.notes = Notes(json, &expectation.meta);
  return expectation;
}

// Names a key that was to be `expectations` or `checks`.
void RefuseKeys(const Json& json) {
  for (const auto& [key, value] : json.AsObject()) {
    const std::string nearest = NearestName(key, {"expectations", "checks"});
    if (!nearest.empty())
      throw InvalidArgument("A suite has no {} (did you mean {}?)", key, nearest).WithField(key);
  }
}

// Names the line of a number that JSON or 64 bits have no room for: what Python writes for
// infinities, and integers of any length.
void RequireJsonNumbers(std::string_view text) {
  constexpr std::string_view kNumberCharacters = "+-.0123456789eE";
  constexpr std::string_view kWords[] = {"NaN", "Infinity", "-Infinity"};
  size_t line = 1;
  bool in_text = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (in_text) {
      if (c == '\\') ++i;
      in_text = c != '"';
      continue;
    }
    in_text = c == '"';
    for (const std::string_view word : kWords) {
      if (!text.substr(i).starts_with(word)) continue;
      throw InvalidArgument(
          "line {}: {} is no number in JSON; a bound that is left out bounds nothing", line, word);
    }
    if (c != '-' && std::isdigit(static_cast<unsigned char>(c)) == 0) continue;
    const size_t end = std::min(text.size(), text.find_first_not_of(kNumberCharacters, i));
    const std::string number(text.substr(i, end - i));
    const bool is_whole = number.find_first_of(".eE") == std::string::npos;
    const double value = std::strtod(number.c_str(), nullptr);
    if (std::isinf(value) || (is_whole && std::abs(value) >= kIntegerMax)) {
      throw InvalidArgument("line {}: the number {} is too large", line,
                            number.substr(0, kShownDigits));
    }
    i = end - 1;
  }
}

}  // namespace

Json Expectation::ToJson() const {
  Json json = Json::Of({{"type", type}, {"kwargs", kwargs}, {"meta", meta}});
  if (!id.empty()) json.Set("id", id);
  if (!description.empty()) json.Set("description", description);
  if (!notes.is_null()) json.Set("notes", notes);
  return json;
}

Json Suite::ToJson() const {
  Json list = Json::MakeArray();
  for (const Expectation& expectation : expectations) list.Append(expectation.ToJson());
  Json json = Json::Of({{"name", name}, {"expectations", std::move(list)}, {"meta", meta}});
  if (!id.empty()) json.Set("id", id);
  if (!notes.is_null()) json.Set("notes", notes);
  if (!parameters.AsObject().empty()) json.Set("suite_parameters", parameters);
  return json;
}

Suite ParseSuite(const Json& json) {
  json.AsObject("suite");
  if (json.Has("checks")) return ParseShortSuite(json);
  if (!json.Has("expectations")) RefuseKeys(json);
  Suite suite;
  suite.name = Named(json, "name", "expectation_suite_name");
  suite.id = Named(json, "id", "ge_cloud_id");
  suite.meta = ObjectOrEmpty(json, "meta");
  suite.notes = Notes(json, &suite.meta);
  suite.parameters = ObjectOrEmpty(
      json, json.Has("suite_parameters") ? "suite_parameters" : "evaluation_parameters");
  const Json::Array& list = json.At("expectations").AsArray("expectations");
  if (list.size() > kSuiteExpectationsMax) {
    throw InvalidArgument("A suite may hold {} expectations; this one has {}",
                          kSuiteExpectationsMax, list.size())
        .WithField("expectations");
  }
  for (size_t i = 0; i < list.size(); ++i) {
    try {
      list[i].AsObject("expectation");
      suite.expectations.push_back(ParseExpectation(list[i]));
    } catch (const Error& error) {
      throw InvalidArgument("Expectation {}: {}", i, error.message()).WithField("expectations");
    }
  }
  return suite;
}

Suite ParseSuiteText(std::string_view text) {
  if (text.size() > kSuiteBytesMax) {
    throw InvalidArgument("A suite may have {} bytes; this one has {}", kSuiteBytesMax,
                          text.size());
  }
  const size_t start = text.find_first_not_of(" \t\r\n");
  const bool is_json =
      start != std::string_view::npos && (text[start] == '{' || text[start] == '[');
  if (is_json) RequireJsonNumbers(text);
  return ParseSuite(is_json ? ParseJson(text) : ParseYaml(text));
}

}  // namespace millwright::quality

#include "quality/suite_form.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/option.h"
#include "quality/expectation_type.h"

namespace millwright::quality {
namespace {

// What a check says besides its name and kwargs.
constexpr std::string_view kAbout[] = {"id", "description", "notes", "meta"};

bool IsAbout(std::string_view key) {
  return std::find(std::begin(kAbout), std::end(kAbout), key) != std::end(kAbout);
}

// The one kwarg without which the type says nothing, or "" where there are none or several.
std::string_view LoneKwarg(const ExpectationType& type) {
  std::string_view lone;
  for (const KwargUse& use : KwargsOf(type)) {
    if (!use.is_required) continue;
    if (!lone.empty()) return "";
    lone = use.kwarg->name;
  }
  return lone;
}

// The kwargs that have a name in the YAML form, by type.
std::vector<const Kwarg*> NamedKwargs(const ExpectationType& type) {
  std::vector<const Kwarg*> kwargs;
  for (const KwargUse& use : KwargsOf(type)) kwargs.push_back(use.kwarg);
  for (const Kwarg& kwarg : CommonKwargs()) kwargs.push_back(&kwarg);
  return kwargs;
}

// Plain in YAML, wherever it stands, and read back as text.
bool IsPlainText(const std::string& text) {
  static const std::set<std::string, std::less<>> kReserved = {
      "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"};
  if (text.empty() || !(std::isalpha(static_cast<unsigned char>(text[0])) || text[0] == '_')) {
    return false;
  }
  std::string lower;
  for (const char c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '.' && c != '-') {
      return false;
    }
    lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return kReserved.count(lower) == 0;
}

void AppendText(const std::string& text, std::string* out) {
  if (IsPlainText(text)) {
    *out += text;
  } else {
    AppendJsonString(text, out);
  }
}

void AppendFlow(const Json& value, std::string* out) {
  if (value.is_string()) return AppendText(value.AsString(), out);
  if (value.is_array()) {
    *out += "[";
    for (size_t i = 0; i < value.AsArray().size(); ++i) {
      if (i > 0) *out += ", ";
      AppendFlow(value.AsArray()[i], out);
    }
    *out += "]";
  } else if (value.is_object()) {
    *out += "{";
    for (size_t i = 0; i < value.AsObject().size(); ++i) {
      if (i > 0) *out += ", ";
      AppendText(value.AsObject()[i].first, out);
      *out += ": ";
      AppendFlow(value.AsObject()[i].second, out);
    }
    *out += "}";
  } else {
    *out += value.Dump();
  }
}

void AppendLine(std::string_view indent, std::string_view key, const Json& value,
                std::string* out) {
  *out += indent;
  AppendText(std::string(key), out);
  *out += ": ";
  AppendFlow(value, out);
  *out += "\n";
}

// The kwargs by their short names; nothing when one would be taken for another.
std::optional<Json> ShortKwargs(const ExpectationType& type, const Json& kwargs) {
  Json named = Json::MakeObject();
  const std::vector<const Kwarg*> known = NamedKwargs(type);
  for (const auto& [name, value] : kwargs.AsObject()) {
    std::string key = name;
    for (const Kwarg* kwarg : known) {
      if (kwarg->name == name) {
        key = kwarg->brief;
      } else if (kwarg->brief == name && kwarg->name != name) {
        return std::nullopt;
      }
    }
    named.Set(std::move(key), value);
  }
  return named;
}

void AppendCheck(const Expectation& expectation, std::string* out) {
  const ExpectationType* type = FindExpectationType(expectation.type);
  const bool known = type != nullptr && type->type == expectation.type;
  const std::optional<Json> kwargs = known ? ShortKwargs(*type, expectation.kwargs) : std::nullopt;
  if (kwargs) {
    const std::string_view lone = LoneKwarg(*type);
    const Json* value = lone.empty() ? nullptr : expectation.kwargs.Find(lone);
    const bool alone = value != nullptr && expectation.kwargs.AsObject().size() == 1 &&
                       !value->is_object() && !value->is_null();
    AppendLine("  - ", type->brief, alone ? *value : *kwargs, out);
  } else {
    AppendLine("  - ", "type", expectation.type, out);
    AppendLine("    ", "kwargs", expectation.kwargs, out);
  }
  if (!expectation.id.empty()) AppendLine("    ", "id", expectation.id, out);
  if (!expectation.description.empty()) {
    AppendLine("    ", "description", expectation.description, out);
  }
  if (!expectation.notes.is_null()) AppendLine("    ", "notes", expectation.notes, out);
  if (!expectation.meta.AsObject().empty()) AppendLine("    ", "meta", expectation.meta, out);
}

std::string WriteYaml(const Suite& suite) {
  std::string out;
  AppendLine("", "suite", suite.name, &out);
  if (!suite.id.empty()) AppendLine("", "id", suite.id, &out);
  if (!suite.notes.is_null()) AppendLine("", "notes", suite.notes, &out);
  if (!suite.meta.AsObject().empty()) AppendLine("", "meta", suite.meta, &out);
  if (!suite.parameters.AsObject().empty()) AppendLine("", "parameters", suite.parameters, &out);
  out += suite.expectations.empty() ? "checks: []\n" : "checks:\n";
  for (const Expectation& expectation : suite.expectations) AppendCheck(expectation, &out);
  return out;
}

// 0.x has no fields for what 1.x says of an expectation; it has these places.
Json OldExpectation(const Expectation& expectation) {
  Json meta = expectation.meta;
  if (!expectation.notes.is_null()) meta.Set("notes", expectation.notes);
  Json json = Json::Of({{"expectation_type", expectation.type},
                        {"kwargs", expectation.kwargs},
                        {"meta", std::move(meta)}});
  if (!expectation.id.empty()) json.Set("ge_cloud_id", expectation.id);
  if (!expectation.description.empty()) {
    json.Set("expectation_context", Json::Of({{"description", expectation.description}}));
  }
  return json;
}

Json OldSuite(const Suite& suite) {
  Json list = Json::MakeArray();
  for (const Expectation& expectation : suite.expectations) {
    list.Append(OldExpectation(expectation));
  }
  Json meta = suite.meta;
  if (!suite.notes.is_null()) meta.Set("notes", suite.notes);
  Json json = Json::Of({{"expectation_suite_name", suite.name},
                        {"data_asset_type", Json()},
                        {"expectations", std::move(list)},
                        {"meta", std::move(meta)}});
  if (!suite.id.empty()) json.Set("ge_cloud_id", suite.id);
  if (!suite.parameters.AsObject().empty()) json.Set("evaluation_parameters", suite.parameters);
  return json;
}

Json LongKwargs(const ExpectationType& type, const Json& value) {
  Json kwargs = Json::MakeObject();
  if (value.is_null()) return kwargs;
  if (!value.is_object()) {
    const std::string_view lone = LoneKwarg(type);
    if (lone.empty()) throw InvalidArgument("{} takes a mapping of kwargs", type.brief);
    return kwargs.Set(std::string(lone), value);
  }
  const std::vector<const Kwarg*> known = NamedKwargs(type);
  for (const auto& [key, one] : value.AsObject()) {
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const Kwarg* kwarg) { return kwarg->brief == key; });
    kwargs.Set(std::string(found == known.end() ? std::string_view(key) : (*found)->name), one);
  }
  return kwargs;
}

Expectation ParseCheck(const Json& json) {
  Expectation expectation;
  for (const auto& [key, value] : json.AsObject("check")) {
    if (IsAbout(key)) continue;
    if (key == "kwargs") {
      value.AsObject("kwargs");
      expectation.kwargs = value;
      continue;
    }
    if (!expectation.type.empty()) throw InvalidArgument("A check has one name, not also {}", key);
    if (key == "type") {
      expectation.type = value.AsString("type");
      continue;
    }
    const ExpectationType* type = FindExpectationType(key);
    // What is not known says so in its own result, and keeps no other check from being judged.
    if (type == nullptr) {
      expectation.type = key;
      if (!value.is_null())
        expectation.kwargs = value.is_object() ? value : Json::Of({{"value", value}});
      continue;
    }
    expectation.type = type->type;
    expectation.kwargs = LongKwargs(*type, value);
  }
  if (expectation.type.empty()) throw InvalidArgument("A check needs a name");
  expectation.id = json.GetString("id");
  expectation.description = json.GetString("description");
  if (const Json* notes = json.Find("notes")) expectation.notes = *notes;
  if (const Json* meta = json.Find("meta"); meta != nullptr && !meta->is_null()) {
    meta->AsObject("meta");
    expectation.meta = *meta;
  }
  return expectation;
}

void RequireKnownKeys(const Json& json) {
  constexpr std::string_view kKeys[] = {"suite", "id", "notes", "meta", "parameters", "checks"};
  for (const auto& [key, value] : json.AsObject("suite")) {
    if (std::find(std::begin(kKeys), std::end(kKeys), key) != std::end(kKeys)) continue;
    const std::string nearest = NearestName(key, {std::begin(kKeys), std::end(kKeys)});
    throw InvalidArgument("A suite has no {}{}", key,
                          nearest.empty() ? "" : " (did you mean " + nearest + "?)");
  }
}

}  // namespace

SuiteForm ParseSuiteForm(std::string_view text) {
  if (text == "gx") return SuiteForm::kGx;
  if (text == "gx0") return SuiteForm::kGx0;
  if (text == "yaml") return SuiteForm::kYaml;
  throw InvalidArgument("A suite's form must be gx, gx0 or yaml: {}", text).WithField("to");
}

std::string WriteSuite(const Suite& suite, SuiteForm form) {
  switch (form) {
    case SuiteForm::kGx:
      return suite.ToJson().Dump(2) + "\n";
    case SuiteForm::kGx0:
      return OldSuite(suite).Dump(2) + "\n";
    case SuiteForm::kYaml:
      break;
  }
  return WriteYaml(suite);
}

Suite ParseShortSuite(const Json& json) {
  RequireKnownKeys(json);
  Suite suite;
  suite.name = json.GetString("suite");
  suite.id = json.GetString("id");
  if (const Json* notes = json.Find("notes")) suite.notes = *notes;
  for (const auto& [key, target] :
       {std::pair{"meta", &suite.meta}, std::pair{"parameters", &suite.parameters}}) {
    const Json* value = json.Find(key);
    if (value == nullptr || value->is_null()) continue;
    value->AsObject(key);
    *target = *value;
  }
  const Json::Array& list = json.At("checks").AsArray("checks");
  if (list.size() > kSuiteExpectationsMax) {
    throw InvalidArgument("A suite may hold {} checks; this one has {}", kSuiteExpectationsMax,
                          list.size());
  }
  for (size_t i = 0; i < list.size(); ++i) {
    try {
      suite.expectations.push_back(ParseCheck(list[i]));
    } catch (const Error& error) {
      throw InvalidArgument("Check {}: {}", i, error.message()).WithField("checks");
    }
  }
  return suite;
}

}  // namespace millwright::quality

#include "quality/json_schema.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "base/error.h"

namespace millwright::quality {
namespace {

const std::set<std::string, std::less<>>& KnownKeywords() {
  static const std::set<std::string, std::less<>> known = {"type",
                                                           "enum",
                                                           "const",
                                                           "required",
                                                           "properties",
                                                           "additionalProperties",
                                                           "items",
                                                           "minimum",
                                                           "maximum",
                                                           "minItems",
                                                           "exclusiveMinimum",
                                                           "exclusiveMaximum",
                                                           "minLength",
                                                           "maxLength",
                                                           "maxItems",
                                                           "allOf",
                                                           "anyOf",
                                                           "not",
                                                           "title",
                                                           "description",
                                                           "$schema",
                                                           "$id",
                                                           "default",
                                                           "examples"};
  return known;
}

void CheckKeywords(const Json& schema) {
  if (schema.is_bool()) return;
  for (const auto& [key, value] : schema.AsObject("json_schema")) {
    if (KnownKeywords().count(key) == 0) {
      throw Unimplemented("JSON schema keyword is not supported: {}", key);
    }
    if (key == "properties") {
      for (const auto& property : value.AsObject(key)) CheckKeywords(property.second);
    } else if (key == "items" || key == "not") {
      CheckKeywords(value);
    } else if (key == "allOf" || key == "anyOf") {
      for (const Json& part : value.AsArray(key)) CheckKeywords(part);
    }
  }
}

bool IsOfType(const Json& value, const std::string& type) {
  if (type == "integer") {
    return value.is_int() ||
           (value.is_double() && std::trunc(value.AsDouble()) == value.AsDouble());
  }
  return type == value.type_name();
}

// Counts characters, not bytes.
int64_t Length(const std::string& text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

bool Accepts(const Json& schema, const Json& value);

bool TypeAccepts(const Json& types, const Json& value) {
  if (types.is_string()) return IsOfType(value, types.AsString());
  const Json::Array& list = types.AsArray("type");
  return std::any_of(list.begin(), list.end(),
                     [&](const Json& type) { return IsOfType(value, type.AsString("type")); });
}

bool ObjectAccepts(const Json& schema, const Json& value) {
  for (const std::string& key : schema.GetStrings("required")) {
    if (!value.Has(key)) return false;
  }
  const Json* properties = schema.Find("properties");
  const Json* additional = schema.Find("additionalProperties");
  const bool closed = additional != nullptr && additional->is_bool() && !additional->AsBool();
  for (const auto& [key, member] : value.AsObject()) {
    const Json* property = properties == nullptr ? nullptr : properties->Find(key);
    if (property == nullptr ? closed : !Accepts(*property, member)) return false;
  }
  return true;
}

bool WithinLimits(const Json& schema, double number, const char* min, const char* max) {
  const Json* low = schema.Find(min);
  const Json* high = schema.Find(max);
  return (low == nullptr || number >= low->AsDouble(min)) &&
         (high == nullptr || number <= high->AsDouble(max));
}

bool NumberAccepts(const Json& schema, double number) {
  const Json* above = schema.Find("exclusiveMinimum");
  const Json* below = schema.Find("exclusiveMaximum");
  return WithinLimits(schema, number, "minimum", "maximum") &&
         (above == nullptr || number > above->AsDouble("exclusiveMinimum")) &&
         (below == nullptr || number < below->AsDouble("exclusiveMaximum"));
}

bool ArrayAccepts(const Json& schema, const Json::Array& values) {
  if (!WithinLimits(schema, static_cast<double>(values.size()), "minItems", "maxItems")) {
    return false;
  }
  const Json* items = schema.Find("items");
  return items == nullptr || std::all_of(values.begin(), values.end(),
                                         [&](const Json& value) { return Accepts(*items, value); });
}

bool CombinationsAccept(const Json& schema, const Json& value) {
  const auto accepts = [&](const Json& part) { return Accepts(part, value); };
  if (const Json* all = schema.Find("allOf")) {
    const Json::Array& parts = all->AsArray("allOf");
    if (!std::all_of(parts.begin(), parts.end(), accepts)) return false;
  }
  if (const Json* any = schema.Find("anyOf")) {
    const Json::Array& parts = any->AsArray("anyOf");
    if (!std::any_of(parts.begin(), parts.end(), accepts)) return false;
  }
  const Json* none = schema.Find("not");
  return none == nullptr || !accepts(*none);
}

bool Accepts(const Json& schema, const Json& value) {
  if (schema.is_bool()) return schema.AsBool();
  if (const Json* types = schema.Find("type"); types && !TypeAccepts(*types, value)) return false;
  if (const Json* only = schema.Find("const"); only && !(*only == value)) return false;
  if (const Json* listed = schema.Find("enum")) {
    const Json::Array& values = listed->AsArray("enum");
    if (std::find(values.begin(), values.end(), value) == values.end()) return false;
  }
  if (value.is_object() && !ObjectAccepts(schema, value)) return false;
  if (value.is_array() && !ArrayAccepts(schema, value.AsArray())) return false;
  if (value.is_number() && !NumberAccepts(schema, value.AsDouble())) return false;
  if (value.is_string() && !WithinLimits(schema, static_cast<double>(Length(value.AsString())),
                                         "minLength", "maxLength")) {
    return false;
  }
  return CombinationsAccept(schema, value);
}

}  // namespace

JsonSchema::JsonSchema(Json schema) : schema_(std::move(schema)) {
  CheckKeywords(schema_);
}

bool JsonSchema::Accepts(const Json& value) const {
  return quality::Accepts(schema_, value);
}

}  // namespace millwright::quality

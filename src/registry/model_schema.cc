#include "registry/model_schema.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/yaml.h"

namespace millwright::registry {
namespace {

constexpr size_t kFieldsMax = 100'000;  // of one side
constexpr size_t kBreaksTold = 10;      // in one line

// Names a type as people write it: "long", "array(double)", "object(a: string, b?: long)".
std::string TypeName(const Json& type) {
  if (type.is_string()) return type.AsString();
  const std::string kind = type.GetString("type");
  if (kind == "array") return fmt::format("array({})", TypeName(type.At("items")));
  if (kind == "map") return fmt::format("map({})", TypeName(type.At("values")));
  if (kind == "object") {
    std::string text;
    for (const auto& [name, property] : type.At("properties").AsObject("properties")) {
      text += fmt::format("{}{}{}: {}", text.empty() ? "" : ", ", name,
                          property.GetBool("required", true) ? "" : "?", TypeName(property));
    }
    return fmt::format("object({})", text);
  }
  return kind;
}

std::string ShapeName(const std::vector<int64_t>& shape) {
  std::string text;
  for (const int64_t size : shape) {
    text += fmt::format("{}{}", text.empty() ? "" : ",", size < 0 ? "any" : std::to_string(size));
  }
  return fmt::format("[{}]", text);
}

std::string FieldType(const SchemaField& field) {
  return TypeName(field.type) + (field.shape ? ShapeName(*field.shape) : "");
}

std::vector<int64_t> ReadShape(const Json& json) {
  std::vector<int64_t> shape;
  for (const Json& size : json.AsArray("shape")) shape.push_back(size.AsInt("shape"));
  return shape;
}

SchemaField ReadField(const Json& json) {
  SchemaField field;
  field.name = json.Find("name") && json.At("name").is_string() ? json.GetString("name") : "";
  field.required = json.GetBool("required", !json.GetBool("optional"));
  if (const Json* tensor = json.Find("tensor-spec")) {
    field.is_tensor = true;
    field.type = tensor->At("dtype").AsString("dtype");
    field.shape = ReadShape(tensor->At("shape"));
    return field;
  }
  // Old params call their type dtype.
  const Json& type = json.Has("type") ? json.At("type") : json.At("dtype");
  const std::string& kind = type.AsString("type");
  const bool nested = kind == "array" || kind == "object" || kind == "map";
  field.type = nested ? json : type;
  TypeName(field.type);  // refuses what cannot be a type
  if (const Json* value = json.Find("default")) field.default_value = *value;
  if (const Json* shape = json.Find("shape"); shape != nullptr && shape->is_array()) {
    field.shape = ReadShape(*shape);
  }
  return field;
}

std::vector<SchemaField> ReadSide(const Json& signature, std::string_view side) {
  const Json* found = signature.Find(side);
  if (found == nullptr || found->is_null()) return {};
  const Json parsed = found->is_string() ? ParseJson(found->AsString()) : *found;
  std::vector<SchemaField> fields;
  for (const Json& field : parsed.AsArray(side)) fields.push_back(ReadField(field));
  if (fields.size() > kFieldsMax) {
    throw InvalidArgument("A signature has at most {} {}", kFieldsMax, side);
  }
  return fields;
}

bool IsOneOf(const std::string& type, std::initializer_list<std::string_view> types) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

// Whether a value of one plain type is taken where another is declared.
bool Widens(const std::string& before, const std::string& after, bool is_param) {
  if (before == after) return true;
  if (before == "float") return after == "double";
  if (!is_param) return before == "integer" && IsOneOf(after, {"long", "double"});
  if (before == "integer") return IsOneOf(after, {"long", "float", "double"});
  return before == "long" && IsOneOf(after, {"float", "double"});
}

bool TypeTakes(const Json& before, const Json& after, bool is_param);

bool ObjectTakes(const Json& before, const Json& after, bool is_param) {
  const Json& known = after.At("properties");
  const Json& sent = before.At("properties");
  for (const auto& [name, property] : sent.AsObject()) {
    const Json* taken = known.Find(name);
    if (taken == nullptr || !TypeTakes(property, *taken, is_param)) return false;
    const bool may_be_absent = !property.GetBool("required", true);
    if (may_be_absent && taken->GetBool("required", true)) return false;
  }
  return std::all_of(known.AsObject().begin(), known.AsObject().end(), [&](const auto& each) {
    return sent.Has(each.first) || !each.second.GetBool("required", true);
  });
}

// A nested type is an object with a "type"; so are the properties of objects and plain items.
bool TypeTakes(const Json& before, const Json& after, bool is_param) {
  const auto kind = [](const Json& type) {
    return type.is_string() ? type.AsString() : type.GetString("type");
  };
  if (kind(after) == "any") return true;
  if (kind(before) != kind(after)) return Widens(kind(before), kind(after), is_param);
  if (kind(after) == "array") return TypeTakes(before.At("items"), after.At("items"), is_param);
  if (kind(after) == "map") return TypeTakes(before.At("values"), after.At("values"), is_param);
  if (kind(after) == "object") return ObjectTakes(before, after, is_param);
  return true;
}

bool ShapeTakes(const std::vector<int64_t>& before, const std::vector<int64_t>& after) {
  if (before.size() != after.size()) return false;
  for (size_t i = 0; i < after.size(); ++i) {
    if (after[i] >= 0 && before[i] != after[i]) return false;
  }
  return true;
}

// Compares one side of two signatures.
class SideComparison {
 public:
  SideComparison(std::string side, std::vector<SchemaChange>* changes)
      : side_(std::move(side)), changes_(changes) {}

  void Compare(const std::vector<SchemaField>& before, const std::vector<SchemaField>& after) {
    for (size_t i = 0; i < after.size(); ++i) {
      const SchemaField* was = Find(before, after, i);
      if (was == nullptr) {
        Added(NameOf(after[i], i), after[i]);
      } else {
        CompareField(NameOf(after[i], i), *was, after[i]);
      }
    }
    for (size_t i = 0; i < before.size(); ++i) {
      if (Find(after, before, i) == nullptr) Removed(NameOf(before[i], i), before[i]);
    }
  }

 private:
  using Kind = SchemaChange::Kind;

  static std::string NameOf(const SchemaField& field, size_t place) {
    return field.name.empty() ? fmt::format("#{}", place + 1) : field.name;
  }
  // The field of `in` that the one at a place of `from` corresponds to.
  static const SchemaField* Find(const std::vector<SchemaField>& in,
                                 const std::vector<SchemaField>& from, size_t place) {
    const std::string& name = from[place].name;
    if (name.empty()) {
      return place < in.size() && in[place].name.empty() ? &in[place] : nullptr;
    }
    const auto found =
        std::find_if(in.begin(), in.end(), [&](const auto& field) { return field.name == name; });
    return found == in.end() ? nullptr : &*found;
  }
  bool is_input() const { return side_ == "input"; }

  void Add(Kind kind, const std::string& name, std::string before, std::string after, bool breaks,
           std::string_view words) {
    changes_->push_back({.kind = kind,
                         .side = side_,
                         .name = name,
                         .before = std::move(before),
                         .after = std::move(after),
                         .breaks = breaks,
                         .reason = fmt::format("{} {} {}", side_, name, words)});
  }
  void Added(const std::string& name, const SchemaField& field) {
    const bool breaks = is_input() && field.required;
    Add(Kind::kAdded, name, "", FieldType(field), breaks,
        breaks ? "is new and required" : "is new");
  }
  void Removed(const std::string& name, const SchemaField& field) {
    Add(Kind::kRemoved, name, FieldType(field), "", false,
        side_ == "output" ? "is no longer given" : "is no longer used");
  }
  void CompareField(const std::string& name, const SchemaField& was, const SchemaField& now) {
    const bool matters = side_ != "output";
    if (was.is_tensor != now.is_tensor) {
      Add(Kind::kType, name, FieldType(was), FieldType(now), matters,
          was.is_tensor ? "was a tensor and is a column" : "was a column and is a tensor");
      return;
    }
    if (TypeName(was.type) != TypeName(now.type)) {
      const bool takes = was.is_tensor ? false : TypeTakes(was.type, now.type, side_ == "param");
      Add(Kind::kType, name, TypeName(was.type), TypeName(now.type), matters && !takes,
          fmt::format("went from {} to {}", TypeName(was.type), TypeName(now.type)));
    }
    if (was.shape != now.shape) {
      const bool takes = was.shape && now.shape && ShapeTakes(*was.shape, *now.shape);
      const std::string before = was.shape ? ShapeName(*was.shape) : "one value";
      const std::string after = now.shape ? ShapeName(*now.shape) : "one value";
      Add(Kind::kShape, name, before, after, matters && !takes,
          fmt::format("went from shape {} to {}", before, after));
    }
    if (side_ == "param" && was.default_value != now.default_value) {
      const std::string before = was.default_value.Dump();
      const std::string after = now.default_value.Dump();
      Add(Kind::kDefault, name, before, after, false,
          fmt::format("is {} and no longer {} where a caller does not say", after, before));
    }
    if (side_ != "param" && was.required != now.required) {
      Add(Kind::kRequired, name, was.required ? "required" : "optional",
          now.required ? "required" : "optional", is_input() && now.required,
          now.required ? "was optional and is required" : "was required and is optional");
    }
  }

  std::string side_;
  std::vector<SchemaChange>* changes_;
};

// A tensor or column of a loaded model's signature.
SchemaField ReadLoadedField(const Json& json, bool is_tensor) {
  SchemaField field;
  field.name = json.At("name").AsString("name");
  field.type = json.At("datatype").AsString("datatype");
  field.required = !json.GetBool("optional");
  field.is_tensor = is_tensor;
  if (is_tensor) field.shape = ReadShape(json.At("shape"));
  return field;
}

std::optional<ModelSchema> ReadLoadedSide(const Json& signature, std::string_view side) {
  const Json* found = signature.Find(side);
  if (found == nullptr || !found->is_array() || found->AsArray().empty()) return std::nullopt;
  ModelSchema schema;
  try {
    for (const Json& field : found->AsArray()) {
      schema.inputs.push_back(ReadLoadedField(field, side == "inputs"));
    }
  } catch (const Error&) {
    return std::nullopt;
  }
  return schema;
}

std::string_view KindName(SchemaChange::Kind kind) {
  switch (kind) {
    case SchemaChange::Kind::kAdded:
      return "added";
    case SchemaChange::Kind::kRemoved:
      return "removed";
    case SchemaChange::Kind::kType:
      return "type";
    case SchemaChange::Kind::kShape:
      return "shape";
    case SchemaChange::Kind::kRequired:
      return "required";
    case SchemaChange::Kind::kDefault:
      return "default";
  }
  return "";
}

}  // namespace

ModelSchema ModelSchema::FromJson(const Json& signature) {
  signature.AsObject("signature");
  return {ReadSide(signature, "inputs"), ReadSide(signature, "outputs"),
          ReadSide(signature, "params")};
}

std::optional<Json> SignatureOfMlmodel(std::string_view mlmodel_yaml) {
  const Json file = ParseYaml(mlmodel_yaml);
  const Json* signature = file.Find("signature");
  if (signature == nullptr || signature->is_null()) return std::nullopt;
  signature->AsObject("signature");
  Json sides = Json::MakeObject();
  for (const char* side : {"inputs", "outputs", "params"}) {
    const Json* found = signature->Find(side);
    if (found == nullptr || found->is_null()) continue;
    sides.Set(side, found->is_string() ? ParseJson(found->AsString()) : *found);
  }
  ModelSchema::FromJson(sides);
  return sides;
}

std::vector<SchemaChange> CompareSchemas(const ModelSchema& before, const ModelSchema& after) {
  std::vector<SchemaChange> changes;
  // Without inputs nothing is enforced, so everything is taken.
  SideComparison("input", &changes).Compare(before.inputs, after.inputs);
  if (after.inputs.empty()) {
    for (SchemaChange& change : changes) change.breaks = false;
  }
  SideComparison("output", &changes).Compare(before.outputs, after.outputs);
  SideComparison("param", &changes).Compare(before.params, after.params);
  return changes;
}

VersionSchema VersionSchema::Read(const std::optional<Json>& schema,
                                  const std::optional<Json>& signature) {
  VersionSchema known;
  if (schema) known.declared = ModelSchema::FromJson(*schema);
  if (signature && signature->is_object()) {
    known.columns = ReadLoadedSide(*signature, "columns");
    known.tensors = ReadLoadedSide(*signature, "inputs");
  }
  return known;
}

std::optional<std::vector<SchemaChange>> CompareVersionSchemas(const VersionSchema& before,
                                                               const VersionSchema& after) {
  using Kind = std::optional<ModelSchema> VersionSchema::*;
  for (const Kind kind :
       {&VersionSchema::declared, &VersionSchema::columns, &VersionSchema::tensors}) {
    if (before.*kind && after.*kind) return CompareSchemas(*(before.*kind), *(after.*kind));
  }
  return std::nullopt;
}

std::string Breaks(const std::vector<SchemaChange>& changes) {
  std::string text;
  size_t count = 0;
  for (const SchemaChange& change : changes) {
    if (!change.breaks || ++count > kBreaksTold) continue;
    text += fmt::format("{}{}", text.empty() ? "" : ", ", change.reason);
  }
  if (count > kBreaksTold) text += fmt::format(" and {} more", count - kBreaksTold);
  return text;
}

Json SchemaChangesToJson(const std::vector<SchemaChange>& changes) {
  Json list = Json::MakeArray();
  for (const SchemaChange& change : changes) {
    Json item = Json::Of({{"side", change.side},
                          {"name", change.name},
                          {"change", KindName(change.kind)},
                          {"breaks", change.breaks},
                          {"reason", change.reason}});
    if (!change.before.empty()) item.Set("before", change.before);
    if (!change.after.empty()) item.Set("after", change.after);
    list.Append(std::move(item));
  }
  return list;
}

}  // namespace millwright::registry

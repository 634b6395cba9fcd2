#include "inference/param_spec.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include "base/clock.h"
#include "base/error.h"

namespace millwright::inference {
namespace {

constexpr size_t kListValuesMax = 100'000;

struct TypeRow {
  ParamType type;
  std::string_view name;
};
constexpr TypeRow kTypes[] = {
    {ParamType::kBoolean, "boolean"},   {ParamType::kInteger, "integer"},
    {ParamType::kLong, "long"},         {ParamType::kFloat, "float"},
    {ParamType::kDouble, "double"},     {ParamType::kString, "string"},
    {ParamType::kDatetime, "datetime"}, {ParamType::kObject, "object"},
};

ParamType TypeOf(std::string_view name) {
  for (const TypeRow& row : kTypes) {
    if (row.name == name) return row.type;
  }
  return ParamType::kOther;
}

Error WrongType(const ParamSpec& spec, const Json& value) {
  return InvalidArgument("Param {}: expected {}, got {}", spec.name, spec.type_name,
                         value.type_name())
      .WithField(spec.name);
}

Error OutOfRange(const ParamSpec& spec) {
  return InvalidArgument("Param {}: the value does not fit {}", spec.name, spec.type_name)
      .WithField(spec.name);
}

Json IntegerOf(const ParamSpec& spec, const Json& value) {
  if (!value.is_int()) throw WrongType(spec, value);
  const int64_t number = value.AsInt();
  const bool is_narrow = spec.type == ParamType::kInteger;
  if (is_narrow && (number < std::numeric_limits<int32_t>::min() ||
                    number > std::numeric_limits<int32_t>::max())) {
    throw OutOfRange(spec);
  }
  return number;
}

Json NumberOf(const ParamSpec& spec, const Json& value) {
  if (!value.is_number()) throw WrongType(spec, value);
  const double number = value.AsDouble();
  if (spec.type == ParamType::kFloat && std::isinf(static_cast<float>(number))) {
    throw OutOfRange(spec);
  }
  return number;
}

// A time is handed on as it was written, once it is known to be one.
Json TimeOf(const ParamSpec& spec, const Json& value) {
  if (!value.is_string()) throw WrongType(spec, value);
  try {
    ParseTime(value.AsString());
  } catch (const Error&) {
    throw InvalidArgument("Param {}: not a time of RFC 3339: {}", spec.name,
                          value.AsString().substr(0, 64))
        .WithField(spec.name);
  }
  return value;
}

Json SingleOf(const ParamSpec& spec, const Json& value) {
  switch (spec.type) {
    case ParamType::kBoolean:
      if (!value.is_bool()) throw WrongType(spec, value);
      return value;
    case ParamType::kInteger:
    case ParamType::kLong:
      return IntegerOf(spec, value);
    case ParamType::kFloat:
    case ParamType::kDouble:
      return NumberOf(spec, value);
    case ParamType::kString:
      if (!value.is_string()) throw WrongType(spec, value);
      return value;
    case ParamType::kDatetime:
      return TimeOf(spec, value);
    case ParamType::kObject:
      if (!value.is_object()) throw WrongType(spec, value);
      return value;
    case ParamType::kOther:
      return value;
  }
  return value;
}

Json ValueOf(const ParamSpec& spec, const Json& value) {
  // Null is a value only where it is the default, too.
  if (value.is_null() && spec.default_value.is_null()) return value;
  if (!spec.is_list) return SingleOf(spec, value);
  if (!value.is_array()) {
    throw InvalidArgument("Param {}: expected a list of {}, got {}", spec.name, spec.type_name,
                          value.type_name())
        .WithField(spec.name);
  }
  if (value.AsArray().size() > kListValuesMax) {
    throw InvalidArgument("Param {}: a list has at most {} values", spec.name, kListValuesMax)
        .WithField(spec.name);
  }
  Json list = Json::MakeArray();
  for (const Json& one : value.AsArray()) list.Append(SingleOf(spec, one));
  return list;
}

}  // namespace

std::vector<ParamSpec> ParamsFromJson(const Json& json) {
  std::vector<ParamSpec> specs;
  for (const Json& item : json.AsArray("params")) {
    ParamSpec spec{.name = item.At("name").AsString("name")};
    // MLflow 2.6 wrote "dtype".
    spec.type_name = item.GetString(item.Has("type") ? "type" : "dtype");
    spec.type = TypeOf(spec.type_name);
    if (const Json* value = item.Find("default")) spec.default_value = *value;
    const Json* shape = item.Find("shape");
    spec.is_list = shape != nullptr && shape->is_array() && !shape->AsArray().empty();
    specs.push_back(std::move(spec));
  }
  return specs;
}

Json ParamsToJson(const std::vector<ParamSpec>& specs) {
  Json json = Json::MakeArray();
  for (const ParamSpec& spec : specs) {
    Json item =
        Json::Of({{"name", spec.name}, {"type", spec.type_name}, {"default", spec.default_value}});
    Json shape;
    if (spec.is_list) shape.Append(-1);
    item.Set("shape", std::move(shape));
    json.Append(std::move(item));
  }
  return json;
}

Json CompleteParams(const std::vector<ParamSpec>& specs, const Json& given) {
  if (!given.is_null()) given.AsObject("params");
  Json params = Json::MakeObject();
  for (const ParamSpec& spec : specs) {
    const Json* value = given.Find(spec.name);
    params.Set(spec.name, value != nullptr ? ValueOf(spec, *value) : spec.default_value);
  }
  return params;
}

}  // namespace millwright::inference

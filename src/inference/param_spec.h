#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace millwright::inference {

// Types of a signature's params, by MLflow's names. kOther is a type that this release does not
// know: its values are handed on as they come.
enum class ParamType {
  kBoolean,
  kInteger,
  kLong,
  kFloat,
  kDouble,
  kString,
  kDatetime,
  kObject,
  kOther
};

// A value that a request may set beside its inputs, such as the temperature of a text model.
struct ParamSpec {
  std::string name;
  ParamType type = ParamType::kString;
  std::string type_name;  // as written, for kOther
  Json default_value;
  bool is_list = false;  // one dimension of any length

  bool operator==(const ParamSpec&) const = default;
};

// Reads and writes MLflow's notation: [{"name", "type", "default", "shape"}, …]. Throws
// kInvalidArgument when it is something else.
std::vector<ParamSpec> ParamsFromJson(const Json& json);
Json ParamsToJson(const std::vector<ParamSpec>& specs);

// Returns a value for every param: the one that the request gives, else the default. As in MLflow,
// integers stand for numbers, nothing else is converted, and names that the signature lacks are
// left out; for a model without params that is all of them. `given` may be null. Throws
// kInvalidArgument naming the param (also as the error's field) for a value of another type.
Json CompleteParams(const std::vector<ParamSpec>& specs, const Json& given);

}  // namespace millwright::inference

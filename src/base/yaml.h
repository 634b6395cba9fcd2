#pragma once

#include <string_view>

#include "base/json.h"

namespace millwright {

// Parses one YAML document into the JSON value it stands for: plain scalars become null, booleans,
// integers or doubles by the YAML 1.2 core schema, quoted ones stay strings. Anchors are resolved.
// Throws kInvalidArgument with line and column.
Json ParseYaml(std::string_view text);

}  // namespace millwright

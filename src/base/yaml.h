#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/json.h"

namespace millwright {

// Parses one YAML document into the JSON value it stands for: plain scalars become null, booleans,
// integers or doubles by the YAML 1.2 core schema, quoted ones stay strings. Anchors are resolved.
// A key that is twice in a mapping is refused. Throws kInvalidArgument with line and column.
Json ParseYaml(std::string_view text);

// The line, counted from 1, on which each value begins: by its path, such as "gates[0].metrics[1]".
using YamlLines = std::map<std::string, int>;
Json ParseYaml(std::string_view text, YamlLines* lines);
// The line of a path, or of the nearest of its parents that the document has.
int LineOf(const YamlLines& lines, std::string path);

}  // namespace millwright

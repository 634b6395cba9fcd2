#pragma once

#include <string_view>

#include "base/json.h"

namespace millwright::inference {

// Parses Universal Binary JSON as XGBoost writes it (big-endian numbers, arrays with a type and a
// count) into a JSON value. Throws kInvalidArgument for anything that is not one whole document, a
// key that comes twice, more than 20 million values, or nesting deeper than kJsonDepthMax.
Json ParseUbjson(std::string_view bytes);

}  // namespace millwright::inference

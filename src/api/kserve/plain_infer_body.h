#pragma once

#include <optional>
#include <string_view>

#include "api/kserve/infer_body.h"

namespace millwright::api::kserve {

// Reads a request as most programs write it (PlainJson): inputs whose name, shape and datatype come
// before their numbers, or which are raw; nothing for another one, or one with anything wrong.
std::optional<InferBody> ReadPlainInferBody(std::string_view json, std::string_view raw);

}  // namespace millwright::api::kserve

#pragma once

#include <cstddef>

namespace millwright::api::prediction {

inline constexpr size_t kRankMax = 16;  // dimensions of a tensor; nesting of its JSON

}  // namespace millwright::api::prediction

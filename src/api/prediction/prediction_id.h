#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace millwright::api::prediction {

inline constexpr size_t kPredictionIdBytesMax = 200;

// Refuses an id that is empty, longer than the limit or has other than printable characters.
void CheckPredictionId(std::string_view id, const std::string& field);

}  // namespace millwright::api::prediction

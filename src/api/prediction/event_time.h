#pragma once

#include <cstdint>
#include <string_view>

namespace millwright::api::prediction {

// When what is predicted happened in the data: milliseconds since 1970 or RFC 3339.
inline constexpr std::string_view kEventTimeHeader = "X-Millwright-Event-Time";

// Throws kInvalidArgument naming the header.
int64_t ParseEventTime(std::string_view text);

}  // namespace millwright::api::prediction

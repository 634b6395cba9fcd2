#pragma once

#include <optional>
#include <string_view>

#include "base/trace_context.h"

namespace millwright::api::prediction {

inline constexpr std::string_view kTraceparent = "traceparent";
inline constexpr std::string_view kTracestate = "tracestate";

// Our part of the work that a request's headers or metadata name; nothing where they name none.
std::optional<TraceContext> JoinTrace(std::optional<std::string_view> traceparent,
                                      std::optional<std::string_view> tracestate);

}  // namespace millwright::api::prediction

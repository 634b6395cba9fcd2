#include "api/prediction/trace.h"

namespace millwright::api::prediction {

std::optional<TraceContext> JoinTrace(std::optional<std::string_view> traceparent,
                                      std::optional<std::string_view> tracestate) {
  if (!traceparent) return std::nullopt;
  const auto caller = ParseTraceContext(*traceparent, tracestate.value_or(""));
  if (!caller) return std::nullopt;
  return ChildOf(*caller);
}

}  // namespace millwright::api::prediction

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace millwright {

// W3C Trace Context: whose work a request is part of. Ids are lower-case hexadecimal, as they
// travel.
struct TraceContext {
  std::string trace_id;        // 32 digits
  std::string span_id;         // 16 digits: of this part of the work
  std::string parent_id = "";  // of the part that asked for it, where that is known
  bool sampled = false;
  std::string state = "";  // the header tracestate, passed on as it came
};

inline constexpr size_t kTraceStateBytesMax = 512;
inline constexpr size_t kTraceStateMembersMax = 32;

// Reads the headers traceparent and tracestate. Nothing where traceparent is none that the
// specification allows; a tracestate that is not allowed is left out.
std::optional<TraceContext> ParseTraceContext(std::string_view traceparent,
                                              std::string_view tracestate);

// The trace's id in a header traceparent; empty where there is none that is allowed.
std::string TraceIdOf(std::optional<std::string_view> traceparent);

// The header traceparent of this context.
std::string Traceparent(const TraceContext& context);

// A part of the same work, with an id of its own.
TraceContext ChildOf(const TraceContext& parent);

}  // namespace millwright

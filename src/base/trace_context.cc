#include "base/trace_context.h"

#include <algorithm>

#include "base/id.h"

namespace millwright {
namespace {

// "VV-TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT-SSSSSSSSSSSSSSSS-FF"
constexpr size_t kTraceAt = 3;
constexpr size_t kTraceDigits = 32;
constexpr size_t kSpanAt = 36;
constexpr size_t kSpanDigits = 16;
constexpr size_t kFlagsAt = 53;
constexpr size_t kLength = 55;

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view digits) {
  return digits.find_first_not_of('0') == std::string_view::npos;
}

bool IsTraceState(std::string_view text) {
  if (text.size() > kTraceStateBytesMax) return false;
  const auto printable = [](char c) { return c >= 0x20 && c <= 0x7e; };
  if (!std::all_of(text.begin(), text.end(), printable)) return false;
  size_t members = 0;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view member = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (member.find_first_not_of(' ') == std::string_view::npos)
      continue;  // empty ones are allowed
    const size_t equals = member.find('=');
    if (equals == std::string_view::npos || equals == 0) return false;
    if (++members > kTraceStateMembersMax) return false;
  }
  return members > 0;
}

}  // namespace

std::optional<TraceContext> ParseTraceContext(std::string_view traceparent,
                                              std::string_view tracestate) {
  const std::string_view text = traceparent;
  if (text.size() < kLength || text[2] != '-' || text[kSpanAt - 1] != '-' ||
      text[kFlagsAt - 1] != '-') {
    return std::nullopt;
  }
  const std::string_view version = text.substr(0, 2);
  const std::string_view flags = text.substr(kFlagsAt, 2);
  TraceContext context{.trace_id = std::string(text.substr(kTraceAt, kTraceDigits)),
                       .span_id = std::string(text.substr(kSpanAt, kSpanDigits))};
  if (!IsHex(version) || version == "ff" || !IsHex(flags) || !IsHex(context.trace_id) ||
      !IsHex(context.span_id) || IsZero(context.trace_id) || IsZero(context.span_id)) {
    return std::nullopt;
  }
  // Later versions may say more, behind another dash.
  if (text.size() > kLength && (version == "00" || text[kLength] != '-')) return std::nullopt;
  const char low = flags[1];
  context.sampled = ((low <= '9' ? low - '0' : low - 'a' + 10) & 1) != 0;
  if (IsTraceState(tracestate)) context.state = tracestate;
  return context;
}

std::string TraceIdOf(std::optional<std::string_view> traceparent) {
  if (!traceparent) return "";
  const auto context = ParseTraceContext(*traceparent, "");
  return context ? context->trace_id : "";
}

std::string Traceparent(const TraceContext& context) {
  return "00-" + context.trace_id + "-" + context.span_id + (context.sampled ? "-01" : "-00");
}

TraceContext ChildOf(const TraceContext& parent) {
  TraceContext child = parent;
  child.parent_id = parent.span_id;
  child.span_id = NewHexId().substr(0, kSpanDigits);
  return child;
}

}  // namespace millwright

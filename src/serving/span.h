#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/trace_context.h"

namespace millwright::serving {

// A part of the work on a request, from when to when.
struct Span {
  TraceContext context;
  std::string name;
  bool is_request = false;  // the part that the caller asked for; else one inside of it
  int64_t start_us = 0;     // since 1970
  int64_t end_us = 0;
  std::vector<std::pair<std::string, std::string>> attributes = {};
  std::string error = "";  // why it failed
};

// Takes spans on the thread of the answer: it must not block (a full queue drops and counts) and
// not throw. Thread-safe.
class SpanSink {
 public:
  virtual ~SpanSink() = default;
  virtual void Take(Span span) = 0;
};

}  // namespace millwright::serving

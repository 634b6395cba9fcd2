#pragma once

#include <string>
#include <string_view>

namespace millwright {

// Names the work that this thread is at: what it logs while this lives has the field trace=ID, as
// have the rows of the prediction log and the spans of a collector. Of several that a thread is in
// the innermost counts; an empty id changes nothing.
class LogTrace {
 public:
  explicit LogTrace(std::string_view trace_id);
  ~LogTrace();
  LogTrace(const LogTrace&) = delete;

 private:
  const std::string trace_id_;
  const std::string_view outer_;
};

}  // namespace millwright

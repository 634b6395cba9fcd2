#pragma once

#include <fmt/core.h>

#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace millwright {

// Says why a request cannot be done, in the sense of the gRPC canonical codes. Each protocol under
// api/ maps a Code to its own status and string; nothing else does.
enum class Code {
  kInvalidArgument,
  kNotFound,
  kAlreadyExists,
  kPermissionDenied,
  kUnauthenticated,
  kFailedPrecondition,
  kResourceExhausted,
  kAborted,
  kUnavailable,
  kDeadlineExceeded,
  kUnimplemented,
  kInternal,
};

// Names a code in lower snake case, such as "not_found"; used in logs and metric labels.
std::string_view CodeName(Code code);

// The one error type. It is thrown where a request cannot be done and caught at four edges: HTTP
// dispatch, the worker loop, the CLI's main and the C API. Where failure is a value to keep, it is
// the error of a Result. The message reads text first, values last: "Run not found: 4f2…".
class Error : public std::exception {
 public:
  Error(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  const char* what() const noexcept override { return message_.c_str(); }

  // Names the input field that is to blame, empty where none is.
  const std::string& field() const { return field_; }
  Error&& WithField(std::string field) && {
    field_ = std::move(field);
    return std::move(*this);
  }

 private:
  Code code_;
  std::string message_;
  std::string field_;
};

// The named makers; use these and not the constructor: `throw NotFound("Run", id)`.
Error NotFound(std::string_view noun, std::string_view id);
Error AlreadyExists(std::string_view noun, std::string_view id);

template <typename... Args>
Error InvalidArgument(fmt::format_string<Args...> text, Args&&... args) {
  return Error(Code::kInvalidArgument, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
Error PermissionDenied(fmt::format_string<Args...> text, Args&&... args) {
  return Error(Code::kPermissionDenied, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
Error Unauthenticated(fmt::format_string<Args...> text, Args&&... args) {
  return Error(Code::kUnauthenticated, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
Error FailedPrecondition(fmt::format_string<Args...> text, Args&&... args) {
  return Error(Code::kFailedPrecondition, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
Error ResourceExhausted(fmt::format_string<Args...> text, Args&&... args) {
  return Error(Code::kResourceExhausted, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
Error Aborted(fmt::format_string<Args...> text, Args&&... args) {
  return Error(Code::kAborted, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
Error Unavailable(fmt::format_string<Args...> text, Args&&... args) {
  return Error(Code::kUnavailable, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
Error DeadlineExceeded(fmt::format_string<Args...> text, Args&&... args) {
  return Error(Code::kDeadlineExceeded, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
Error Unimplemented(fmt::format_string<Args...> text, Args&&... args) {
  return Error(Code::kUnimplemented, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
Error Internal(fmt::format_string<Args...> text, Args&&... args) {
  return Error(Code::kInternal, fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace millwright

#include "base/error.h"

namespace millwright {

std::string_view CodeName(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
      return "invalid_argument";
    case Code::kNotFound:
      return "not_found";
    case Code::kAlreadyExists:
      return "already_exists";
    case Code::kPermissionDenied:
      return "permission_denied";
    case Code::kUnauthenticated:
      return "unauthenticated";
    case Code::kFailedPrecondition:
      return "failed_precondition";
    case Code::kResourceExhausted:
      return "resource_exhausted";
    case Code::kAborted:
      return "aborted";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kDeadlineExceeded:
      return "deadline_exceeded";
    case Code::kUnimplemented:
      return "unimplemented";
    case Code::kInternal:
      return "internal";
  }
  return "internal";
}

Error NotFound(std::string_view noun, std::string_view id) {
  return Error(Code::kNotFound, fmt::format("{} not found: {}", noun, id));
}

Error AlreadyExists(std::string_view noun, std::string_view id) {
  return Error(Code::kAlreadyExists, fmt::format("{} already exists: {}", noun, id));
}

}  // namespace millwright

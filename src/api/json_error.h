#pragma once

#include <string>

#include "base/error.h"
#include "http/message.h"

namespace millwright::api {

// The error shape of the native API: {"error_code": "NOT_FOUND", "message": "…", "field": "…"}; the
// field only where one is to blame. An ErrorWriter.
http::Response JsonError(const Error& error);

// A Code in upper snake case: "NOT_FOUND".
std::string UpperCodeName(Code code);

}  // namespace millwright::api

#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace millwright::api {

// The error shape of the native API: {"error_code": "NOT_FOUND", "message": "…", "field": "…"}; the
// field only where one is to blame. An ErrorWriter.
http::Response JsonError(const Error& error);

// The answer to a method and path that no route has. Its code, ENDPOINT_NOT_FOUND, is the one by
// which MLflow's clients tell a server that lacks a route from one that lacks a thing: they try an
// older route, and give up at once where there is none.
http::Response NoRoute(int status, std::string_view message);

// A Code in upper snake case: "NOT_FOUND".
std::string UpperCodeName(Code code);

}  // namespace millwright::api

#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/json.h"
#include "http/message.h"

namespace millwright::api::native {

// The body as a JSON object; an empty body is an empty object. Throws kInvalidArgument.
Json BodyObject(const http::Request& request);

// A whole number of the query. Throws kInvalidArgument when it is none or out of range.
int64_t QueryInt(const http::Request& request, std::string_view name, int64_t fallback, int64_t min,
                 int64_t max);
std::string QueryText(const http::Request& request, std::string_view name);
// A {version} of the path. Throws kInvalidArgument.
int64_t PathVersion(const http::Request& request, std::string_view name = "version");

// Whether somebody waits for the answer of this handler still, for SQL that takes long.
std::function<bool()> IsWanted();

http::Response Answer(const Json& json);

}  // namespace millwright::api::native

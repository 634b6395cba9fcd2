#pragma once

#include "api/native/context.h"
#include "http/message.h"

namespace millwright::api::native {

// What changed from another version (?with=N) to this one: its schema and its files.
http::Response CompareModelVersions(Context& context, const http::Request& request);

}  // namespace millwright::api::native

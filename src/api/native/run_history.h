#pragma once

#include "api/native/context.h"
#include "http/message.h"

namespace millwright::api::native {

// All points of a run's metrics as a stream of lines, of any length in constant memory.
http::Response GetRunHistory(Context& context, const http::Request& request);

}  // namespace millwright::api::native

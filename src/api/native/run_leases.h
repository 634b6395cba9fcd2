#pragma once

#include "api/native/context.h"
#include "http/message.h"

namespace millwright::api::native {

http::Response GetRunLease(Context& context, const http::Request& request);
http::Response RenewRunLease(Context& context, const http::Request& request);

}  // namespace millwright::api::native

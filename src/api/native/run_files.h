#pragma once

#include "api/native/context.h"
#include "http/message.h"

namespace millwright::api::native {

http::Response GetRunTable(Context& context, const http::Request& request);
http::Response GetRunPage(Context& context, const http::Request& request);

}  // namespace millwright::api::native

#pragma once

#include "api/native/context.h"
#include "http/message.h"

namespace millwright::api::native {

http::Response DrawChart(Context& context, const http::Request& request);

}  // namespace millwright::api::native

#pragma once

#include "api/native/context.h"
#include "http/message.h"

// The front page: what there is, and each loop from model to monitor and back.
namespace millwright::api::native {

http::Response GetOverview(Context& context, const http::Request& request);

}  // namespace millwright::api::native

#pragma once

#include "api/native/context.h"
#include "http/message.h"

// What TensorBoard's event files hold beside metrics and params.
namespace millwright::api::native {

http::Response GetTensorboard(Context& context, const http::Request& request);
http::Response ListSamples(Context& context, const http::Request& request);
http::Response GetSampleImage(Context& context, const http::Request& request);
http::Response TakeEvents(Context& context, const http::Request& request);

}  // namespace millwright::api::native

#pragma once

#include "api/native/context.h"
#include "http/message.h"

// The health of a model over time, of all it was asked or of a slice.
namespace millwright::api::native {

http::Response GetHealth(Context& context, const http::Request& request);
http::Response GetHealthReport(Context& context, const http::Request& request);
http::Response GetEvidentlyReport(Context& context, const http::Request& request);
http::Response PreviewMonitor(Context& context, const http::Request& request);

}  // namespace millwright::api::native

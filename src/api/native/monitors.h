#pragma once

#include "api/native/context.h"
#include "http/message.h"

// Monitors and what they measured.
namespace millwright::api::native {

http::Response ListMonitors(Context& context, const http::Request& request);
http::Response PutMonitor(Context& context, const http::Request& request);
http::Response GetMonitor(Context& context, const http::Request& request);
http::Response DeleteMonitor(Context& context, const http::Request& request);
http::Response EvaluateMonitor(Context& context, const http::Request& request);
http::Response GetDrift(Context& context, const http::Request& request);
http::Response GetPerformance(Context& context, const http::Request& request);
http::Response GetQuality(Context& context, const http::Request& request);
http::Response GetDistribution(Context& context, const http::Request& request);

}  // namespace millwright::api::native

#pragma once

#include "api/native/context.h"
#include "http/message.h"

// Rules of alerts, and who is told of them.
namespace millwright::api::native {

http::Response ApplyAlertConfig(Context& context, const http::Request& request);
http::Response ListAlertRules(Context& context, const http::Request& request);
http::Response GetAlertRule(Context& context, const http::Request& request);
http::Response DeleteAlertRule(Context& context, const http::Request& request);
http::Response TestAlertRule(Context& context, const http::Request& request);
http::Response GetAlertRoutes(Context& context, const http::Request& request);
http::Response ListAlertSeries(Context& context, const http::Request& request);
http::Response ListAlertReceivers(Context& context, const http::Request& request);
http::Response DeleteAlertReceiver(Context& context, const http::Request& request);
http::Response TestAlertReceiver(Context& context, const http::Request& request);
http::Response ListAlertDeliveries(Context& context, const http::Request& request);
http::Response ReplayAlertDeliveries(Context& context, const http::Request& request);

}  // namespace millwright::api::native

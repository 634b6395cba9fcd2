#pragma once

#include "api/native/context.h"
#include "http/message.h"

// Alerts of rules and of monitors, and silences.
namespace millwright::api::native {

http::Response ListAlerts(Context& context, const http::Request& request);
http::Response GetAlert(Context& context, const http::Request& request);
http::Response AcknowledgeAlert(Context& context, const http::Request& request);
http::Response WithdrawAcknowledgement(Context& context, const http::Request& request);
http::Response ListSilences(Context& context, const http::Request& request);
http::Response CreateSilence(Context& context, const http::Request& request);
http::Response ExpireSilence(Context& context, const http::Request& request);

}  // namespace millwright::api::native

#pragma once

#include "api/intake/context.h"
#include "http/message.h"

namespace millwright::api::intake {

http::Response TakeExperiment(Context& context, const http::Request& request);
http::Response TakeRuns(Context& context, const http::Request& request);
http::Response TakeLoggedModel(Context& context, const http::Request& request);
http::Response TakeModel(Context& context, const http::Request& request);
http::Response ListFiles(Context& context, const http::Request& request);

}  // namespace millwright::api::intake

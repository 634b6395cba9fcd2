#pragma once

#include "api/mlflow/context.h"
#include "http/message.h"

namespace millwright::api::mlflow::metrics {

http::Response GetHistory(Context& context, const http::Request& request);
http::Response GetHistoryBulk(Context& context, const http::Request& request);
http::Response GetHistoryInterval(Context& context, const http::Request& request);

}  // namespace millwright::api::mlflow::metrics

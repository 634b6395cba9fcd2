#pragma once

#include "api/mlflow/context.h"
#include "http/message.h"

namespace millwright::api::mlflow::server_info {

// What MLflow's client and UI ask before anything else.
http::Response Get(Context& context, const http::Request& request);

}  // namespace millwright::api::mlflow::server_info

#pragma once

#include "base/error.h"
#include "http/message.h"

namespace millwright::api::mlflow {

// MLflow's error shape: {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "…"}. Its clients
// retry 429 and most of 5xx for minutes, so that a caller's mistake is never one of them.
http::Response ErrorAnswer(const Error& error);

}  // namespace millwright::api::mlflow

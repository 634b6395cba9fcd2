#pragma once

#include <optional>
#include <string>

#include "api/mlflow/tracking_messages.h"
#include "http/message.h"

// Reading the bodies of the calls that log, of which there are thousands a second and each may hold
// a thousand metrics.
namespace millwright::api::mlflow {

// Reads a request as Read of request.h does, with the same result and the same refusals. A body of
// the ordinary form is walked once, without building a tree; any other one is left to Read.
// `request` gets room behind its body for the walk.
template <Message T>
T ReadLogged(http::Request& request);

extern template LogMetric ReadLogged<LogMetric>(http::Request& request);
extern template LogBatch ReadLogged<LogBatch>(http::Request& request);
extern template RunKeyValue ReadLogged<RunKeyValue>(http::Request& request);

}  // namespace millwright::api::mlflow

#pragma once

#include "api/native/context.h"
#include "http/message.h"
#include "monitoring/prediction_reader.h"

// Logs of predictions, whether of an endpoint that is served here or of a model that is served
// elsewhere.
namespace millwright::api::native {

// The name of a log that an endpoint or rows are known of; throws kNotFound for another.
std::string LogOf(Context& context, const std::string& name);
// What `from_ms`, `to_ms` and `where` of the query say.
monitoring::LogSlice ReadSlice(const http::Request& request);

http::Response ListPredictionLogs(Context& context, const http::Request& request);
http::Response AddLoggedPredictions(Context& context, const http::Request& request);
http::Response AddLoggedEvent(Context& context, const http::Request& request);
http::Response SummarizePredictions(Context& context, const http::Request& request);
http::Response ExportPredictions(Context& context, const http::Request& request);

}  // namespace millwright::api::native

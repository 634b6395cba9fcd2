#pragma once

#include "api/native/context.h"
#include "http/message.h"
#include "monitoring/prediction_reader.h"

// What was predicted and what really happened.
namespace millwright::api::native {

Json PredictionJson(const monitoring::KnownPrediction& prediction);

http::Response ListPredictions(Context& context, const http::Request& request);
http::Response QueryPredictions(Context& context, const http::Request& request);
http::Response RecordOutcomes(Context& context, const http::Request& request);

}  // namespace millwright::api::native

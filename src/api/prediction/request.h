#pragma once

#include <string>

#include "http/message.h"
#include "serving/predictor.h"

// What all prediction protocols share: the id of a prediction, its event time, tensors as JSON.
namespace millwright::api::prediction {

inline constexpr size_t kPredictionIdBytesMax = 200;

// What the prediction protocols work with: the models of this process or the gateway's endpoints.
struct Context {
  serving::Predictor& predictor;
};

// Starts a request: the id is the header X-Request-Id or a new one, the event time comes from
// X-Millwright-Event-Time (milliseconds since 1970 or RFC 3339). Throws kInvalidArgument naming the
// header.
serving::InferRequest StartRequest(const http::Request& request, std::string model,
                                   std::string version);

// Refuses an id that is empty, longer than the limit or has other than printable characters.
void CheckPredictionId(std::string_view id, const std::string& field);

// Adds the header by which an outcome is joined later: X-Prediction-Id.
void AddPredictionId(const std::string& id, http::Response* response);

}  // namespace millwright::api::prediction

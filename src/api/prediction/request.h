#pragma once

#include <functional>
#include <string>

#include "api/prediction/prediction_id.h"
#include "api/route.h"
#include "http/message.h"
#include "serving/predictor.h"

// What all prediction protocols share: the id of a prediction, its event time, tensors as JSON.
namespace millwright::api::prediction {

// What the prediction protocols work with: the models of this process or the gateway's endpoints.
struct Context {
  serving::Predictor& predictor;
};

// Bodies that are short enough to be decoded between two looks at the sockets.
inline constexpr uint64_t kInlineBytesMax = 64 * 1024;

// Whether a request may be handled on the I/O thread: the predictor never lets it wait. The model
// is the path's part {model} or {name}, else the only one.
bool DecodesInline(const Context& context, const http::Request& head);

// Lets a request in whose body is not packed, nor an event in structured mode, and whose caller is
// within the predictor's limits; else replies with the reason (415, 413 or 429 with Retry-After)
// and returns false. Called before the body is decoded.
bool LetIn(Context& context, const http::Request& request, const std::string& model,
           ErrorWriter write_error, const http::Reply& reply);

// Starts a request: the id is the header X-Request-Id, else a CloudEvent's, else a new one; the
// event time comes from X-Millwright-Event-Time (milliseconds since 1970 or RFC 3339), the deadline
// from X-Request-Timeout-Ms. Throws kInvalidArgument naming the header. The request must
// outlive what is returned.
serving::InferRequest StartRequest(const http::Request& request, std::string model,
                                   std::string version);

// The version that the path asks for: its part {version}, or the one that {label} names; "" where
// it has neither.
std::string VersionOf(const Context& context, const http::Request& request,
                      const std::string& model);

// Words the answer to a request for predictions; may throw an Error. It is called after the handler
// has returned, perhaps, so it owns what it needs.
using AnswerWriter = std::function<http::Response(const serving::InferAnswer&)>;

// Asks for predictions and replies with what `write` makes of the answer, or with the error by
// `write_error`. The answer carries the header X-Prediction-Id, by which an outcome is joined
// later, and to a CloudEvent it is one. Of a request that is part of a trace it carries our part.
void InferAndReply(Context& context, serving::InferRequest infer, const http::Request& request,
                   AnswerWriter write, ErrorWriter write_error, http::Reply reply);

}  // namespace millwright::api::prediction

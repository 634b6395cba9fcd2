#include "api/prediction/request.h"

#include <charconv>

#include "api/prediction/cloud_event.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/id.h"

namespace millwright::api::prediction {
namespace {

constexpr std::string_view kEventTimeHeader = "X-Millwright-Event-Time";

int64_t ParseEventTime(std::string_view text) {
  int64_t time_ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), time_ms);
  // A year alone would be a number, too; nobody stamps predictions by the year.
  if (error == std::errc() && end == text.data() + text.size()) return time_ms;
  try {
    return ParseTime(text);
  } catch (const Error&) {
    throw InvalidArgument("{} is neither milliseconds since 1970 nor RFC 3339: {}",
                          kEventTimeHeader, text.substr(0, 64))
        .WithField(std::string(kEventTimeHeader));
  }
}

}  // namespace

serving::InferRequest StartRequest(const http::Request& request, std::string model,
                                   std::string version) {
  serving::InferRequest infer;
  infer.model = std::move(model);
  infer.version = std::move(version);
  if (const auto given = request.headers.Find("X-Request-Id")) {
    CheckPredictionId(*given, "X-Request-Id");
    infer.id = *given;
  } else if (const auto event = FindCloudEvent(request)) {
    CheckPredictionId(event->id, "ce-id");
    infer.id = event->id;
  } else {
    infer.id = NewHexId();
  }
  if (const auto time = request.headers.Find(kEventTimeHeader)) {
    infer.event_time_ms = ParseEventTime(*time);
  }
  return infer;
}

std::string VersionOf(const Context& context, const http::Request& request,
                      const std::string& model) {
  for (const auto& [name, value] : request.path_values) {
    if (name == "version") return value;
    if (name == "label") return context.predictor.VersionOfLabel(model, value);
  }
  return "";
}

void InferAndReply(Context& context, serving::InferRequest infer, const http::Request& request,
                   const AnswerWriter& write, ErrorWriter write_error, const http::Reply& reply) {
  const auto event = FindCloudEvent(request);
  const std::string model = infer.model;
  const std::string id = infer.id;
  context.predictor.Infer(std::move(infer), [&](const Result<serving::InferAnswer>& answer) {
    http::Response response;
    try {
      response = answer ? write(*answer) : write_error(answer.error());
    } catch (const Error& error) {
      response = write_error(error);
    }
    response.headers.Add("X-Prediction-Id", id);
    if (event && answer) AddCloudEvent(*event, model, &response);
    reply(std::move(response));
  });
}

}  // namespace millwright::api::prediction

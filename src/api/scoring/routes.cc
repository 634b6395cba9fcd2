#include "api/scoring/routes.h"

#include "api/scoring/invocation.h"
#include "base/error.h"
#include "base/json.h"
#include "base/version.h"

namespace millwright::api::scoring {
namespace {

// MLflow's names of error codes.
std::string_view ErrorCodeName(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
    case Code::kFailedPrecondition:
      return "BAD_REQUEST";
    case Code::kNotFound:
      return "RESOURCE_DOES_NOT_EXIST";
    case Code::kAlreadyExists:
      return "RESOURCE_ALREADY_EXISTS";
    case Code::kPermissionDenied:
      return "PERMISSION_DENIED";
    case Code::kUnauthenticated:
      return "UNAUTHENTICATED";
    case Code::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case Code::kAborted:
      return "ABORTED";
    case Code::kUnavailable:
      return "TEMPORARILY_UNAVAILABLE";
    case Code::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case Code::kUnimplemented:
      return "NOT_IMPLEMENTED";
    case Code::kInternal:
      return "INTERNAL_ERROR";
  }
  return "INTERNAL_ERROR";
}

std::string ModelOf(const Context& context, const http::Request& request) {
  for (const auto& [name, value] : request.path_values) {
    if (name == "name") return value;
  }
  const auto models = context.predictor.Models();
  if (models.empty()) throw NotFound("Model", "there is none to ask");
  if (models.size() > 1) {
    throw InvalidArgument("There are {} models; name one: /endpoints/NAME/invocations",
                          models.size());
  }
  return models[0];
}

// A body without a type is taken as JSON, as curl users write it.
void CheckContentType(const http::Request& request) {
  std::string_view type = request.headers.Find("Content-Type").value_or("application/json");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (http::EqualsIgnoringCase(type, "application/json")) return;
  throw InvalidArgument("Content-Type must be application/json, not {}", type.substr(0, 64))
      .WithField("Content-Type");
}

}  // namespace

http::Response WriteError(const Error& error) {
  std::string json;
  JsonWriter(&json)
      .BeginObject()
      .Field("error_code", ErrorCodeName(error.code()))
      .Field("message", error.message())
      .EndObject();
  return http::Response::JsonText(HttpStatus(error.code()), std::move(json));
}

http::Response Ping(Context& context, const http::Request&) {
  for (const std::string& model : context.predictor.Models()) {
    if (!context.predictor.Ready(model, "")) {
      return http::Response::Text(503, "Model not ready: " + model + "\n");
    }
  }
  return http::Response::Text(200, "\n");
}

http::Response ServerVersion(Context&, const http::Request&) {
  return http::Response::Text(200, std::string(Version()));
}

void Invoke(Context& context, http::Request&& request, http::Reply reply) {
  CheckContentType(request);
  serving::InferRequest infer = prediction::StartRequest(request, ModelOf(context, request), "");
  const auto info = context.predictor.Describe(infer.model, "");
  infer.inputs = ReadInvocation(&request.body, info->signature);
  const std::string id = infer.id;
  context.predictor.Infer(std::move(infer), [&](const Result<serving::InferAnswer>& answer) {
    http::Response response;
    try {
      std::string json;
      if (answer) AppendPredictions(answer->outputs, &json);
      response =
          answer ? http::Response::JsonText(200, std::move(json)) : WriteError(answer.error());
    } catch (const Error& error) {
      response = WriteError(error);
    }
    prediction::AddPredictionId(id, &response);
    reply(std::move(response));
  });
}

}  // namespace millwright::api::scoring

#include "api/scoring/routes.h"

#include "api/prediction/cloud_event.h"
#include "api/scoring/csv_body.h"
#include "api/scoring/invocation.h"
#include "api/scoring/parquet_body.h"
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

using BodyReader = Invocation (*)(std::string*, const inference::Signature&);
struct BodyType {
  std::string_view media_type;
  BodyReader read;
};

Invocation ReadParquetBody(std::string* body, const inference::Signature& signature) {
  return {.inputs = ReadParquet(*body, signature), .params = Json()};
}

constexpr BodyType kBodyTypes[] = {
    {"application/json", ReadInvocation},
    {"text/csv",
     [](std::string* body, const inference::Signature& signature) {
       return Invocation{.inputs = ReadCsv(*body, signature), .params = Json()};
     }},
    {"application/vnd.apache.parquet", ReadParquetBody},
    {"application/x-parquet", ReadParquetBody},
};

// A body without a type is taken as JSON, as curl users write it. Nothing for another type.
const BodyType* FindBodyType(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  for (const BodyType& known : kBodyTypes) {
    if (http::EqualsIgnoringCase(type, known.media_type)) return &known;
  }
  return nullptr;
}

// MLflow answers 415 here, a status that no code of ours has.
http::Response RefuseBodyType(const http::Request& request, std::string_view content_type) {
  const auto of_event = prediction::RefusalOfEventMode(request);
  http::Response response =
      WriteError(of_event ? *of_event
                          : InvalidArgument("Content-Type must be application/json, text/csv or "
                                            "application/vnd.apache.parquet, not {}",
                                            content_type.substr(0, 64)));
  response.status = 415;
  return response;
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

bool DecodesInline(const Context& context, const http::Request& head) {
  const auto content_type = head.headers.Find("Content-Type");
  const BodyType* type = content_type ? FindBodyType(*content_type) : nullptr;
  if (type != nullptr && type->read == ReadParquetBody) return false;
  return prediction::DecodesInline(context, head);
}

void Invoke(Context& context, http::Request&& request, http::Reply reply) {
  const std::string content_type(request.headers.Find("Content-Type").value_or("application/json"));
  const BodyType* type = FindBodyType(content_type);
  if (type == nullptr) return reply(RefuseBodyType(request, content_type));
  const std::string model = ModelOf(context, request);
  if (!prediction::LetIn(context, request, model, WriteError, reply)) return;
  serving::InferRequest infer = prediction::StartRequest(request, model, "");
  const auto info = context.predictor.Describe(infer.model, "");
  Invocation invocation = type->read(&request.body, info->signature);
  infer.inputs = std::move(invocation.inputs);
  infer.params = std::move(invocation.params);
  prediction::InferAndReply(
      context, std::move(infer), request,
      [info](const serving::InferAnswer& answer) {
        std::string json;
        AppendPredictions(info->platform, answer.outputs, &json);
        return http::Response::JsonText(200, std::move(json));
      },
      WriteError, std::move(reply));
}

}  // namespace millwright::api::scoring

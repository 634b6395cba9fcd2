#include "api/kserve/routes.h"

#include <charconv>

#include "api/kserve/infer_body.h"
#include "base/error.h"
#include "base/json.h"
#include "base/version.h"

namespace millwright::api::kserve {
namespace {

constexpr std::string_view kJsonLengthHeader = "Inference-Header-Content-Length";

std::string VersionOf(const http::Request& request) {
  for (const auto& [name, value] : request.path_values) {
    if (name == "version") return value;
  }
  return "";
}

void WriteSpecs(const std::vector<inference::TensorSpec>& specs, JsonWriter* writer) {
  writer->BeginArray();
  for (const auto& spec : specs) {
    writer->BeginObject()
        .Field("name", spec.name)
        .Field("datatype", inference::DataTypeName(spec.type))
        .Key("shape")
        .BeginArray();
    for (const int64_t size : spec.shape) writer->Int(size);
    writer->EndArray().EndObject();
  }
  writer->EndArray();
}

// How many bytes of the body are JSON: all of them, unless raw tensors follow.
size_t JsonBytesOf(const http::Request& request) {
  const auto header = request.headers.Find(kJsonLengthHeader);
  if (!header) return request.body.size();
  size_t bytes = 0;
  const auto [end, error] = std::from_chars(header->data(), header->data() + header->size(), bytes);
  if (error != std::errc() || end != header->data() + header->size() ||
      bytes > request.body.size()) {
    throw InvalidArgument("{} must be a number up to the body's size: {}", kJsonLengthHeader,
                          header->substr(0, 32))
        .WithField(std::string(kJsonLengthHeader));
  }
  return bytes;
}

http::Response Answer(const std::string& model, const std::string& id, const InferBody& body,
                      const Result<serving::InferAnswer>& answer) {
  if (!answer) return WriteError(answer.error());
  EncodedAnswer encoded;
  try {
    encoded = WriteInferAnswer(model, id, body, *answer);
  } catch (const Error& error) {
    return WriteError(error);
  }
  http::Response response = http::Response::JsonText(200, std::move(encoded.body));
  if (encoded.json_bytes) {
    response.headers.Set("Content-Type", "application/octet-stream");
    response.headers.Add(std::string(kJsonLengthHeader), std::to_string(*encoded.json_bytes));
  }
  return response;
}

}  // namespace

http::Response WriteError(const Error& error) {
  std::string json;
  JsonWriter(&json).BeginObject().Field("error", error.message()).EndObject();
  return http::Response::JsonText(HttpStatus(error.code()), std::move(json));
}

http::Response ServerMetadata(Context&, const http::Request&) {
  std::string json;
  JsonWriter(&json)
      .BeginObject()
      .Field("name", "millwright")
      .Field("version", Version())
      .Key("extensions")
      .BeginArray()
      .String("binary_tensor_data")
      .EndArray()
      .EndObject();
  return http::Response::JsonText(200, std::move(json));
}

http::Response ServerLive(Context&, const http::Request&) {
  return http::Response::JsonText(200, R"({"live":true})");
}

http::Response ServerReady(Context& context, const http::Request&) {
  bool ready = true;
  for (const std::string& model : context.predictor.Models()) {
    ready = ready && context.predictor.Ready(model, "");
  }
  return ready ? http::Response::JsonText(200, R"({"ready":true})")
               : http::Response::JsonText(503, R"({"ready":false})");
}

http::Response ListModels(Context& context, const http::Request&) {
  std::string json;
  JsonWriter writer(&json);
  writer.BeginObject().Key("models").BeginArray();
  for (const std::string& model : context.predictor.Models()) writer.String(model);
  writer.EndArray().EndObject();
  return http::Response::JsonText(200, std::move(json));
}

http::Response ModelMetadata(Context& context, const http::Request& request) {
  const auto info = context.predictor.Describe(request.PathValue("model"), VersionOf(request));
  std::string json;
  JsonWriter writer(&json);
  writer.BeginObject().Field("name", info->name).Key("versions").BeginArray();
  for (const std::string& version : info->versions) writer.String(version);
  writer.EndArray().Field("platform", info->platform).Key("inputs");
  WriteSpecs(info->signature.inputs, &writer);
  writer.Key("outputs");
  WriteSpecs(info->signature.outputs, &writer);
  writer.EndObject();
  return http::Response::JsonText(200, std::move(json));
}

http::Response ModelReady(Context& context, const http::Request& request) {
  const std::string& model = request.PathValue("model");
  const bool ready = context.predictor.Ready(model, VersionOf(request));
  std::string json;
  JsonWriter(&json).BeginObject().Field("name", model).Field("ready", ready).EndObject();
  return http::Response::JsonText(ready ? 200 : 503, std::move(json));
}

void Infer(Context& context, http::Request&& request, http::Reply reply) {
  serving::InferRequest infer =
      prediction::StartRequest(request, request.PathValue("model"), VersionOf(request));
  InferBody body = ReadInferBody(&request.body, JsonBytesOf(request));
  // The request's own id is the one that the protocol must give back.
  if (body.id) infer.id = *body.id;
  infer.inputs = std::move(body.inputs);
  const std::string model = infer.model;
  const std::string id = infer.id;
  context.predictor.Infer(std::move(infer), [&](const Result<serving::InferAnswer>& answer) {
    http::Response response = Answer(model, id, body, answer);
    prediction::AddPredictionId(id, &response);
    reply(std::move(response));
  });
}

}  // namespace millwright::api::kserve

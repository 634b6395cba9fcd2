#include "api/kserve/routes.h"

#include <fmt/format.h>

#include <charconv>

#include "api/kserve/infer_body.h"
#include "api/kserve/server_extensions.h"
#include "api/kserve/version_state.h"
#include "base/error.h"
#include "base/json.h"
#include "base/version.h"

namespace millwright::api::kserve {
namespace {

using prediction::VersionOf;

constexpr std::string_view kJsonLengthHeader = "Inference-Header-Content-Length";

std::string FindPathValue(const http::Request& request, std::string_view wanted) {
  for (const auto& [name, value] : request.path_values) {
    if (name == wanted) return value;
  }
  return "";
}

void WriteDuration(std::string_view name, int64_t count, int64_t us, JsonWriter* writer) {
  writer->Key(name).BeginObject().Field("count", count).Field("ns", us * 1000).EndObject();
}

// What is not measured apart, copying, is part of the model's time.
void WriteStatistics(const serving::VersionStatistics& one, JsonWriter* writer) {
  writer->BeginObject()
      .Field("name", one.model)
      .Field("version", one.version)
      .Field("last_inference", one.last_ms)
      .Field("inference_count", one.rows)
      .Field("execution_count", one.runs())
      .Key("inference_stats")
      .BeginObject();
  WriteDuration("success", one.successes, one.success_us, writer);
  WriteDuration("fail", one.failures, one.failure_us, writer);
  WriteDuration("queue", one.successes + one.failures, one.batches.queue_us, writer);
  WriteDuration("compute_input", one.compute.count, one.input_us, writer);
  WriteDuration("compute_infer", one.compute.count, one.compute.us, writer);
  WriteDuration("compute_output", one.compute.count, one.output_us, writer);
  writer->EndObject().Key("batch_stats").BeginArray();
  int64_t rows_max = 1;  // sizes are powers of two
  for (const auto& size : one.batches.sizes) {
    if (size.runs > 0) {
      writer->BeginObject().Field("batch_size", rows_max);
      WriteDuration("compute_infer", size.runs, size.us, writer);
      writer->EndObject();
    }
    rows_max *= 2;
  }
  writer->EndArray().EndObject();
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

// What an input and an output have in common in Triton's configuration, whose JSON has the names of
// the message's fields, every plain field of a part that is there, and numbers as numbers.
void BeginConfigured(const inference::TensorSpec& spec, JsonWriter* writer) {
  // Ours are Triton's but for texts.
  const std::string_view type =
      spec.type == inference::DataType::kBytes ? "STRING" : inference::DataTypeName(spec.type);
  writer->BeginObject()
      .Field("name", spec.name)
      .Field("data_type", fmt::format("TYPE_{}", type))
      .Key("dims")
      .BeginArray();
  for (const int64_t size : spec.shape) writer->Int(size);
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
                      const serving::InferAnswer& answer) {
  EncodedAnswer encoded = WriteInferAnswer(model, id, body, answer);
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
  JsonWriter writer(&json);
  writer.BeginObject()
      .Field("name", kServerName)
      .Field("version", Version())
      .Key("extensions")
      .BeginArray();
  for (const std::string_view extension : kExtensions) writer.String(extension);
  writer.EndArray().EndObject();
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
  const std::string& model = request.PathValue("model");
  const auto info = context.predictor.Describe(model, VersionOf(context, request, model));
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

http::Response ModelConfig(Context& context, const http::Request& request) {
  const std::string& model = request.PathValue("model");
  const auto info = context.predictor.Describe(model, VersionOf(context, request, model));
  std::string json;
  JsonWriter writer(&json);
  writer.BeginObject()
      .Field("name", info->name)
      .Field("platform", info->platform)
      .Field("backend", "")
      .Field("max_batch_size", 0)
      .Key("input")
      .BeginArray();
  for (const inference::TensorSpec& input : info->signature.inputs) {
    BeginConfigured(input, &writer);
    writer.Field("format", "FORMAT_NONE")
        .Field("is_shape_tensor", false)
        .Field("allow_ragged_batch", false)
        .Field("optional", input.optional)
        .EndObject();
  }
  writer.EndArray().Key("output").BeginArray();
  for (const inference::TensorSpec& output : info->signature.outputs) {
    BeginConfigured(output, &writer);
    writer.Field("label_filename", "").Field("is_shape_tensor", false).EndObject();
  }
  writer.EndArray().EndObject();
  return http::Response::JsonText(200, std::move(json));
}

http::Response ModelReady(Context& context, const http::Request& request) {
  const std::string& model = request.PathValue("model");
  const bool ready = context.predictor.Ready(model, VersionOf(context, request, model));
  std::string json;
  JsonWriter(&json).BeginObject().Field("name", model).Field("ready", ready).EndObject();
  return http::Response::JsonText(ready ? 200 : 503, std::move(json));
}

http::Response ModelStatistics(Context& context, const http::Request& request) {
  const std::string model = FindPathValue(request, "model");
  const std::string version = FindPathValue(request, "version");
  std::string json;
  JsonWriter writer(&json);
  writer.BeginObject().Key("model_stats").BeginArray();
  for (const auto& one : StatisticsOf(context.predictor, model, version)) {
    WriteStatistics(one, &writer);
  }
  writer.EndArray().EndObject();
  return http::Response::JsonText(200, std::move(json));
}

http::Response RepositoryIndex(Context& context, const http::Request& request) {
  bool ready_only = false;
  if (!request.body.empty()) {
    const Json body = ParseJson(request.body);
    body.AsObject("The body");
    ready_only = body.GetBool("ready");
  }
  std::string json;
  JsonWriter writer(&json);
  writer.BeginArray();
  for (const auto& one : context.predictor.Index()) {
    const bool is_ready = one.state == serving::VersionStatus::State::kReady;
    if (ready_only && !is_ready) continue;
    writer.BeginObject()
        .Field("name", one.model)
        .Field("version", one.version)
        .Field("state", StateName(one.state))
        .Field("reason", one.reason)
        .EndObject();
  }
  writer.EndArray();
  return http::Response::JsonText(200, std::move(json));
}

http::Response LoadModel(Context& context, const http::Request& request) {
  if (!request.body.empty()) {
    const Json body = ParseJson(request.body);
    body.AsObject("The body");
    const Json* parameters = body.Find("parameters");
    if (parameters != nullptr && !parameters->AsObject("parameters").empty()) {
      throw UnknownLoadParameter(parameters->AsObject()[0].first);
    }
  }
  context.predictor.Load(request.PathValue("model"));
  return http::Response::JsonText(200, "{}");
}

http::Response UnloadModel(Context& context, const http::Request& request) {
  context.predictor.Unload(request.PathValue("model"));
  return http::Response::JsonText(200, "{}");
}

void Infer(Context& context, http::Request&& request, http::Reply reply) {
  const std::string& model = request.PathValue("model");
  if (!prediction::LetIn(context, request, model, WriteError, reply)) return;
  serving::InferRequest infer =
      prediction::StartRequest(request, model, VersionOf(context, request, model));
  InferBody body = ReadInferBody(&request.body, JsonBytesOf(request));
  // The request's own id is the one that the protocol must give back.
  if (body.id) infer.id = *body.id;
  infer.inputs = std::move(body.inputs);
  std::string id = infer.id;
  prediction::InferAndReply(
      context, std::move(infer), request,
      [model, id = std::move(id), body = std::move(body)](const serving::InferAnswer& answer) {
        return Answer(model, id, body, answer);
      },
      WriteError, std::move(reply));
}

}  // namespace millwright::api::kserve

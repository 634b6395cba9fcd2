#include "api/kserve/rpcs.h"

#include <algorithm>
#include <cctype>

#include "api/kserve/infer_message.h"
#include "api/kserve/server_extensions.h"
#include "api/kserve/version_state.h"
#include "api/prediction/event_time.h"
#include "api/prediction/trace.h"
#include "api/protobuf/reader.h"
#include "api/protobuf/writer.h"
#include "base/error.h"
#include "base/unique_id.h"
#include "base/version.h"

namespace millwright::api::kserve::rpcs {
namespace {

using inference::DataType;
using inference::TensorSpec;
using protobuf::Reader;
using protobuf::Writer;

// Many requests are a model's name and version and nothing else.
struct NameAndVersion {
  std::string name;
  std::string version;
};

NameAndVersion ReadNameAndVersion(std::string_view message) {
  NameAndVersion names;
  for (Reader reader(message); reader.Next();) {
    if (reader.number() == 1) names.name = reader.Text();
    if (reader.number() == 2) names.version = reader.Text();
  }
  return names;
}

// Triton's clients name a repository, which is of no use here, and then the model; KServe's only
// the model.
std::string ReadModelName(std::string_view message) {
  NameAndVersion names = ReadNameAndVersion(message);
  std::string& model = names.version.empty() ? names.name : names.version;
  if (model.empty()) throw InvalidArgument("Missing field: model_name").WithField("model_name");
  return std::move(model);
}

std::string ReadyMessage(bool ready) {
  std::string message;
  Writer(&message).Bool(1, ready);
  return message;
}

void WriteSpecs(uint32_t field, const std::vector<TensorSpec>& specs, Writer* writer) {
  for (const TensorSpec& spec : specs) {
    std::string message;
    Writer(&message)
        .Text(1, spec.name)
        .Text(2, inference::DataTypeName(spec.type))
        .Ints(3, spec.shape);
    writer->Sub(field, message);
  }
}

// Triton's numbers of datatypes are our order, counted from 1.
uint64_t ConfigType(DataType type) {
  static_assert(static_cast<int>(DataType::kBool) == 0 && static_cast<int>(DataType::kFp64) == 11 &&
                static_cast<int>(DataType::kBytes) == 12);
  return static_cast<uint64_t>(type) + 1;
}

std::string Duration(int64_t count, int64_t us) {
  std::string message;
  Writer(&message).Int(1, count).Int(2, us * 1000);
  return message;
}

std::string StatisticsMessage(const serving::VersionStatistics& one) {
  std::string durations;
  // What is not measured apart, copying, is part of the model's time.
  Writer(&durations)
      .Sub(1, Duration(one.successes, one.success_us))
      .Sub(2, Duration(one.failures, one.failure_us))
      .Sub(3, Duration(one.successes + one.failures, one.batches.queue_us))
      .Sub(4, Duration(0, 0))
      .Sub(5, Duration(one.compute.count, one.compute.us))
      .Sub(6, Duration(0, 0));
  std::string message;
  Writer(&message)
      .Text(1, one.model)
      .Text(2, one.version)
      .Int(3, one.last_ms)
      .Int(4, one.rows)
      .Int(5, one.runs())
      .Sub(6, durations);
  uint64_t rows_max = 1;  // sizes are powers of two
  for (const auto& size : one.batches.sizes) {
    if (size.runs > 0) {
      std::string batch;
      Writer(&batch).Uint(1, rows_max).Sub(3, Duration(size.runs, size.us));
      Writer(&message).Sub(7, batch);
    }
    rows_max *= 2;
  }
  return message;
}

// Metadata has keys in lower case, where HTTP's names have any.
std::optional<std::string_view> FindHeader(const grpc::Call& call, std::string_view name) {
  std::string key(name);
  std::transform(key.begin(), key.end(), key.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return call.FindMetadata(key);
}

// The id of a prediction is the message's, else the metadata x-request-id, else a new one.
serving::InferRequest StartRequest(const grpc::Call& call, InferMessage* message) {
  serving::InferRequest infer;
  infer.model = message->model;
  infer.version = message->version;
  if (message->id) {
    infer.id = *message->id;
  } else if (const auto given = call.FindMetadata("x-request-id")) {
    prediction::CheckPredictionId(*given, "x-request-id");
    infer.id = *given;
  } else {
    infer.id = NewUniqueId();
  }
  if (const auto time = call.FindMetadata("x-millwright-event-time")) {
    infer.event_time_ms = prediction::ParseEventTime(*time);
  }
  infer.trace = prediction::JoinTrace(call.FindMetadata(prediction::kTraceparent),
                                      call.FindMetadata(prediction::kTracestate));
  infer.deadline_us = call.DeadlineUs();
  const grpc::Caller& caller = call.caller();
  infer.caller = caller.is_verified ? caller.principal : call.Peer();
  infer.origin = {.principal = caller.principal,
                  .token = caller.token,
                  .body_bytes = call.message().size(),
                  .header = [call](std::string_view name) { return FindHeader(call, name); }};
  infer.inputs = std::move(message->inputs);
  return infer;
}

// Asks for what a message asks for and calls `done` once, now or later.
void Ask(Context& context, const grpc::Call& call, const RpcReply& done) {
  InferMessage message = ReadInferMessage(call.message());
  serving::InferRequest infer = StartRequest(call, &message);
  const std::string id = infer.id;
  if (infer.trace) {
    call.AddMetadata(std::string(prediction::kTraceparent), Traceparent(*infer.trace));
  }
  context.predictor.Infer(
      std::move(infer), [&predictor = context.predictor, message = std::move(message), id,
                         done](const Result<serving::InferAnswer>& answer) {
        done([&]() -> Result<std::string> {
          if (!answer) return Unexpected(answer.error());
          try {
            std::string written = WriteInferMessage(id, message, *answer);
            const int64_t bytes_max = answer->body_bytes_max;
            if (bytes_max > 0 && written.size() > static_cast<uint64_t>(bytes_max)) {
              return Unexpected(predictor.RefuseAnswer(message.model, written.size(), bytes_max));
            }
            return written;
          } catch (const Error& error) {
            return Unexpected(error);
          }
        }());
      });
}

}  // namespace

std::string ServerLive(Context&, std::string_view) {
  return ReadyMessage(true);
}

std::string ServerReady(Context& context, std::string_view) {
  bool ready = true;
  for (const std::string& model : context.predictor.Models()) {
    ready = ready && context.predictor.Ready(model, "");
  }
  return ReadyMessage(ready);
}

std::string ServerMetadata(Context&, std::string_view) {
  std::string message;
  Writer writer(&message);
  writer.Text(1, kServerName).Text(2, Version());
  for (const std::string_view extension : kExtensions) writer.Text(3, extension);
  return message;
}

std::string ModelReady(Context& context, std::string_view message) {
  const auto [name, version] = ReadNameAndVersion(message);
  return ReadyMessage(context.predictor.Ready(name, version));
}

std::string ModelMetadata(Context& context, std::string_view message) {
  const auto [name, version] = ReadNameAndVersion(message);
  const auto info = context.predictor.Describe(name, version);
  std::string answer;
  Writer writer(&answer);
  writer.Text(1, info->name);
  for (const std::string& one : info->versions) writer.Text(2, one);
  writer.Text(3, info->platform);
  WriteSpecs(4, info->signature.inputs, &writer);
  WriteSpecs(5, info->signature.outputs, &writer);
  return answer;
}

std::string ModelConfig(Context& context, std::string_view message) {
  const auto [name, version] = ReadNameAndVersion(message);
  const auto info = context.predictor.Describe(name, version);
  std::string config;
  Writer writer(&config);
  writer.Text(1, info->name).Text(2, info->platform);
  for (const TensorSpec& input : info->signature.inputs) {
    std::string one;
    Writer(&one)
        .Text(1, input.name)
        .Uint(2, ConfigType(input.type))
        .Ints(4, input.shape)
        .Bool(8, input.optional);
    writer.Sub(5, one);
  }
  for (const TensorSpec& output : info->signature.outputs) {
    std::string one;
    Writer(&one).Text(1, output.name).Uint(2, ConfigType(output.type)).Ints(3, output.shape);
    writer.Sub(6, one);
  }
  std::string answer;
  Writer(&answer).Sub(1, config);
  return answer;
}

std::string ModelStatistics(Context& context, std::string_view message) {
  const auto [name, version] = ReadNameAndVersion(message);
  std::string answer;
  for (const auto& one : StatisticsOf(context.predictor, name, version)) {
    Writer(&answer).Sub(1, StatisticsMessage(one));
  }
  return answer;
}

std::string RepositoryIndex(Context& context, std::string_view message) {
  bool ready_only = false;
  for (Reader reader(message); reader.Next();) {
    if (reader.number() == 2) ready_only = reader.Bool();
  }
  std::string answer;
  for (const auto& one : context.predictor.Index()) {
    if (ready_only && one.state != serving::VersionStatus::State::kReady) continue;
    std::string index;
    Writer(&index)
        .Text(1, one.model)
        .Text(2, one.version)
        .Text(3, StateName(one.state))
        .Text(4, one.reason);
    Writer(&answer).Sub(1, index);
  }
  return answer;
}

std::string LoadModel(Context& context, std::string_view message) {
  const std::string model = ReadModelName(message);
  for (Reader reader(message); reader.Next();) {
    if (reader.number() == 3) {
      throw UnknownLoadParameter(protobuf::ReadMapEntry(reader.Bytes()).key);
    }
  }
  context.predictor.Load(model);
  std::string answer;
  Writer(&answer).Text(1, model).Bool(2, true);
  return answer;
}

std::string UnloadModel(Context& context, std::string_view message) {
  const std::string model = ReadModelName(message);
  context.predictor.Unload(model);
  std::string answer;
  Writer(&answer).Text(1, model).Bool(2, true);
  return answer;
}

void ModelInfer(Context& context, const grpc::Call& call, const RpcReply& reply) {
  Ask(context, call, reply);
}

void ModelStreamInfer(Context& context, const grpc::Call& call, const RpcReply& reply) {
  // By it a client tells which of its requests was refused.
  const std::string id = IdOfMessage(call.message());
  try {
    Ask(context, call, [reply, id](Result<std::string> answer) {
      reply(answer ? WriteStreamAnswer(*answer) : WriteStreamError(answer.error().message(), id));
    });
  } catch (const Error& error) {  // of the request: the stream goes on
    reply(WriteStreamError(error.message(), id));
  }
}

}  // namespace millwright::api::kserve::rpcs

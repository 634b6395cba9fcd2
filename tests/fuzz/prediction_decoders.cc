#include "fuzz/prediction_decoders.h"

#include <cstdlib>
#include <fstream>

#include "analytics/session.h"
#include "api/kserve/infer_body.h"
#include "api/kserve/infer_message.h"
#include "api/prediction/cloud_event.h"
#include "api/prediction/event_time.h"
#include "api/protobuf/writer.h"
#include "api/scoring/csv_body.h"
#include "api/scoring/invocation.h"
#include "api/scoring/parquet_body.h"
#include "api/tfserving/predict_body.h"
#include "base/crc32c.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/trace_context.h"
#include "http/plain_head.h"
#include "http/request_parser.h"
#include "inference/linear_graph.h"
#include "inference/param_spec.h"
#include "serving/frame.h"
#include "serving/request_segment.h"
#include "streaming/rows.h"

namespace millwright::fuzz {
namespace {

using inference::DataType;
using inference::Signature;
using inference::Tensor;

// Models of every kind that the decoders tell apart.
std::vector<Signature> Signatures() {
  Signature matrix{.inputs = {{.name = "X", .type = DataType::kFp32, .shape = {-1, 3}}}};
  Signature named = matrix;
  named.columns = {{.name = "a"}, {.name = "b", .optional = true}, {.name = "c"}};
  const Signature columns{
      .inputs = {{.name = "a", .type = DataType::kInt64, .shape = {-1, 1}},
                 {.name = "b", .type = DataType::kBytes, .shape = {-1, 1}},
                 {.name = "c", .type = DataType::kBool, .shape = {-1}, .optional = true}}};
  const Signature tensors{.inputs = {{.name = "a", .type = DataType::kFp16, .shape = {-1, 2, 2}},
                                     {.name = "b", .type = DataType::kUint64, .shape = {-1, -1}}}};
  const Signature texts{.inputs = {{.name = "X", .type = DataType::kBytes, .shape = {-1}}}};
  return {matrix, named, columns, tensors, texts};
}

void CheckFilled(const std::vector<Tensor>& tensors) {
  for (const Tensor& tensor : tensors) {
    const size_t count = tensor.element_count();
    const bool is_filled =
        tensor.type == DataType::kBytes
            ? tensor.strings.size() == count
            : tensor.data.size() == count * inference::DataTypeBytes(tensor.type);
    // Lists of unequal depth below an empty one are told by the model's contract, not here.
    if (!is_filled && count != 0) std::abort();
  }
}

template <typename Read>
void OnlyRefuses(Read&& read) {
  try {
    read();
  } catch (const Error& error) {
    if (error.code() != Code::kInvalidArgument) std::abort();
  }
}

template <typename Read>
void ForEachSignature(Read&& read) {
  for (const Signature& signature : Signatures()) OnlyRefuses([&] { read(signature); });
}

void DecodeInferBody(std::string_view bytes) {
  // The first two bytes say where the JSON ends.
  if (bytes.size() < 2) return;
  const size_t at = static_cast<uint8_t>(bytes[0]) + 256U * static_cast<uint8_t>(bytes[1]);
  std::string body(bytes.substr(2));
  const size_t json_bytes = std::min(at, body.size());
  OnlyRefuses([&] { CheckFilled(api::kserve::ReadInferBody(&body, json_bytes).inputs); });
}

void DecodeInferMessage(std::string_view bytes) {
  OnlyRefuses([&] { CheckFilled(api::kserve::ReadInferMessage(bytes).inputs); });
}

void DecodeInvocation(std::string_view bytes) {
  ForEachSignature([&](const Signature& signature) {
    std::string body(bytes);
    CheckFilled(api::scoring::ReadInvocation(&body, signature).inputs);
  });
}

// A field that nobody asked for, and that the readers of plain bodies leave to the walk.
constexpr std::string_view kOddField = "\"\\u0061 b\":0,";

bool AreSame(const std::vector<Tensor>& one, const std::vector<Tensor>& other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](const Tensor& a, const Tensor& b) {
                      return a.name == b.name && a.type == b.type && a.shape == b.shape &&
                             a.data == b.data && a.strings == b.strings;
                    });
}

// What is read the short way the walk reads, too.
void DecodePredictBody(std::string_view bytes) {
  ForEachSignature([&](const Signature& signature) {
    std::string body(bytes);
    const auto inputs = api::tfserving::ReadPredictBody(&body, signature).inputs;
    CheckFilled(inputs);
    const size_t brace = bytes.find('{');
    std::string odd(bytes.substr(0, brace + 1));
    odd.append(kOddField).append(bytes.substr(brace + 1));
    if (!AreSame(inputs, api::tfserving::ReadPredictBody(&odd, signature).inputs)) std::abort();
  });
}

void DecodeExamples(std::string_view bytes) {
  ForEachSignature([&](const Signature& signature) {
    CheckFilled(api::tfserving::ReadExamples(std::string(bytes), signature));
  });
}

void DecodeCsv(std::string_view bytes) {
  ForEachSignature(
      [&](const Signature& signature) { CheckFilled(api::scoring::ReadCsv(bytes, signature)); });
}

// A file of bytes that may be anything is read by DuckDB: it must say so, whatever it says.
void DecodeParquet(std::string_view bytes) {
  const Signature matrix = Signatures().front();
  OnlyRefuses([&] { CheckFilled(api::scoring::ReadParquet(std::string(bytes), matrix)); });
}

http::Request RequestOf(std::string_view lines) {
  http::Request request;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    const size_t colon = std::min(line.find(':'), line.size());
    request.headers.Add(std::string(line.substr(0, colon)),
                        std::string(line.substr(std::min(line.size(), colon + 1))));
  }
  return request;
}

// What a request says of itself in its header: an event's attributes, when it happened, its trace.
void DecodeHeaders(std::string_view bytes) {
  const http::Request request = RequestOf(bytes);
  OnlyRefuses([&] {
    const auto event = api::prediction::FindCloudEvent(request);
    if (event && event->id.empty()) std::abort();
  });
  OnlyRefuses([&] {
    const auto time = request.headers.Find(api::prediction::kEventTimeHeader);
    if (time) api::prediction::ParseEventTime(*time);
  });
  const auto traceparent = request.headers.Find("traceparent");
  if (!traceparent) return;
  const auto trace =
      ParseTraceContext(*traceparent, request.headers.Find("tracestate").value_or(""));
  if (trace && (trace->trace_id.size() != 32 || trace->span_id.size() != 16)) std::abort();
}

// The request that a connection's bytes were read as, its head and its body; "" of bytes that are
// refused, or are only a part of one: the earlier a refusal the better, but it may wait for more.
std::string RequestIn(std::string_view bytes, size_t first) {
  http::RequestParser parser;
  size_t at = parser.PutHead(bytes.substr(0, first));
  if (!parser.head_done() && !parser.refusal()) at += parser.PutHead(bytes.substr(at));
  if (parser.refusal() || !parser.head_done()) return "";
  const http::Framing& framing = parser.framing();
  // Nothing is left that another server could read in another way.
  if (framing.chunked && framing.length) std::abort();
  std::string read(http::MethodName(parser.request().method));
  read += " " + parser.request().raw_target + " ";
  if (!framing.chunked) {
    const size_t length = framing.length.value_or(0);
    return length > bytes.size() - at ? "" : read + std::string(bytes.substr(at, length));
  }
  std::string body;
  for (size_t used = 1; used > 0 && at < bytes.size() && !parser.body_done(); at += used) {
    used = parser.PutChunked(bytes.substr(at), &body);
    if (parser.refusal()) return "";
  }
  return parser.body_done() ? read + body + " " + std::to_string(at) : "";
}

// However the bytes are cut, they are the same request.
void DecodeRequest(std::string_view bytes) {
  const std::string whole = RequestIn(bytes, bytes.size());
  if (RequestIn(bytes, bytes.size() / 2) != whole) std::abort();
}

// A head that has come as a whole may be read the short way, one that comes in two pieces never.
void DecodeHead(std::string_view bytes) {
  http::Request request;
  http::Framing framing;
  const size_t used = http::ReadPlainHead(bytes, &request, &framing);
  if (used == 0) return;
  http::RequestParser parser;
  const size_t at = parser.PutHead(bytes.substr(0, 1));
  const size_t all = at + parser.PutHead(bytes.substr(at));
  const bool is_same = parser.head_done() && !parser.refusal() && all == used &&
                       parser.request().method == request.method &&
                       parser.request().raw_target == request.raw_target &&
                       parser.framing().length == framing.length && !parser.framing().chunked;
  if (!is_same) std::abort();
}

// A message of a topic: a row, or a list of them, for a batch.
void DecodeRows(std::string_view bytes) {
  ForEachSignature([&](const Signature& signature) {
    const std::vector<Json> rows = streaming::ReadRows(bytes).rows;
    const std::vector<std::string> no_features;
    streaming::RowBatch batch(signature, no_features);
    for (const Json& row : rows) {
      OnlyRefuses([&] { batch.Add(row); });
    }
    if (batch.size() > 0) CheckFilled(batch.Finish());
  });
}

constexpr size_t kRowsLookedAt = 4'096;

// The body of a record that a torn or damaged segment of `serve --log` may have: its checksum is
// right, so that it is read.
void DecodeRecord(std::string_view bytes) {
  static const TempDir folder;
  static const auto file = folder.path() / "segment";
  static const std::string beginning = [] {
    serving::RequestSegment segment(file);
    segment.AppendModel(0, {.name = "m", .version = "1", .signature = Signatures()[1]}, {});
    segment.Sync();
    return ReadFile(file);
  }();
  const uint32_t head[] = {static_cast<uint32_t>(bytes.size()), Crc32c(bytes)};
  std::ofstream(file, std::ios::binary | std::ios::trunc)
      << beginning << std::string_view(reinterpret_cast<const char*>(head), sizeof head) << bytes;
  try {
    serving::ReadRequestSegment(file, [](const serving::StoredRequest& stored) {
      const auto& inputs = *stored.prediction.inputs;
      CheckFilled(inputs);
      const bool is_long = !inputs.empty() && !inputs[0].shape.empty() &&
                           inputs[0].shape[0] > static_cast<int64_t>(kRowsLookedAt);
      if (!is_long) serving::RowsOf(stored.prediction);
    });
  } catch (const Error& error) {
    if (error.code() != Code::kInternal) std::abort();  // of bytes that we wrote ourselves
  }
}

void DecodeParams(std::string_view bytes) {
  OnlyRefuses([&] {
    const Json json = ParseJson(bytes);
    const auto specs = inference::ParamsFromJson(json.At("specs"));
    inference::CompleteParams(specs, json.At("given"));
    if (inference::ParamsFromJson(inference::ParamsToJson(specs)) != specs) std::abort();
  });
}

// A replica's bytes are another process' of ours: broken ones are kInternal.
void DecodeFrames(std::string_view bytes) {
  const auto read = [](auto&& decode) {
    try {
      decode();
    } catch (const Error&) {
    }
  };
  read([&] { serving::DecodeInfer(bytes); });
  read([&] { serving::DecodeAnswer(bytes); });
  read([&] { serving::DecodeError(bytes); });
  read([&] { serving::DecodeDescription(bytes); });
  read([&] { serving::DecodeBecome(bytes); });
  read([&] { serving::DecodeRest(bytes); });
  read([&] { serving::DecodeDescribe(bytes); });
}

std::vector<std::string> InferBodySeeds() {
  const std::string all =
      R"({"id":"7","inputs":[{"name":"X","shape":[1,2],"datatype":"FP16","data":[[1,null]]},)"
      R"({"data":["a",""],"name":"t","shape":[2],"datatype":"BYTES","parameters":{"k":1}}],)"
      R"("outputs":[{"name":"y","parameters":{"binary_data":true,"classification":2}}],)"
      R"("parameters":{"binary_data_output":true}})";
  const std::string raw =
      R"({"inputs":[{"name":"X","shape":[2],"datatype":"INT16","parameters":{"binary_data_size":4}},)"
      R"({"name":"t","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":5}}]})";
  const auto framed = [](const std::string& json, const std::string& tail) {
    return std::string{static_cast<char>(json.size() % 256), static_cast<char>(json.size() / 256)} +
           json + tail;
  };
  return {framed(all, ""), framed(raw, std::string("\1\0\2\0\1\0\0\0x", 9))};
}

std::vector<std::string> InferMessageSeeds() {
  using api::protobuf::Writer;
  const auto input = [](std::string_view datatype, const std::string& contents) {
    std::string message;
    Writer writer(&message);
    writer.Text(1, "X").Text(2, datatype).Ints(3, {1, 2});
    if (!contents.empty()) writer.Sub(5, contents);
    return message;
  };
  std::string ints, texts, classes, parameter, output, typed, raw;
  Writer(&ints).Ints(2, {-128, 127});
  Writer(&texts).Bytes(8, "a").Bytes(8, "");
  Writer(&parameter).Int(2, 2);
  Writer(&classes).Text(1, "classification").Sub(2, parameter);
  Writer(&output).Text(1, "y").Sub(2, classes);
  Writer(&typed).Text(1, "m").Text(2, "1").Text(3, "id").Sub(5, input("INT8", ints)).Sub(6, output);
  Writer(&typed)
      .Sub(5, input("BYTES", texts))
      .Sub(5, input("FP32", "\x32\x08" + std::string(8, 'f')));
  Writer(&raw).Text(1, "m").Sub(5, input("FP16", "")).Bytes(7, "abcd");
  return {typed, raw};
}

std::vector<std::string> InvocationSeeds() {
  return {R"({"dataframe_split":{"columns":["a","b","c"],"index":[0],"data":[[1,"x",true]]}})",
          R"({"dataframe_records":[{"a":1,"b":"x","c":null},{"a":-2.5e3,"b":"","c":true}]})",
          R"({"instances":[[1,2,3],[4,5,6]],"params":{"k":[1,"a"]}})",
          R"({"instances":[{"a":[[1,2],[3,4]],"b":[18446744073709551615]}]})",
          R"({"inputs":{"a":[1],"b":["x"]}})",
          R"({"inputs":[{"b64":"AAEC"},"text"]})"};
}

std::vector<std::string> PredictSeeds() {
  auto seeds = InvocationSeeds();
  seeds.push_back(R"({"signature_name":"serving_default","instances":[{"b64":"AA=="}]})");
  return seeds;
}

std::vector<std::string> ExampleSeeds() {
  return {R"({"context":{"b":["x"]},"examples":[{"a":1},{"a":[2],"c":true}]})",
          R"({"signature_name":"","examples":[{"X":[1,2,3]}]})"};
}

std::vector<std::string> CsvSeeds() {
  return {"a,b,c\n1,x,true\n2,\"y \"\"z\"\"\",\n",
          "\xef\xbb\xbf"
          "c,id,a,b\r\n,7,3,\"\r\n\"\r\n"};
}

// A table of two rows with the columns a, b and c.
std::vector<std::string> ParquetSeeds() {
  analytics::Session session{analytics::SessionOptions{}};
  const TempDir folder;
  const auto file = folder.path() / "seed.parquet";
  session.Execute(
      "COPY (SELECT 1.5::FLOAT AS a, 2 AS b, 'x' AS c UNION ALL SELECT 3, NULL, '4') TO " +
      analytics::QuoteText(file.string()) + " (FORMAT parquet)");
  return {ReadFile(file)};
}

std::vector<std::string> HeaderSeeds() {
  return {
      "ce-specversion:1.0\nce-id:7\nce-source:a\nce-type:b\n"
      "X-Millwright-Event-Time:2026-01-02T03:04:05Z\n",
      "ce-id:7\nce-type:b\nX-Millwright-Event-Time:1700000000000\n"
      "traceparent:00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\ntracestate:a=1,b=2"};
}

std::vector<std::string> RequestSeeds() {
  return {"POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
          "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
          "3;a=b\r\nabc\r\n0\r\nT: x\r\n\r\n",
          "GET /%41?x=1 HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\n"};
}

std::vector<std::string> ParamSeeds() {
  return {R"({"specs":[{"name":"t","type":"double","default":0.5,"shape":null},)"
          R"({"name":"s","type":"string","default":["a"],"shape":[-1]},)"
          R"({"name":"d","dtype":"datetime","default":"2024-01-01"}],)"
          R"("given":{"t":1,"s":["b"],"d":"2025-02-03T04:05:06Z"}})"};
}

std::vector<std::string> FrameSeeds() {
  Tensor text{.name = "t", .type = DataType::kBytes, .shape = {1}};
  text.strings = {"x"};
  const std::string infer = serving::EncodeInfer(
      {.model = "m", .version = "1", .id = "id", .inputs = {text}, .params = Json::Of({{"k", 1}})});
  const std::string answer = serving::EncodeAnswer({.model_version = "1", .outputs = {text}});
  return {infer.substr(sizeof(serving::FrameHead)), answer.substr(sizeof(serving::FrameHead))};
}

std::vector<std::string> HeadSeeds() {
  return {
      "POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nX-Request-Id: "
      "7\r\n\r\nabc",
      "GET /metrics?a=b HTTP/1.1\r\nhost: h:80\r\nconnection: keep-alive\r\nAccept: */*\r\n\r\n"};
}

std::vector<std::string> RowSeeds() {
  return {R"({"a":1,"b":"x","c":true})", R"([{"a":1.5,"b":2,"c":3},[1,2,3]])", "[1,null,3]"};
}

std::vector<std::string> RecordSeeds() {
  const serving::InferRequest request{
      .model = "m",
      .id = "7",
      .caller = "ada",
      .inputs = {Tensor::OfFloats("X", {2, 3}, {1, 2, 3, 4, 5, 6})}};
  Tensor text{.name = "t", .type = DataType::kBytes, .shape = {2}};
  text.strings = {"x", ""};
  const serving::InferAnswer answer{.model_version = "1", .outputs = {text}};
  const auto record = [](const serving::LoggedRequest& logged) {
    std::string bytes(serving::RequestRecordBytes(logged, {}), '\0');
    serving::WriteRequestRecord(0, logged, {}, bytes.data());
    return bytes.substr(2 * sizeof(uint32_t));
  };
  return {
      record({.request = request, .answer = &answer, .error = "", .time_ms = 1, .latency_us = 2}),
      record({.request = request, .error = "no", .time_ms = 1, .latency_us = 2})};
}

// What is read of a model's file hangs together, so that it can be computed.
void DecodeLinearModel(std::string_view bytes) {
  OnlyRefuses([&] {
    const auto graph = inference::ReadLinearGraph(bytes);
    if (!graph) return;
    const inference::LinearModel& model = graph->model;
    const std::vector<float> row(model.width, 1);
    std::vector<float> scores(model.targets);
    uint32_t largest = 0;
    const inference::LinearScorer scorer(model);
    if (scorer.Score(row.data(), 1, scores.data(), &largest) && largest >= model.targets) {
      std::abort();
    }
  });
}

std::vector<std::string> LinearModelSeeds() {
  std::vector<std::string> seeds;
  for (const char* model : {"breast_cancer_lr", "diabetes_ridge"}) {
    seeds.push_back(ReadFile(std::filesystem::path(MILLWRIGHT_SOURCE_DIR) / "tests/data/models" /
                             model / "model.onnx"));
  }
  return seeds;
}

}  // namespace

const std::vector<Decoder>& Decoders() {
  static const std::vector<Decoder> decoders = {
      {"infer_body", DecodeInferBody, InferBodySeeds},
      {"infer_message", DecodeInferMessage, InferMessageSeeds},
      {"invocation", DecodeInvocation, InvocationSeeds},
      {"predict_body", DecodePredictBody, PredictSeeds},
      {"examples", DecodeExamples, ExampleSeeds},
      {"csv", DecodeCsv, CsvSeeds},
      {"parquet", DecodeParquet, ParquetSeeds, 100},
      {"headers", DecodeHeaders, HeaderSeeds},
      {"request", DecodeRequest, RequestSeeds},
      {"params", DecodeParams, ParamSeeds},
      {"frames", DecodeFrames, FrameSeeds},
      {"head", DecodeHead, HeadSeeds},
      {"rows", DecodeRows, RowSeeds},
      {"record", DecodeRecord, RecordSeeds, 1'000},
      {"linear_model", DecodeLinearModel, LinearModelSeeds},
  };
  return decoders;
}

}  // namespace millwright::fuzz

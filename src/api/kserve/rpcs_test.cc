#include "api/kserve/rpcs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <future>

#include "api/kserve/infer_body.h"
#include "api/kserve/infer_message.h"
#include "api/kserve/raw_tensor.h"
#include "api/prediction/test_rpc_server.h"
#include "inference.grpc.pb.h"

namespace millwright::api::kserve {
namespace {

using ::grpc::ClientContext;
using ::grpc::Status;
using ::grpc::StatusCode;
using inference::DataType;
using inference::Tensor;
using prediction::testing::TestRpcServer;
using prediction::testing::TestServer;
using prediction::testing::Vectors;
using Stub = ::inference::GRPCInferenceService::Stub;
using Request = ::inference::ModelInferRequest;
using Response = ::inference::ModelInferResponse;

enum class Form { kTyped, kRaw };

// The request of a test vector, for which the reader of JSON bodies is good enough.
Request RequestOf(const std::string& model, std::string json, Form form) {
  const size_t bytes = json.size();
  const InferBody body = ReadInferBody(&json, bytes);
  Request request;
  request.set_model_name(model);
  if (body.id) request.set_id(*body.id);
  for (const Tensor& tensor : body.inputs) {
    auto* input = request.add_inputs();
    input->set_name(tensor.name);
    input->set_datatype(std::string(DataTypeName(tensor.type)));
    for (const int64_t size : tensor.shape) input->add_shape(size);
    if (form == Form::kRaw) {
      AppendRaw(tensor, request.add_raw_input_contents());
      continue;
    }
    auto* contents = input->mutable_contents();
    for (size_t i = 0; i < tensor.element_count(); ++i) {
      switch (tensor.type) {
        case DataType::kBool:
          contents->add_bool_contents(tensor.data[i] != 0);
          break;
        case DataType::kInt8:
          contents->add_int_contents(tensor.As<int8_t>()[i]);
          break;
        case DataType::kInt16:
          contents->add_int_contents(tensor.As<int16_t>()[i]);
          break;
        case DataType::kInt32:
          contents->add_int_contents(tensor.As<int32_t>()[i]);
          break;
        case DataType::kInt64:
          contents->add_int64_contents(tensor.As<int64_t>()[i]);
          break;
        case DataType::kUint8:
          contents->add_uint_contents(tensor.As<uint8_t>()[i]);
          break;
        case DataType::kUint16:
          contents->add_uint_contents(tensor.As<uint16_t>()[i]);
          break;
        case DataType::kUint32:
          contents->add_uint_contents(tensor.As<uint32_t>()[i]);
          break;
        case DataType::kUint64:
          contents->add_uint64_contents(tensor.As<uint64_t>()[i]);
          break;
        case DataType::kFp32:
          contents->add_fp32_contents(tensor.As<float>()[i]);
          break;
        case DataType::kFp64:
          contents->add_fp64_contents(tensor.As<double>()[i]);
          break;
        case DataType::kBytes:
          contents->add_bytes_contents(tensor.strings[i]);
          break;
        case DataType::kFp16:
          ADD_FAILURE() << "FP16 travels raw";
      }
    }
  }
  return request;
}

// What an output holds, whichever way it came: numbers, or texts behind their lengths.
std::string BytesOf(const Response& response, int index) {
  if (response.raw_output_contents_size() > 0) return response.raw_output_contents(index);
  const auto& output = response.outputs(index);
  Request again;  // our own reader takes typed contents back to bytes; the vectors check both
  again.set_model_name("m");
  auto* input = again.add_inputs();
  input->set_name(output.name());
  input->set_datatype(output.datatype());
  *input->mutable_shape() = output.shape();
  *input->mutable_contents() = output.contents();
  std::string bytes;
  AppendRaw(ReadInferMessage(again.SerializeAsString()).inputs.at(0), &bytes);
  return bytes;
}

std::string ExpectedBytes(const Json& output) {
  std::string json = R"({"inputs":[)" + output.Dump() + "]}";
  const size_t size = json.size();
  std::string bytes;
  AppendRaw(ReadInferBody(&json, size).inputs.at(0), &bytes);
  return bytes;
}

void ExpectNear(const std::string& datatype, const std::string& given,
                const std::string& expected) {
  ASSERT_EQ(given.size(), expected.size());
  if (datatype != "FP32") {
    EXPECT_EQ(given, expected);
    return;
  }
  for (size_t at = 0; at < given.size(); at += sizeof(float)) {
    float a = 0;
    float b = 0;
    std::memcpy(&a, given.data() + at, sizeof a);
    std::memcpy(&b, expected.data() + at, sizeof b);
    if (std::isnan(a) && std::isnan(b)) continue;
    ASSERT_NEAR(a, b, 1e-4);
  }
}

class Client {
 public:
  explicit Client(const std::shared_ptr<::grpc::Channel>& channel)
      : stub(::inference::GRPCInferenceService::NewStub(channel)) {}

  Status Infer(const Request& request, Response* response,
               const std::vector<std::pair<std::string, std::string>>& metadata = {}) const {
    ClientContext context;
    for (const auto& [key, value] : metadata) context.AddMetadata(key, value);
    return stub->ModelInfer(&context, request, response);
  }
  Status Infer(const Request& request) const {
    Response response;
    return Infer(request, &response);
  }

  std::unique_ptr<Stub> stub;
};

class RpcVectors : public ::testing::TestWithParam<const char*> {};

TEST_P(RpcVectors, AreAnsweredWithinTheirToleranceTypedAndRaw) {
  const std::string model = GetParam();
  TestServer models({model});
  TestRpcServer server(rpcs::kRpcs, models.context);
  const Client client(server.channel);
  const Json vectors = Vectors(model);
  for (const Json& one : vectors.At("cases").AsArray()) {
    for (const Form form : {Form::kTyped, Form::kRaw}) {
      const Request request = RequestOf(model, one.At("request").Dump(), form);
      Response response;
      const Status status = client.Infer(request, &response);
      ASSERT_TRUE(status.ok()) << status.error_message();
      EXPECT_EQ(response.model_name(), model);
      EXPECT_EQ(response.model_version(), "1");
      EXPECT_EQ(response.id(), request.id());
      EXPECT_EQ(response.raw_output_contents_size() > 0, form == Form::kRaw);
      const auto& expected = one.At("expected_onnxruntime").At("outputs").AsArray();
      ASSERT_EQ(static_cast<size_t>(response.outputs_size()), expected.size());
      for (int i = 0; i < response.outputs_size(); ++i) {
        const Json& wanted = expected[static_cast<size_t>(i)];
        EXPECT_EQ(response.outputs(i).name(), wanted.GetString("name"));
        ExpectNear(response.outputs(i).datatype(), BytesOf(response, i), ExpectedBytes(wanted));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, RpcVectors,
                         ::testing::Values("breast_cancer_lr", "credit_columns", "diabetes_ridge",
                                           "digits_cnn", "digits_mlp", "flights_late_xgb",
                                           "wine_rf"),
                         [](const auto& info) { return std::string(info.param); });

grpc::ServerOptions SmallMessages() {
  grpc::ServerOptions options;
  options.message_bytes_max = 64 << 10;
  return options;
}

class Rpcs : public ::testing::Test {
 protected:
  TestServer models{{"breast_cancer_lr", "identity_all_types"}};
  TestRpcServer server{rpcs::kRpcs, models.context, SmallMessages()};
  Client client{server.channel};

  static Request Zeros(int rows = 1) {
    Request request;
    request.set_model_name("breast_cancer_lr");
    auto* input = request.add_inputs();
    input->set_name("X");
    input->set_datatype("FP32");
    input->add_shape(rows);
    input->add_shape(30);
    request.add_raw_input_contents(std::string(static_cast<size_t>(rows) * 30 * 4, '\0'));
    return request;
  }
  static Request TypedZeros() {
    Request request = Zeros();
    request.clear_raw_input_contents();
    for (int i = 0; i < 30; ++i) {
      request.mutable_inputs(0)->mutable_contents()->add_fp32_contents(0);
    }
    return request;
  }
};

std::string ExtremesOfAllTypes() {
  const std::string file =
      ReadFile(prediction::testing::ModelsDir() + "identity_all_types/vectors.json");
  const size_t begin = file.find(R"({"id":"extremes","inputs")");
  return file.substr(begin, file.find(R"(,"expected_onnxruntime")", begin) - begin);
}

TEST_F(Rpcs, EveryTypeSurvivesAtItsLimitsRaw) {
  const Request request = RequestOf("identity_all_types", ExtremesOfAllTypes(), Form::kRaw);
  Response response;
  const Status status = client.Infer(request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.outputs_size(), request.inputs_size());
  for (int i = 0; i < request.inputs_size(); ++i) {
    EXPECT_EQ(response.outputs(i).datatype(), request.inputs(i).datatype());
    EXPECT_EQ(response.raw_output_contents(i), request.raw_input_contents(i))
        << request.inputs(i).name();
  }
}

// The model has an input of every type, FP16 among them; so the reader and the writer are asked
// without it.
TEST_F(Rpcs, EveryTypeButFp16SurvivesTyped) {
  std::string json = ExtremesOfAllTypes();
  const size_t bytes = json.size();
  for (const Tensor& tensor : ReadInferBody(&json, bytes).inputs) {
    if (tensor.type == DataType::kFp16) continue;
    InferMessage request;
    request.model = "m";
    const std::string message = WriteInferMessage(
        "id", request, {.model_version = "1", .revision = "", .outputs = {tensor}});
    Response response;
    ASSERT_TRUE(response.ParseFromString(message));
    ASSERT_TRUE(response.outputs(0).has_contents());
    std::string expected;
    AppendRaw(tensor, &expected);
    EXPECT_EQ(BytesOf(response, 0), expected) << tensor.name;
  }
}

TEST_F(Rpcs, DescribesServerAndModels) {
  ClientContext live_context;
  ::inference::ServerLiveResponse live;
  EXPECT_TRUE(client.stub->ServerLive(&live_context, {}, &live).ok());
  EXPECT_TRUE(live.live());
  ClientContext ready_context;
  ::inference::ServerReadyResponse ready;
  EXPECT_TRUE(client.stub->ServerReady(&ready_context, {}, &ready).ok());
  EXPECT_TRUE(ready.ready());
  ::inference::ModelMetadataRequest of;
  of.set_name("breast_cancer_lr");
  ClientContext metadata_context;
  ::inference::ModelMetadataResponse metadata;
  EXPECT_TRUE(client.stub->ModelMetadata(&metadata_context, of, &metadata).ok());
  EXPECT_EQ(metadata.ShortDebugString(),
            R"(name: "breast_cancer_lr" versions: "1" platform: "onnxruntime_onnx" )"
            R"(inputs { name: "X" datatype: "FP32" shape: -1 shape: 30 } )"
            R"(outputs { name: "label" datatype: "INT64" shape: -1 } )"
            R"(outputs { name: "probabilities" datatype: "FP32" shape: -1 shape: 2 })");
  ::inference::ModelConfigRequest config_of;
  config_of.set_name("breast_cancer_lr");
  ClientContext config_context;
  ::inference::ModelConfigResponse config;
  EXPECT_TRUE(client.stub->ModelConfig(&config_context, config_of, &config).ok());
  EXPECT_EQ(config.config().input(0).data_type(), ::inference::TYPE_FP32);
  EXPECT_EQ(config.config().output(0).data_type(), ::inference::TYPE_INT64);
  ::inference::ModelReadyRequest unknown;
  unknown.set_name("nobody");
  ClientContext unknown_context;
  ::inference::ModelReadyResponse no;
  const Status status = client.stub->ModelReady(&unknown_context, unknown, &no);
  EXPECT_EQ(status.error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "Model not found: nobody");
}

TEST_F(Rpcs, GivesOnlyTheOutputsThatAreAskedForAndClassesInPlaceOfScores) {
  Request request = TypedZeros();
  auto* output = request.add_outputs();
  output->set_name("probabilities");
  (*output->mutable_parameters())["classification"].set_int64_param(1);
  Response response;
  ASSERT_TRUE(client.Infer(request, &response).ok());
  ASSERT_EQ(response.outputs_size(), 1);
  EXPECT_EQ(response.outputs(0).datatype(), "BYTES");
  EXPECT_TRUE(response.outputs(0).contents().bytes_contents(0).ends_with(":1"))
      << response.ShortDebugString();
  (*request.mutable_parameters())["binary_data_output"].set_bool_param(true);
  ASSERT_TRUE(client.Infer(request, &response).ok());
  EXPECT_EQ(response.raw_output_contents_size(), 1);
}

TEST_F(Rpcs, TheAnswerCarriesTheId) {
  Request request = Zeros();
  Response response;
  ASSERT_TRUE(client.Infer(request, &response, {{"x-request-id", "h-1"}}).ok());
  EXPECT_EQ(response.id(), "h-1");
  ASSERT_TRUE(client.Infer(request, &response).ok());
  EXPECT_EQ(response.id().size(), 32u);
  request.set_id("mine");
  ASSERT_TRUE(client.Infer(request, &response, {{"x-request-id", "h-1"}}).ok());
  EXPECT_EQ(response.id(), "mine");
}

struct BadRequest {
  std::string what;
  std::function<void(Request&)> spoil;
  std::string error;
};

TEST_F(Rpcs, BadInputIsRefusedByName) {
  const std::vector<BadRequest> bad = {
      {"no inputs", [](Request& r) { r.clear_inputs(), r.clear_raw_input_contents(); },
       "Input X: missing; expected FP32 [-1,30]"},
      {"an unknown datatype", [](Request& r) { r.mutable_inputs(0)->set_datatype("FP31"); },
       "Unknown datatype: FP31"},
      {"no name", [](Request& r) { r.mutable_inputs(0)->clear_name(); }, "Missing field: name"},
      {"another datatype",
       [](Request& r) {
         r.mutable_inputs(0)->set_datatype("FP64");
         r.set_raw_input_contents(0, std::string(240, '\0'));
       },
       "Input X: expected FP32, got FP64"},
      {"raw bytes that do not fill the shape",
       [](Request& r) { r.set_raw_input_contents(0, "1234"); },
       "Input X: the shape does not hold 4 bytes of FP32"},
      {"a huge shape", [](Request& r) { r.mutable_inputs(0)->set_shape(0, int64_t{1} << 40); },
       "Input X: the shape does not hold 120 bytes of FP32"},
      {"a shape beyond 64 bits",
       [](Request& r) {
         r.mutable_inputs(0)->set_shape(0, INT64_MAX);
         r.mutable_inputs(0)->set_shape(1, INT64_MAX);
       },
       "Tensor X: the shape is negative or too large"},
      {"a negative dimension", [](Request& r) { r.mutable_inputs(0)->set_shape(0, -1); },
       "A dimension must not be negative: -1"},
      {"too many dimensions",
       [](Request& r) {
         for (int i = 0; i < 15; ++i) r.mutable_inputs(0)->add_shape(1);
       },
       "A shape has at most 16 dimensions"},
      {"raw and typed contents",
       [](Request& r) { r.mutable_inputs(0)->mutable_contents()->add_fp32_contents(0); },
       "Input X: both contents and raw contents"},
      {"more raw contents than inputs", [](Request& r) { r.add_raw_input_contents("1234"); },
       "raw_input_contents has 2 entries for 1 inputs"},
      {"neither contents", [](Request& r) { r.clear_raw_input_contents(); },
       "Input X: the shape holds 30 values, contents 0"},
      {"contents of another type",
       [](Request& r) {
         r.clear_raw_input_contents();
         r.mutable_inputs(0)->mutable_contents()->add_fp64_contents(0);
       },
       "Input X: fp64_contents holds no values of FP32"},
      {"typed FP16",
       [](Request& r) {
         r.clear_raw_input_contents();
         r.mutable_inputs(0)->set_datatype("FP16");
         r.mutable_inputs(0)->mutable_contents()->add_fp32_contents(0);
       },
       "Input X: fp32_contents holds no values of FP16; send them raw"},
      {"a number that does not fit",
       [](Request& r) {
         r.clear_raw_input_contents();
         r.mutable_inputs(0)->set_datatype("INT8");
         r.mutable_inputs(0)->mutable_contents()->add_int_contents(-129);
       },
       "Input X: a value does not fit INT8"},
      {"an input twice",
       [](Request& r) {
         *r.add_inputs() = r.inputs(0);
         r.add_raw_input_contents(r.raw_input_contents(0));
       },
       "Input given twice: X"},
      {"an unknown output", [](Request& r) { r.add_outputs()->set_name("no"); },
       "The model has no output no"},
      {"shared memory",
       [](Request& r) {
         (*r.mutable_inputs(0)->mutable_parameters())["shared_memory_region"].set_string_param("a");
       },
       "Tensors in shared memory are not served: shared_memory_region"},
      {"a negative number of classes",
       [](Request& r) {
         auto* output = r.add_outputs();
         output->set_name("label");
         (*output->mutable_parameters())["classification"].set_int64_param(-1);
       },
       "classification must be an integer of 0 or more"},
      {"an unprintable id", [](Request& r) { r.set_id("a\n"); },
       "A prediction's id has 1 to 200 printable characters"},
  };
  for (const BadRequest& one : bad) {
    Request request = Zeros();
    one.spoil(request);
    const Status status = client.Infer(request);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << one.what;
    EXPECT_EQ(status.error_message(), one.error) << one.what;
  }
  EXPECT_TRUE(client.Infer(Zeros()).ok());
}

TEST_F(Rpcs, BytesOfTextAreReadBehindTheirLengths) {
  Request request = RequestOf("identity_all_types", ExtremesOfAllTypes(), Form::kRaw);
  for (int i = 0; i < request.inputs_size(); ++i) {
    if (request.inputs(i).datatype() != "BYTES") continue;
    request.set_raw_input_contents(i, std::string("\xff\xff\xff\x7f", 4) + "x");
    const Status status = client.Infer(request);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_TRUE(status.error_message().ends_with("an element of raw BYTES is cut short"));
  }
}

TEST_F(Rpcs, UnknownModelsAndVersionsAreNotFound) {
  Request request = Zeros();
  request.set_model_version("9");
  EXPECT_EQ(client.Infer(request).error_code(), StatusCode::NOT_FOUND);
  request.set_model_name("nobody");
  const Status status = client.Infer(request);
  EXPECT_EQ(status.error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "Model not found: nobody");
}

TEST_F(Rpcs, MessagesThatAreTooLargeAreRefused) {
  const Status status = client.Infer(Zeros(1000));
  EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
  EXPECT_TRUE(client.Infer(Zeros(100)).ok());
}

// The library would unpack before it looks at the limit.
TEST_F(Rpcs, CompressedMessagesAreRefused) {
  ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  Response response;
  const Status status = client.stub->ModelInfer(&context, Zeros(100), &response);
  EXPECT_EQ(status.error_code(), StatusCode::UNIMPLEMENTED) << status.error_message();
}

TEST_F(Rpcs, BytesThatAreNoMessageAreRefused) {
  for (const std::string& bytes :
       {std::string("\xff"), std::string("\x0a\x7f"), std::string("\x0b"),
        std::string("\x0a\x01\xff"), std::string("\x29\x01"), std::string(11, '\xff')}) {
    EXPECT_THROW(ReadInferMessage(bytes), Error);
  }
}

TEST_F(Rpcs, AStreamGoesOnAfterARequestThatIsRefused) {
  ClientContext context;
  const auto stream = client.stub->ModelStreamInfer(&context);
  Request bad = Zeros();
  bad.set_model_name("nobody");
  bad.set_id("bad");
  ::inference::ModelStreamInferResponse response;
  for (int i = 0; i < 3; ++i) {
    Request good = Zeros();
    good.set_id(std::to_string(i));
    ASSERT_TRUE(stream->Write(good));
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.infer_response().id(), std::to_string(i));
    EXPECT_EQ(response.error_message(), "");
    ASSERT_TRUE(stream->Write(bad));
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.error_message(), "Model not found: nobody");
    EXPECT_EQ(response.infer_response().id(), "bad");
  }
  EXPECT_TRUE(stream->WritesDone());
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(Rpcs, RequestsOfAStreamAreAnsweredInOrder) {
  ClientContext context;
  const auto stream = client.stub->ModelStreamInfer(&context);
  constexpr int kRequests = 500;
  auto writing = std::async(std::launch::async, [&] {
    for (int i = 0; i < kRequests; ++i) {
      Request request = Zeros();
      request.set_id(std::to_string(i));
      if (!stream->Write(request)) return false;
    }
    return stream->WritesDone();
  });
  ::inference::ModelStreamInferResponse response;
  for (int i = 0; i < kRequests; ++i) {
    ASSERT_TRUE(stream->Read(&response));
    ASSERT_EQ(response.infer_response().id(), std::to_string(i));
  }
  EXPECT_TRUE(writing.get());
  EXPECT_TRUE(stream->Finish().ok());
}

// A client that only ever writes is held back by flow control and costs one message here.
TEST_F(Rpcs, AClientThatNeverReadsIsHeldBack) {
  ClientContext context;
  const auto stream = client.stub->ModelStreamInfer(&context);
  Request request = Zeros(100);
  (*request.mutable_parameters())["binary_data_output"].set_bool_param(true);
  auto writing = std::async(std::launch::async, [&] {
    int written = 0;
    while (written < 100'000 && stream->Write(request)) ++written;
    return written;
  });
  EXPECT_EQ(writing.wait_for(std::chrono::seconds(1)), std::future_status::timeout);
  EXPECT_TRUE(client.Infer(Zeros()).ok());
  context.TryCancel();
  EXPECT_LT(writing.get(), 100'000);
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
}

TEST_F(Rpcs, ACallThatIsOverWhenItComesIsNotBegun) {
  ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() - std::chrono::seconds(1));
  Response response;
  EXPECT_EQ(client.stub->ModelInfer(&context, Zeros(), &response).error_code(),
            StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(client.Infer(Zeros()).ok());
}

TEST_F(Rpcs, ModelsAreLetGoOfAndLoadedAgain) {
  ::inference::RepositoryModelUnloadRequest unload;
  unload.set_model_name("breast_cancer_lr");
  ::inference::RepositoryModelUnloadResponse unloaded;
  ClientContext unload_context;
  ASSERT_TRUE(client.stub->RepositoryModelUnload(&unload_context, unload, &unloaded).ok());
  EXPECT_EQ(client.Infer(Zeros()).error_code(), StatusCode::NOT_FOUND);
  ::inference::RepositoryIndexResponse index;
  ClientContext index_context;
  ASSERT_TRUE(client.stub->RepositoryIndex(&index_context, {}, &index).ok());
  EXPECT_EQ(index.models(0).ShortDebugString(),
            R"(name: "breast_cancer_lr" version: "1" state: "UNAVAILABLE" reason: "unloaded")");
  ::inference::RepositoryModelLoadRequest load;
  load.set_repository_name("breast_cancer_lr");  // where KServe's clients have the model's name
  ::inference::RepositoryModelLoadResponse loaded;
  ::inference::RepositoryModelLoadRequest other = load;
  (*other.mutable_parameters())["config"].set_string_param("{}");
  ClientContext other_context;
  EXPECT_EQ(client.stub->RepositoryModelLoad(&other_context, other, &loaded).error_message(),
            "Unknown parameter: config; a model is loaded as its source has it");
  ClientContext load_context;
  ASSERT_TRUE(client.stub->RepositoryModelLoad(&load_context, load, &loaded).ok());
  EXPECT_TRUE(loaded.isloaded());
  EXPECT_TRUE(client.Infer(Zeros()).ok());
}

TEST_F(Rpcs, CountsWhatItAnswers) {
  EXPECT_TRUE(client.Infer(Zeros(2)).ok());
  ::inference::ModelStatisticsRequest of;
  of.set_name("breast_cancer_lr");
  ::inference::ModelStatisticsResponse statistics;
  ClientContext context;
  ASSERT_TRUE(client.stub->ModelStatistics(&context, of, &statistics).ok());
  EXPECT_EQ(statistics.model_stats(0).inference_count(), 2u);
  EXPECT_EQ(statistics.model_stats(0).inference_stats().success().count(), 1u);
  Request bad = Zeros();
  bad.set_model_name("nobody");
  client.Infer(bad);
  const std::string text = server.table.MetricsText();
  const std::string labels =
      R"({grpc_service="inference.GRPCInferenceService",grpc_method="ModelInfer",grpc_code=)";
  EXPECT_NE(text.find("grpc_server_handled_total" + labels + R"("OK"} 1)"), std::string::npos)
      << text;
  EXPECT_NE(text.find("grpc_server_handled_total" + labels + R"("NotFound"} 1)"),
            std::string::npos);
}

TEST_F(Rpcs, DrainingEndsStreamsAndLetsNoCallFail) {
  ClientContext context;
  const auto stream = client.stub->ModelStreamInfer(&context);
  ::inference::ModelStreamInferResponse response;
  ASSERT_TRUE(stream->Write(Zeros()));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_TRUE(server.server->Drain(5000));
  EXPECT_FALSE(stream->Read(&response));
  const Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(client.Infer(Zeros()).error_code(), StatusCode::UNAVAILABLE);
}

TEST(RpcAuthorisation, AsksForWhatTheMethodNeeds) {
  TestServer models({"breast_cancer_lr"});
  TestRpcServer server(
      rpcs::kRpcs, models.context, {},
      [](std::optional<std::string_view> authorization, Permission permission) -> grpc::Caller {
        if (permission == Permission::kPublic) return {};
        if (!authorization) throw Unauthenticated("Credentials are needed");
        if (authorization != "Bearer good" || permission != Permission::kRead) {
          throw PermissionDenied("Permission denied");
        }
        return {.principal = "ada"};
      });
  const Client client(server.channel);
  Request request;
  request.set_model_name("breast_cancer_lr");
  Response response;
  EXPECT_EQ(client.Infer(request).error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(client.Infer(request, &response, {{"authorization", "Bearer bad"}}).error_code(),
            StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(client.Infer(request, &response, {{"authorization", "Bearer good"}}).error_code(),
            StatusCode::INVALID_ARGUMENT);
  ClientContext context;
  ::inference::ServerLiveResponse live;
  EXPECT_TRUE(client.stub->ServerLive(&context, {}, &live).ok());
}

TEST(RpcPort, OneThatIsTakenIsRefused) {
  TestServer models({"breast_cancer_lr"});
  TestRpcServer server(rpcs::kRpcs, models.context);
  grpc::ServerOptions options;
  options.port = server.server->port();
  EXPECT_THROW(TestRpcServer(rpcs::kRpcs, models.context, options), Error);
}

}  // namespace
}  // namespace millwright::api::kserve

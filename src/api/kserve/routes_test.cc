#include "api/kserve/routes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "api/kserve/classification.h"
#include "api/prediction/test_server.h"

namespace millwright::api::kserve {
namespace {

using inference::Tensor;
using prediction::testing::LargestDifference;
using prediction::testing::TestServer;
using prediction::testing::Vectors;

http::Response Post(TestServer& server, const std::string& model, std::string body,
                    std::vector<std::pair<std::string, std::string>> headers = {}) {
  return server.Ask(Infer, WriteError, {{{"model", model}}, std::move(body), std::move(headers)});
}

std::string RowOf(size_t count) {
  std::string row = "0";
  for (size_t i = 1; i < count; ++i) row += ",0";
  return row;
}

class KserveVectors : public ::testing::TestWithParam<const char*> {};

TEST_P(KserveVectors, AreAnsweredWithinTheirTolerance) {
  const std::string model = GetParam();
  TestServer server({model});
  const Json vectors = Vectors(model);
  for (const Json& one : vectors.At("cases").AsArray()) {
    const auto response = Post(server, model, one.At("request").Dump());
    ASSERT_EQ(response.status, 200) << response.body.substr(0, 300);
    const Json answer = ParseJson(response.body);
    EXPECT_EQ(answer.GetString("model_name"), model);
    EXPECT_EQ(answer.GetString("id"), one.At("request").GetString("id"));
    const auto& expected = one.At("expected_onnxruntime").At("outputs").AsArray();
    const auto& given = answer.At("outputs").AsArray();
    ASSERT_EQ(given.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      for (const char* field : {"name", "datatype", "shape"}) {
        EXPECT_EQ(given[i].At(field).Dump(), expected[i].At(field).Dump());
      }
      EXPECT_LE(LargestDifference(given[i].At("data"), expected[i].At("data")), 1e-4)
          << model << " " << given[i].GetString("name");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, KserveVectors,
                         ::testing::Values("breast_cancer_lr", "credit_columns", "diabetes_ridge",
                                           "digits_cnn", "digits_mlp", "flights_late_xgb",
                                           "wine_rf"),
                         [](const auto& info) { return std::string(info.param); });

class Kserve : public ::testing::Test {
 protected:
  TestServer server{{"breast_cancer_lr", "identity_all_types"}};
};

// By text, because a test's JSON tree would round the largest integers.
TEST_F(Kserve, EveryTypeSurvivesAtItsLimits) {
  const std::string file =
      ReadFile(prediction::testing::ModelsDir() + "identity_all_types/vectors.json");
  const size_t begin = file.find(R"({"id":"extremes","inputs")");
  const size_t end = file.find(R"(,"expected_onnxruntime")", begin);
  ASSERT_NE(end, std::string::npos);
  const auto response = Post(server, "identity_all_types", file.substr(begin, end - begin));
  ASSERT_EQ(response.status, 200) << response.body;
  for (const std::string data :
       {R"("datatype":"FP32","data":[0,-0.5,3.4028235e+38,1.1754944e-38])",
        R"("datatype":"FP64","data":[0,-0.5,1.7976931348623157e+308,2.2250738585072014e-308])",
        R"("datatype":"INT8","data":[0,1,-128,127])",
        R"("datatype":"INT64","data":[0,1,-9223372036854775808,9223372036854775807])",
        R"("datatype":"UINT64","data":[0,1,0,18446744073709551615])",
        R"("datatype":"BOOL","data":[true,false,false,true])",
        "\"data\":[\"plain\",\"żółć – 日本 🙂\",\"\",\"with \\\"quotes\\\" and \\\\ and "
        "\\n "
        "newline\"]",
        R"("datatype":"FP16","data":[0,-0.5,65504,6.1035156e-05])"}) {
    EXPECT_NE(response.body.find(data), std::string::npos) << data << "\n" << response.body;
  }
}

TEST_F(Kserve, ReadsNestedData) {
  const std::string row = RowOf(30);
  const auto flat = Post(server, "breast_cancer_lr",
                         R"({"inputs":[{"name":"X","shape":[2,30],"datatype":"FP32","data":[)" +
                             row + "," + row + "]}]}",
                         {{"X-Request-Id", "a"}});
  // Data may come first: it is kept until type and shape are known.
  const auto nested = Post(server, "breast_cancer_lr",
                           R"({"inputs":[{"data":[[)" + row + "],[" + row +
                               R"(]],"datatype":"FP32","shape":[2,30],"name":"X"}]})",
                           {{"X-Request-Id", "a"}});
  EXPECT_EQ(flat.status, 200);
  EXPECT_EQ(flat.body, nested.body);
}

TEST_F(Kserve, TheAnswerCarriesTheId) {
  const std::string inputs =
      R"("inputs":[{"name":"X","shape":[1,30],"datatype":"FP32","data":[)" + RowOf(30) + "]}]}";
  const auto by_body =
      Post(server, "breast_cancer_lr", R"({"id":"mine",)" + inputs, {{"X-Request-Id", "other"}});
  EXPECT_EQ(ParseJson(by_body.body).GetString("id"), "mine");
  EXPECT_EQ(by_body.headers.Find("X-Prediction-Id"), "mine");
  const auto by_header = Post(server, "breast_cancer_lr", "{" + inputs, {{"X-Request-Id", "h-1"}});
  EXPECT_EQ(ParseJson(by_header.body).GetString("id"), "h-1");
  const auto made = Post(server, "breast_cancer_lr", "{" + inputs);
  EXPECT_EQ(ParseJson(made.body).GetString("id").size(), 32u);
}

TEST_F(Kserve, GivesOnlyTheOutputsThatAreAskedFor) {
  const auto response = Post(server, "breast_cancer_lr",
                             R"({"inputs":[{"name":"X","shape":[1,30],"datatype":"FP32","data":[)" +
                                 RowOf(30) + R"(]}],"outputs":[{"name":"label"}]})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(ParseJson(response.body).At("outputs").AsArray().size(), 1u);
}

TEST_F(Kserve, TakesAndGivesRawTensors) {
  const std::string json =
      R"({"inputs":[{"name":"X","shape":[2,30],"datatype":"FP32","parameters":{"binary_data_size":240}}],)"
      R"("outputs":[{"name":"probabilities","parameters":{"binary_data":true}},{"name":"label"}]})";
  const auto response = Post(server, "breast_cancer_lr", json + std::string(240, '\0'),
                             {{"Inference-Header-Content-Length", std::to_string(json.size())}});
  ASSERT_EQ(response.status, 200) << response.body;
  const size_t length =
      std::stoul(std::string(*response.headers.Find("Inference-Header-Content-Length")));
  const Json head = ParseJson(response.body.substr(0, length));
  const Json& output = head.At("outputs").AsArray()[0];
  EXPECT_EQ(output.At("parameters").GetInt("binary_data_size"), 16);
  ASSERT_EQ(response.body.size(), length + 16);
  float probabilities[4];
  std::memcpy(probabilities, response.body.data() + length, sizeof probabilities);
  EXPECT_NEAR(probabilities[0] + probabilities[1], 1, 1e-5);
  EXPECT_EQ(head.At("outputs").AsArray()[1].At("data").AsArray().size(), 2u);
}

TEST_F(Kserve, DescribesServerAndModels) {
  EXPECT_EQ(ServerLive(server.context, {}).body, R"({"live":true})");
  EXPECT_EQ(ServerReady(server.context, {}).body, R"({"ready":true})");
  EXPECT_EQ(ListModels(server.context, {}).body,
            R"({"models":["breast_cancer_lr","identity_all_types"]})");
  http::Request request;
  request.path_values = {{"model", "breast_cancer_lr"}};
  EXPECT_EQ(ModelMetadata(server.context, request).body,
            R"({"name":"breast_cancer_lr","versions":["1"],"platform":"onnxruntime_onnx",)"
            R"("inputs":[{"name":"X","datatype":"FP32","shape":[-1,30]}],)"
            R"("outputs":[{"name":"label","datatype":"INT64","shape":[-1]},)"
            R"({"name":"probabilities","datatype":"FP32","shape":[-1,2]}]})");
  EXPECT_EQ(ModelReady(server.context, request).body,
            R"({"name":"breast_cancer_lr","ready":true})");
}

TEST(Classification, GivesTheHighestOfEachRow) {
  Tensor scores = Tensor::OfFloats("s", {2, 3}, {0.5F, 2, -1, NAN, 3, 3});
  EXPECT_EQ(Classify(scores, 2, nullptr).strings,
            (std::vector<std::string>{"2.000000:1", "0.500000:0", "3.000000:1", "3.000000:2"}));
  Tensor names{.name = "s_keys", .type = inference::DataType::kBytes, .shape = {3}};
  names.strings = {"a", "b", "c"};
  const Tensor named = Classify(scores, 9, &names);
  EXPECT_EQ(named.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(named.strings[0], "2.000000:1:b");
  EXPECT_THROW(Classify(names, 1, nullptr), Error);
}

TEST_F(Kserve, ClassesAreAnsweredInPlaceOfScores) {
  const auto response =
      Post(server, "breast_cancer_lr",
           R"({"inputs":[{"name":"X","shape":[1,30],"datatype":"FP32","data":[)" + RowOf(30) +
               R"(]}],"outputs":[{"name":"probabilities","parameters":{"classification":1}}]})");
  ASSERT_EQ(response.status, 200) << response.body;
  const Json output = ParseJson(response.body).At("outputs").AsArray().at(0);
  EXPECT_EQ(output.GetString("datatype"), "BYTES");
  EXPECT_EQ(output.At("shape").Dump(), "[1,1]");
}

TEST_F(Kserve, CountsWhatItAnswers) {
  const std::string good =
      R"({"inputs":[{"name":"X","shape":[2,30],"datatype":"FP32","data":[)" + RowOf(60) + "]}]}";
  EXPECT_EQ(Post(server, "breast_cancer_lr", good).status, 200);
  EXPECT_EQ(Post(server, "breast_cancer_lr", R"({"inputs":[]})").status, 400);
  http::Request request;
  request.path_values = {{"model", "breast_cancer_lr"}};
  const Json all = ParseJson(ModelStatistics(server.context, request).body);
  const Json one = all.At("model_stats").AsArray().at(0);
  EXPECT_EQ(one.GetInt("inference_count"), 2);
  EXPECT_EQ(one.GetInt("execution_count"), 1);
  EXPECT_GT(one.GetInt("last_inference"), 0);
  EXPECT_EQ(one.At("inference_stats").At("success").GetInt("count"), 1);
  EXPECT_EQ(one.At("inference_stats").At("fail").GetInt("count"), 1);
  EXPECT_EQ(one.At("inference_stats").At("compute_infer").GetInt("count"), 1);
  EXPECT_LE(one.At("inference_stats").At("compute_infer").GetInt("ns"),
            one.At("inference_stats").At("success").GetInt("ns"));
  request.path_values = {{"model", "nobody"}};
  EXPECT_THROW(ModelStatistics(server.context, request), Error);
}

TEST_F(Kserve, ModelsAreLetGoOfAndLoadedAgain) {
  http::Request request;
  request.path_values = {{"model", "breast_cancer_lr"}};
  EXPECT_EQ(UnloadModel(server.context, request).status, 200);
  EXPECT_EQ(Post(server, "breast_cancer_lr", R"({"inputs":[]})").status, 404);
  EXPECT_EQ(RepositoryIndex(server.context, {}).body,
            R"([{"name":"breast_cancer_lr","version":"1","state":"UNAVAILABLE",)"
            R"("reason":"unloaded"},{"name":"identity_all_types","version":"1","state":"READY",)"
            R"("reason":""}])");
  EXPECT_EQ(ListModels(server.context, {}).body, R"({"models":["identity_all_types"]})");
  // Triton's clients may send a configuration and files to be served in the model's place.
  request.body = R"({"parameters":{"config":"{}"}})";
  try {
    LoadModel(server.context, request);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "Unknown parameter: config; a model is loaded as its source has it");
  }
  request.body = R"({"parameters":{}})";
  EXPECT_EQ(LoadModel(server.context, request).status, 200);
  request.body = "";
  EXPECT_EQ(Post(server, "breast_cancer_lr", R"({"inputs":[]})").status, 400);
  request.path_values = {{"model", "nobody"}};
  EXPECT_THROW(LoadModel(server.context, request), Error);
  EXPECT_THROW(UnloadModel(server.context, request), Error);
}

TEST_F(Kserve, UnknownModelsAndVersionsAreNotFound) {
  const std::string body = R"({"inputs":[]})";
  EXPECT_EQ(Post(server, "nobody", body).status, 404);
  EXPECT_EQ(
      server.Ask(Infer, WriteError, {{{"model", "breast_cancer_lr"}, {"version", "9"}}, body, {}})
          .status,
      404);
}

struct BadBody {
  std::string body;
  std::string error;  // the whole message, or its start where it ends in "…"
};

std::string Input(const std::string& shape, const std::string& type, const std::string& data) {
  return R"({"inputs":[{"name":"X","shape":)" + shape + R"(,"datatype":")" + type + R"(","data":)" +
         data + "}]}";
}

TEST_F(Kserve, BadInputIsRefusedByName) {
  const std::string good = "[" + RowOf(30) + "]";
  const std::string deep(100'000, '[');
  const std::vector<BadBody> bodies = {
      {"", "Malformed JSON…"},
      {"nonsense", "…"},
      {"[]", "The body must be a JSON object"},
      {"null", "The body must be a JSON object"},
      {"{}", "Missing field: inputs"},
      {R"({"inputs":[]})", "Input X: missing; expected FP32 [-1,30]"},
      {R"({"inputs":{}})", "inputs must be an array, not object"},
      {R"({"inputs":[1]})", "inputs[] must be an object, not number"},
      {R"({"inputs":[{}]})", "Input : missing field: name"},
      {R"({"inputs":[{"name":"X"}]})", "Input X: missing field: shape"},
      {R"({"inputs":[{"name":"X","shape":[1,30]}]})", "Input X: missing field: datatype"},
      {R"({"inputs":[{"name":"X","shape":[1,30],"datatype":"FP32"}]})",
       "Input X: missing field: data"},
      {R"({"inputs":[{"name":7}]})", "name must be a string, not number"},
      {R"({"inputs":[],"surprise":1})", "Unknown field of the request: surprise"},
      {R"({"inputs":[{"name":"X","dtype":"FP32"}]})", "Unknown field of an input: dtype"},
      {R"({"inputs":[],"inputs":[]})", "inputs given twice"},
      {R"({"inputs":[],"id":5})", "id must be a string, not number"},
      {R"({"inputs":[],"id":"a\u0000b"})", "A prediction's id has 1 to 200 printable characters"},
      {R"({"inputs":[],"parameters":[]})", "parameters must be an object, not array"},
      {Input("[1,30]", "FP31", good), "Unknown datatype: FP31"},
      {Input("[1,30]", "FP64", good), "Input X: expected FP32, got FP64"},
      {Input("[1,30]", "FP32", "[" + RowOf(29) + "]"),
       "Input X: the shape holds 30 values, data 29"},
      {Input("[1,30]", "FP32", "[" + RowOf(31) + "]"),
       "Input X: the shape holds 30 values, data more"},
      {Input("[1,31]", "FP32", "[" + RowOf(31) + "]"),
       "Input X: expected FP32 [-1,30], got FP32 [1,31]"},
      {Input("[30]", "FP32", good), "Input X: expected FP32 [-1,30], got FP32 [30]"},
      {Input("[1,1,30]", "FP32", good), "Input X: expected FP32 [-1,30], got FP32 [1,1,30]"},
      {Input("[-1,30]", "FP32", good), "A dimension must not be negative: -1"},
      {Input("[1.5,30]", "FP32", good), "shape must be an integer, not number"},
      {Input("[\"1\",30]", "FP32", good), "shape must be an integer, not string"},
      {Input("[4611686018427387904,4]", "FP32", good), "Input X: the shape is too large"},
      {Input("[1000000000,30]", "FP32", good), "Input X: the shape holds 30000000000 values, …"},
      {Input("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "FP32", good),
       "A shape has at most 16 dimensions"},
      {Input("[1,30]", "FP32", "7"), "data must be an array, not number"},
      {Input("[1,2]", "FP32", "[0,\"a\"]"), "Input X: expected FP32, got string"},
      {Input("[1,2]", "FP32", "[0,true]"), "Input X: expected FP32, got boolean"},
      {Input("[1,2]", "FP32", "[0,{}]"), "Input X: expected a single value, got object"},
      {Input("[1,2]", "FP32", "[0,1e39]"), "Input X: a value does not fit FP32"},
      {Input("[1,2]", "FP32", "[0,1e999]"), "Malformed JSON: a number is malformed or too large"},
      {Input("[1,2]", "FP32", "[0,NaN]"), "Malformed JSON…"},
      {Input("[1,2]", "FP32", "[0,nul]"), "Malformed JSON…"},
      {Input("[1,2]", "INT64", "[0,null]"), "Input X: expected INT64, got null"},
      {Input("[1,2]", "INT8", "[0,128]"), "Input X: a value does not fit INT8"},
      {Input("[1,2]", "UINT64", "[0,-1]"), "Input X: a value does not fit UINT64"},
      {Input("[1,2]", "INT64", "[0,18446744073709551615]"), "Input X: a value does not fit INT64"},
      {Input("[1,2]", "UINT64", "[0,18446744073709551616]"),
       "Input X: a value does not fit UINT64"},
      {Input("[1,2]", "INT64", "[0,-9223372036854775809]"), "Input X: a value does not fit INT64"},
      {Input("[1,2]", "INT64", "[0,0.5]"), "Input X: expected INT64, got a number with a fraction"},
      {Input("[1,2]", "BOOL", "[0,1]"), "Input X: expected BOOL, got integer"},
      {Input("[1,2]", "BYTES", "[0,1]"), "Input X: expected BYTES, got integer"},
      {Input("[2,2]", "FP32", "[[0,1],[2]]"),
       "Input X: data is nested otherwise than its shape says"},
      {Input("[2,2]", "FP32", "[[0,1],2]"), "Input X: data is nested unevenly"},
      {Input("[2,2]", "FP32", "[[[0],[1]],[2,3]]"), "Input X: data is nested too deeply"},
      {Input("[1,2]", "FP32", deep), "…"},
      {deep, "The body must be a JSON object"},
      {R"({"a":)" + deep, "Malformed JSON…"},
      {R"({"a":)" + deep + "}", "Unknown field of the request: a"},
      {R"({"a":[],"inputs":[]})", "Unknown field of the request: a"},
      {Input("[1,30]", "FP32", good) + "x", "Malformed JSON…"},
      {Input("[1,30]", "FP32", good) + "{}", "Malformed JSON: text after the document"},
      {Input("[1,30]", "FP32", good).substr(0, 60), "Malformed JSON…"},
      {"{\"inputs\":[],\"id\":\"\xff\xfe\"}", "Malformed JSON: the body is not UTF-8"},
      {R"({"inputs":[{"name":"Y","shape":[1,1],"datatype":"FP32","data":[0]}]})",
       "Input Y: unknown; the model takes X"},
      {R"({"inputs":[{"name":"X","shape":[0],"datatype":"FP32","data":[]},)"
       R"({"name":"X","shape":[0],"datatype":"FP32","data":[]}]})",
       "Input given twice: X"},
      {R"({"inputs":[{"name":"X","shape":[1,30],"datatype":"FP32","data":)" + good +
           R"(}],"outputs":[{"name":"no"}]})",
       "The model has no output no"},
      {R"({"inputs":[{"name":"X","shape":[1,1],"datatype":"FP32","parameters":{"binary_data_size":4}}]})",
       "Input X: 4 raw bytes declared, 0 there"},
  };
  for (const BadBody& bad : bodies) {
    const auto response = Post(server, "breast_cancer_lr", bad.body);
    EXPECT_EQ(response.status, 400) << bad.body.substr(0, 200) << " → " << response.body;
    const std::string error = ParseJson(response.body).GetString("error");
    if (bad.error.ends_with("…")) {
      const std::string start = bad.error.substr(0, bad.error.size() - strlen("…"));
      EXPECT_TRUE(error.starts_with(start)) << bad.body.substr(0, 200) << " → " << error;
    } else {
      EXPECT_EQ(error, bad.error) << bad.body.substr(0, 200);
    }
  }
}

TEST_F(Kserve, BadRawInputIsRefused) {
  const auto error = [&](const std::string& json, const std::string& raw,
                         const std::string& length) {
    const auto response =
        Post(server, "breast_cancer_lr", json + raw, {{"Inference-Header-Content-Length", length}});
    EXPECT_EQ(response.status, 400);
    return ParseJson(response.body).GetString("error");
  };
  const std::string json =
      R"({"inputs":[{"name":"X","shape":[1,30],"datatype":"FP32","parameters":{"binary_data_size":4}}]})";
  const std::string length = std::to_string(json.size());
  EXPECT_EQ(error(json, "1234", length), "Input X: the shape does not hold 4 bytes of FP32");
  EXPECT_EQ(error(json, "123", length), "Input X: 4 raw bytes declared, 3 there");
  EXPECT_EQ(error(json, "", "99999"),
            "Inference-Header-Content-Length must be a number up to the body's size: 99999");
  EXPECT_EQ(error(json, "", "x"),
            "Inference-Header-Content-Length must be a number up to the body's size: x");
}

TEST_F(Kserve, BadHeadersAreRefused) {
  const auto time = Post(server, "breast_cancer_lr", R"({"inputs":[]})",
                         {{"X-Millwright-Event-Time", "yesterday"}});
  EXPECT_EQ(time.status, 400);
  EXPECT_EQ(ParseJson(time.body).GetString("error"),
            "X-Millwright-Event-Time is neither milliseconds since 1970 nor RFC 3339: yesterday");
  const auto id = Post(server, "breast_cancer_lr", R"({"inputs":[]})",
                       {{"X-Request-Id", std::string(201, 'x')}});
  EXPECT_EQ(id.status, 400);
}

}  // namespace
}  // namespace millwright::api::kserve

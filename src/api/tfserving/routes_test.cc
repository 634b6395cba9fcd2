#include "api/tfserving/routes.h"

#include <gtest/gtest.h>

#include "api/prediction/test_server.h"
#include "api/tfserving/predict_answer.h"
#include "api/tfserving/predict_body.h"

namespace millwright::api::tfserving {
namespace {

using inference::DataType;
using inference::Signature;
using inference::Tensor;
using prediction::testing::TestServer;

http::Request To(std::vector<std::pair<std::string, std::string>> path_values) {
  http::Request request;
  request.path_values = std::move(path_values);
  return request;
}

http::Response Post(TestServer& server, const std::string& model, std::string body,
                    prediction::testing::Handler handler = Predict) {
  return server.Ask(handler, WriteError, {{{"model", model}}, std::move(body), {}});
}

// The answer to a request as a protocol's error writer would give it.
template <typename Handle>
http::Response Answered(Handle handle) {
  try {
    return handle();
  } catch (const Error& error) {
    return WriteError(error);
  }
}

class Tfserving : public ::testing::Test {
 protected:
  TestServer server{{"breast_cancer_lr", "diabetes_ridge", "wine_rf_zipmap"}};
};

TEST_F(Tfserving, StatusSpeaksToBothProtocols) {
  EXPECT_EQ(ListModels(server.context, {}).body,
            R"({"models":["breast_cancer_lr","diabetes_ridge","wine_rf_zipmap"]})");
  const std::string expected =
      R"({"name":"diabetes_ridge","ready":true,"model_version_status":[{"version":"1",)"
      R"("state":"AVAILABLE","status":{"error_code":"OK","error_message":""}}]})";
  EXPECT_EQ(ModelStatus(server.context, To({{"model", "diabetes_ridge"}})).body, expected);
  EXPECT_EQ(ModelStatus(server.context, To({{"model", "diabetes_ridge"}, {"version", "1"}})).body,
            expected);
  const auto unknown = [&](std::vector<std::pair<std::string, std::string>> path) {
    return Answered([&] { return ModelStatus(server.context, To(std::move(path))); });
  };
  EXPECT_EQ(unknown({{"model", "nobody"}}).status, 404);
  EXPECT_EQ(unknown({{"model", "nobody"}}).body, R"({"error":"Model not found: nobody"})");
  EXPECT_EQ(unknown({{"model", "diabetes_ridge"}, {"version", "7"}}).status, 404);
  EXPECT_EQ(unknown({{"model", "diabetes_ridge"}, {"label", "stable"}}).status, 404);
}

TEST_F(Tfserving, AModelThatIsLetGoOfIsNotAvailable) {
  server.context.predictor.Unload("diabetes_ridge");
  const auto response = ModelStatus(server.context, To({{"model", "diabetes_ridge"}}));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body,
            R"({"name":"diabetes_ridge","ready":false,"model_version_status":[{"version":"1",)"
            R"("state":"END","status":{"error_code":"UNAVAILABLE","error_message":"unloaded"}}]})");
}

TEST_F(Tfserving, MetadataIsTheOneSignature) {
  EXPECT_EQ(
      ModelMetadata(server.context, To({{"model", "diabetes_ridge"}})).body,
      R"({"model_spec":{"name":"diabetes_ridge","signature_name":"","version":"1"},)"
      R"("metadata":{"signature_def":{"signature_def":{"serving_default":{"inputs":{"X":)"
      R"({"dtype":"DT_FLOAT","tensor_shape":{"dim":[{"size":"-1","name":""},)"
      R"({"size":"10","name":""}],"unknown_rank":false},"name":"X:0"}},"outputs":{"variable":)"
      R"({"dtype":"DT_FLOAT","tensor_shape":{"dim":[{"size":"-1","name":""},)"
      R"({"size":"1","name":""}],"unknown_rank":false},"name":"variable:0"}},)"
      R"("method_name":"tensorflow/serving/predict"}}}}})");
}

std::string Zeros(int count) {
  std::string list = "[";
  for (int i = 0; i < count; ++i) list += i == 0 ? "0" : ",0";
  return list + "]";
}

TEST_F(Tfserving, RowsAreAnsweredByRowsAndColumnsByColumns) {
  const auto rows = Post(server, "diabetes_ridge", R"({"instances":[)" + Zeros(10) + "]}");
  ASSERT_EQ(rows.status, 200) << rows.body;
  const Json prediction = ParseJson(rows.body).At("predictions").AsArray().at(0);
  const auto columns = Post(server, "diabetes_ridge", R"({"inputs":{"X":[)" + Zeros(10) + "]}}");
  EXPECT_EQ(columns.body, R"({"outputs":[)" + prediction.Dump() + "]}");
  const auto named =
      Post(server, "diabetes_ridge",
           R"({"signature_name":"serving_default","instances":[{"X":)" + Zeros(10) + "}]}");
  EXPECT_EQ(named.body, rows.body);
}

TEST_F(Tfserving, SeveralOutputsAreAnObjectARow) {
  const auto response = Post(server, "breast_cancer_lr", R"({"instances":[)" + Zeros(30) + "]}");
  ASSERT_EQ(response.status, 200) << response.body;
  const Json row = ParseJson(response.body).At("predictions").AsArray().at(0);
  EXPECT_TRUE(row.At("label").is_int());
  EXPECT_EQ(row.At("probabilities").AsArray().size(), 2u);
}

TEST_F(Tfserving, ScoresOfNamedClassesAreAnObject) {
  const auto response = Post(server, "wine_rf_zipmap", R"({"instances":[)" + Zeros(13) + "]}");
  ASSERT_EQ(response.status, 200) << response.body;
  const Json row = ParseJson(response.body).At("predictions").AsArray().at(0);
  EXPECT_TRUE(row.At("output_probability").At("class_2").is_number()) << response.body;
}

TEST_F(Tfserving, ExamplesAreClassifiedAndRegressed) {
  const auto classes =
      Post(server, "wine_rf_zipmap", R"({"examples":[{"X":)" + Zeros(13) + "}]}", Classify);
  ASSERT_EQ(classes.status, 200) << classes.body;
  const Json pairs = ParseJson(classes.body).At("results").AsArray().at(0);
  ASSERT_EQ(pairs.AsArray().size(), 3u) << classes.body;
  EXPECT_EQ(pairs.AsArray()[2].AsArray()[0].AsString(), "class_2");
  const auto numbered =
      Post(server, "breast_cancer_lr", R"({"examples":[{"X":)" + Zeros(30) + "}]}", Classify);
  EXPECT_EQ(ParseJson(numbered.body)
                .At("results")
                .AsArray()
                .at(0)
                .AsArray()
                .at(1)
                .AsArray()
                .at(0)
                .AsString(),
            "1");
  const auto values = Post(server, "diabetes_ridge",
                           R"({"context":{"X":)" + Zeros(10) + R"(},"examples":[{},{}]})", Regress);
  ASSERT_EQ(values.status, 200) << values.body;
  EXPECT_EQ(ParseJson(values.body).At("results").AsArray().size(), 2u);
}

TEST_F(Tfserving, WhatTheModelDoesNotGiveIsRefused) {
  const auto classes =
      Post(server, "diabetes_ridge", R"({"examples":[{"X":)" + Zeros(10) + "}]}", Classify);
  EXPECT_EQ(classes.status, 400);
  EXPECT_EQ(classes.body, R"({"error":"The model gives no scores by class; ask it by :predict"})");
  const auto values =
      Post(server, "breast_cancer_lr", R"({"examples":[{"X":)" + Zeros(30) + "}]}", Regress);
  EXPECT_EQ(values.body,
            R"({"error":"The model gives no single number a row; ask it by :predict"})");
}

Signature Columns() {
  return {.inputs = {{.name = "age", .type = DataType::kFp32, .shape = {-1, 1}},
                     {.name = "job", .type = DataType::kBytes, .shape = {-1, 1}}}};
}

// The inputs that a body gives, or what is wrong with it.
template <typename Read>
std::string InputsOf(Read read) {
  try {
    std::string text;
    for (const Tensor& tensor : read()) {
      text += tensor.name + ":";
      for (size_t i = 0; i < tensor.element_count(); ++i) {
        text += " " + (tensor.type == DataType::kBytes ? tensor.strings[i]
                                                       : std::to_string(tensor.As<float>()[i]));
      }
      text += ";";
    }
    return text;
  } catch (const Error& error) {
    return error.message();
  }
}

TEST(PredictBody, RefusesByName) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"instances":[{"age":1,"job":{"b64":"YWI="}},{"age":2,"job":"c"}],"unknown":{"a":[]}})",
       "age: 1.000000 2.000000;job: ab c;"},
      {R"({"inputs":{"age":[1,2],"job":["a","b"]},"signature_name":""})",
       "age: 1.000000 2.000000;job: a b;"},
      {"{}", "Missing 'inputs' or 'instances' key"},
      {R"({"instances":[],"inputs":[]})", "instances: there are no rows"},
      {R"({"instances":[{"age":1,"job":"a"}],"inputs":[]})",
       "The body must have one of 'inputs' and 'instances', once"},
      {R"({"instances":[{"age":1,"job":"a","id":1}]})",
       "Unknown column: id; the model takes age, job"},
      {R"({"instances":[[1]]})",
       "instances: the model has several inputs; give an object by their names"},
      {R"({"instances":[{"age":1,"job":{"b64":"?"}}]})", "job: The text of b64 is not base64"},
      {R"({"instances":[{"age":1,"job":{"b65":"AA=="}}]})",
       "job: expected a single value, got object"},
      {R"({"instances":[{"age":[1],"job":[{"b64":"YQ=="}]},{"age":2,"job":["b"]}]})",
       "age: 1.000000 2.000000;job: a b;"},
      {R"({"instances":[{"age":[],"job":"a"}]})", "age: expected a single value, got a list of 0"},
      {R"({"instances":[{"age":[[1]],"job":"a"}]})", "age: expected a single value, got array"},
      {R"({"instances":{}})", "instances must be an array, not object"},
      {R"({"signature_name":"train","instances":[]})",
       "Serving signature name: \"train\" not found in signature def"},
      {R"({"signature_name":1})", "signature_name must be a string, not number"},
      {"[1]", "The body must be a JSON object"},
  };
  for (const auto& [body, expected] : cases) {
    EXPECT_EQ(InputsOf([body = std::string(body)]() mutable {
                return ReadPredictBody(&body, Columns()).inputs;
              }),
              expected)
        << body;
  }
}

TEST(ReadExamples, TakesTheContextForWhatAnExampleLacks) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"context":{"job":"x"},"examples":[{"age":1},{"age":[2],"job":["y"]}]})",
       "age: 1.000000 2.000000;job: x y;"},
      {R"({"examples":[]})", "'examples' value is an empty array"},
      {R"({})", "Missing field: examples"},
      {R"({"examples":{}})", "examples must be an array, not object"},
      {R"({"examples":[1]})", "examples[] must be an object, not number"},
      {R"({"examples":[{"age":1}]})", "Column job must not be missing (row 0)"},
      {R"({"examples":[{"age":[1,2],"job":"x"}]})",
       "age: expected a single value, got a list of 2"},
  };
  for (const auto& [body, expected] : cases) {
    EXPECT_EQ(InputsOf([body = body] { return ReadExamples(body, Columns()); }), expected) << body;
  }
}

std::string RowsOf(const std::vector<Tensor>& outputs) {
  std::string json;
  try {
    AppendPredictions(outputs, Format::kRow, &json);
  } catch (const Error& error) {
    return error.message();
  }
  return json;
}

TEST(PredictAnswer, WritesValuesAsTensorFlowServingDoes) {
  Tensor floats = Tensor::OfFloats("f", {2, 2}, {3, 0.2F, NAN, INFINITY});
  Tensor texts{.name = "t", .type = DataType::kBytes, .shape = {2}};
  texts.strings = {"a\"b", "\xff"};
  Tensor image{.name = "image_bytes", .type = DataType::kBytes, .shape = {2}};
  image.strings = {"ab", ""};
  EXPECT_EQ(RowsOf({floats}), R"({"predictions":[[3.0,0.2],[null,"Infinity"]]})");
  EXPECT_EQ(RowsOf({texts, image}), R"({"predictions":[{"t":"a\"b","image_bytes":{"b64":"YWI="}},)"
                                    R"({"t":{"b64":"/w=="},"image_bytes":{"b64":""}}]})");
  EXPECT_EQ(RowsOf({floats, Tensor::OfFloats("g", {1}, {1})}),
            "Tensor name: g has inconsistent batch size: 1 expecting: 2");
  EXPECT_EQ(RowsOf({Tensor::OfFloats("s", {}, {1})}), "Tensor name: s has no shape information");
  EXPECT_EQ(RowsOf({Tensor::OfFloats("e", {0, 2}, {})}), R"({"predictions":[]})");
  EXPECT_EQ(RowsOf({Tensor::OfFloats("big", {1}, {1e20F})}), R"({"predictions":[1e+20]})");
}

}  // namespace
}  // namespace millwright::api::tfserving

#include "api/scoring/routes.h"

#include <gtest/gtest.h>

#include <cstring>

#include "api/prediction/test_server.h"
#include "api/scoring/invocation.h"

namespace millwright::api::scoring {
namespace {

using inference::Signature;
using prediction::testing::LargestDifference;
using prediction::testing::ModelsDir;
using prediction::testing::TestServer;
using prediction::testing::Vectors;

http::Response Post(TestServer& server, std::string body,
                    std::vector<std::pair<std::string, std::string>> headers = {}) {
  return server.Ask(Invoke, WriteError, {{}, std::move(body), std::move(headers)});
}

// The rows of a case of vectors.json as lists.
Json RowsOf(const Json& one) {
  const Json& input = one.At("request").At("inputs").AsArray()[0];
  const int64_t width = input.At("shape").AsArray()[1].AsInt();
  Json rows = Json::MakeArray();
  for (const Json& value : input.At("data").AsArray()) {
    if (rows.AsArray().empty() ||
        static_cast<int64_t>(rows.AsArray().back().AsArray().size()) == width) {
      rows.Append(Json::MakeArray());
    }
    rows.AsArray().back().Append(value);
  }
  return rows;
}

TEST(Scoring, InputsAndInstancesGiveTheVectors) {
  for (const std::string model : {"breast_cancer_lr", "diabetes_ridge", "digits_mlp", "wine_rf"}) {
    TestServer server({model});
    const Json vectors = Vectors(model);
    for (const Json& one : vectors.At("cases").AsArray()) {
      for (const char* format : {"inputs", "instances"}) {
        const auto response = Post(server, Json::Of({{format, RowsOf(one)}}).Dump());
        ASSERT_EQ(response.status, 200) << response.body.substr(0, 300);
        const Json answer = ParseJson(response.body);
        for (const Json& expected : one.At("expected_onnxruntime").At("outputs").AsArray()) {
          Json flat = Json::MakeArray();
          for (const Json& row :
               answer.At("predictions").At(expected.GetString("name")).AsArray()) {
            if (!row.is_array()) {
              flat.Append(row);
            } else {
              for (const Json& value : row.AsArray()) flat.Append(value);
            }
          }
          EXPECT_LE(LargestDifference(flat, expected.At("data")), 1e-4) << model;
        }
      }
    }
  }
}

TEST(Scoring, DataFramesOfMlflowGiveTheVectors) {
  TestServer server({"credit_columns"});
  Json answers = Json::MakeArray();
  for (const char* file : {"mlflow_dataframe_split.json", "mlflow_dataframe_records.json"}) {
    const Json body = ParseJson(ReadFile(ModelsDir() + "credit_columns/" + file));
    const std::string name = body.AsObject()[0].first;  // the file has the old answer besides
    const auto response = Post(server, Json::Of({{name, body.At(name)}}).Dump(),
                               {{"Content-Type", "application/json; charset=utf-8"}});
    ASSERT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(ParseJson(response.body).At("predictions").At("label").Dump(), "[0,0,0,0,0]");
    answers.Append(ParseJson(response.body));
  }
  EXPECT_EQ(answers.AsArray()[0].Dump(), answers.AsArray()[1].Dump());
}

TEST(Scoring, ProbesAnswer) {
  TestServer server({"wine_rf"});
  EXPECT_EQ(Ping(server.context, {}).status, 200);
  EXPECT_EQ(ServerVersion(server.context, {}).body, "0.1.0");
}

TEST(Scoring, TheModelMustBeClear) {
  TestServer server({"wine_rf", "diabetes_ridge"});
  EXPECT_EQ(ParseJson(Post(server, R"({"inputs":[[1]]})").body).Dump(),
            R"({"error_code":"BAD_REQUEST","message":"There are 2 models; name one: )"
            R"(/endpoints/NAME/invocations"})");
  const auto missing =
      server.Ask(Invoke, WriteError, {{{"name", "nobody"}}, R"({"inputs":[[1]]})", {}});
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(ParseJson(missing.body).GetString("error_code"), "RESOURCE_DOES_NOT_EXIST");
}

TEST(Scoring, OtherTypesOfBodiesAreRefused) {
  TestServer server({"wine_rf"});
  const auto response = Post(server, "a,b\n1,2\n", {{"Content-Type", "text/csv"}});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(ParseJson(response.body).GetString("message"),
            "Content-Type must be application/json, not text/csv");
}

// A model of two named columns, the second of which may be missing.
Signature TwoColumns() {
  return {.inputs = {{.name = "X", .type = inference::DataType::kFp32, .shape = {-1, 2}}},
          .outputs = {},
          .columns = {{.name = "age"}, {.name = "delay", .optional = true}}};
}

// The values that a body gives for TwoColumns, or what is wrong with it.
std::string ValuesOf(std::string body, const Signature& signature = TwoColumns()) {
  try {
    const auto tensors = ReadInvocation(&body, signature);
    std::string text;
    for (const auto& tensor : tensors) {
      text += fmt::format("{}{}x{}:", tensor.name, tensor.shape.at(0), tensor.shape.back());
      for (size_t i = 0; i < tensor.element_count(); ++i) {
        text += fmt::format(" {}", tensor.As<float>()[i]);
      }
    }
    return text;
  } catch (const Error& error) {
    return error.message();
  }
}

TEST(Invocation, TablesGoByColumnNames) {
  const std::string expected = "X2x2: 1 2 3 nan";
  const std::vector<std::string> bodies = {
      R"({"dataframe_split":{"columns":["age","delay"],"data":[[1,2],[3,null]]}})",
      R"({"dataframe_split":{"data":[[2,1],[null,3]],"index":[5,6],"columns":["delay","age"]}})",
      R"({"dataframe_records":[{"age":1,"delay":2},{"delay":null,"age":3}]})",
      R"({"dataframe_records":[{"delay":2,"age":1},{"age":3}]})",
      R"({"instances":[{"age":1,"delay":2},{"age":3}]})",
      R"({"inputs":{"delay":[2,null],"age":[1,3]}})",
      R"({"inputs":{"X":[[1,2],[3,null]]}})",
      R"({"inputs":[[1,2],[3,null]],"params":{"threshold":0.5}})",
      R"({"instances":[[1,2],[3,null]],"params":null})",
  };
  for (const std::string& body : bodies) EXPECT_EQ(ValuesOf(body), expected) << body;
}

TEST(Invocation, WithoutNamesPositionsCount) {
  Signature signature = TwoColumns();
  signature.columns.clear();
  EXPECT_EQ(ValuesOf(R"({"dataframe_split":{"columns":[0,1],"data":[[1,2]]}})", signature),
            "X1x2: 1 2");
  EXPECT_EQ(ValuesOf(R"({"dataframe_split":{"data":[[1,2]]}})", signature), "X1x2: 1 2");
  EXPECT_EQ(ValuesOf(R"({"dataframe_records":[{"a":1,"b":2},{"b":4,"a":3}]})", signature),
            "X2x2: 1 2 3 4");
}

TEST(Invocation, BadTablesAreRefusedByName) {
  constexpr const char* kOneOf =
      "The body must have exactly one of dataframe_split, dataframe_records, instances, inputs";
  const std::vector<std::pair<std::string, std::string>> bodies = {
      {"{}", kOneOf},
      {"[]", "The body must be a JSON object"},
      {R"({"inputs":[[1,2]],"instances":[[1,2]]})", kOneOf},
      {R"({"inputs":[[1,2]],"inputs":[[1,2]]})", kOneOf},
      {R"({"dataframe":[]})", "Unknown field: dataframe"},
      {R"({"inputs":[[1,2]],"params":[1]})", "params must be an object, not array"},
      {R"({"dataframe_split":[]})", "dataframe_split must be an object, not array"},
      {R"({"dataframe_split":{"columns":["age","delay"]}})", "Missing field: data"},
      {R"({"dataframe_split":{"data":[[1,2]]}})", "Missing field: columns"},
      {R"({"dataframe_split":{"columns":["age"],"data":[[1]],"rows":1}})",
       "dataframe_split: unknown field: rows"},
      {R"({"dataframe_split":{"columns":["age","size"],"data":[]}})",
       "Unknown column: size; the model takes age, delay"},
      {R"({"dataframe_split":{"columns":["delay"],"data":[[1]]}})", "Missing columns: age"},
      {R"({"dataframe_split":{"columns":["age","age"],"data":[]}})", "Column given twice: age"},
      {R"({"dataframe_split":{"columns":["age","delay"],"data":[]}})", "The table has no rows"},
      {R"({"dataframe_split":{"columns":["age","delay"],"data":[[1,2],[3]]}})",
       "data: row 1 has 1 values, not 2"},
      {R"({"dataframe_split":{"columns":["age","delay"],"data":[[1,2,3]]}})",
       "data: row 0 has 3 values, not 2"},
      {R"({"dataframe_split":{"columns":["age","delay"],"data":[5]}})",
       "data[] must be an array, not number"},
      {R"({"dataframe_split":{"columns":["age","delay"],"data":[[null,1]]}})",
       "Column age must not be missing (row 0)"},
      {R"({"dataframe_split":{"columns":["age","delay"],"data":[[1,2],["x",1]]}})",
       "Column age (row 1): expected FP32, got string"},
      {R"({"dataframe_split":{"columns":["age","delay"],"data":[[[1],1]]}})",
       "expected a single value, got array"},
      {R"({"dataframe_records":[{"age":1},{"delay":1}]})",
       "Column age must not be missing (row 1)"},
      {R"({"dataframe_records":[{"age":1,"age":2}]})", "Column given twice: age (row 0)"},
      {R"({"dataframe_records":[{"age":true}]})", "Column age (row 0): expected FP32, got boolean"},
      {R"({"dataframe_records":[]})", "The table has no rows"},
      {R"({"dataframe_records":[7]})", "record must be an object, not number"},
      {R"({"instances":[]})", "instances: there are no rows"},
      {R"({"instances":[[1,2],{"age":1}]})", "instances: lists and objects are mixed"},
      {R"({"instances":[[1,2],[3]]})", "Input X: lists of unequal length or depth"},
      {R"({"instances":[[1,2],3]})", "Input X: lists of unequal length or depth"},
      {R"({"inputs":{"age":[1,2],"delay":[1]}})", "delay: 1 values, but age has 2"},
      {R"({"inputs":{"X":[[1,2],[3,[4]]]}})", "Input X: lists of unequal length or depth"},
      {R"({"inputs":)" + std::string(50'000, '[') + "1" + std::string(50'000, ']') + "}",
       "Input X: nested too deeply"},
      {R"({"inputs":[[1,2]]}})", "Malformed JSON: text after the document"},
      {"{\"inputs\":[[\"\xff\"]]}", "Malformed JSON: the body is not UTF-8"},
  };
  for (const auto& [body, message] : bodies) {
    EXPECT_EQ(ValuesOf(body), message) << body.substr(0, 200);
  }
}

TEST(Invocation, RowsOfNamedTensorsAreStacked) {
  const Signature signature{
      .inputs = {{.name = "a", .type = inference::DataType::kFp32, .shape = {-1, 2}},
                 {.name = "b", .type = inference::DataType::kFp32, .shape = {-1, 3}}}};
  EXPECT_EQ(
      ValuesOf(R"({"instances":[{"a":[1,2],"b":[3,4,5]},{"b":[6,7,8],"a":[9,0]}]})", signature),
      "a2x2: 1 2 9 0b2x3: 3 4 5 6 7 8");
  EXPECT_EQ(ValuesOf(R"({"instances":[{"a":[1,2]}]})", signature),
            "instances: a row lacks an input");
  EXPECT_EQ(ValuesOf(R"({"instances":[{"c":[1,2]}]})", signature), "c: unknown input");
  EXPECT_EQ(ValuesOf(R"({"inputs":[[1]]})", signature),
            "inputs: the model has several inputs; give an object by their names");
}

}  // namespace
}  // namespace millwright::api::scoring

#include "api/scoring/routes.h"

#include <gtest/gtest.h>

#include <cstring>

#include "analytics/session.h"
#include "api/prediction/test_server.h"
#include "api/scoring/csv_body.h"
#include "api/scoring/invocation.h"
#include "api/scoring/parquet_body.h"

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

TEST(Scoring, CsvOfMlflowGivesWhatItsJsonGives) {
  TestServer server({"credit_columns"});
  const std::string folder = ModelsDir() + "credit_columns/";
  const Json split = ParseJson(ReadFile(folder + "mlflow_dataframe_split.json"));
  const auto expected =
      Post(server, Json::Of({{"dataframe_split", split.At("dataframe_split")}}).Dump());
  ASSERT_EQ(expected.status, 200);
  for (const char* type : {"text/csv", "text/csv; charset=UTF-8", "TEXT/CSV"}) {
    const auto response =
        Post(server, ReadFile(folder + "mlflow_csv.csv"), {{"Content-Type", type}});
    ASSERT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.body, expected.body);
  }
}

TEST(Scoring, OtherTypesOfBodiesAreRefused) {
  TestServer server({"wine_rf"});
  const auto response = Post(server, "<a/>", {{"Content-Type", "application/xml"}});
  EXPECT_EQ(response.status, 415);
  EXPECT_EQ(ParseJson(response.body).Dump(),
            R"({"error_code":"BAD_REQUEST","message":"Content-Type must be application/json, )"
            R"(text/csv or application/vnd.apache.parquet, not application/xml"})");
}

// A model of two named columns, the second of which may be missing.
Signature TwoColumns() {
  return {.inputs = {{.name = "X", .type = inference::DataType::kFp32, .shape = {-1, 2}}},
          .outputs = {},
          .columns = {{.name = "age"}, {.name = "delay", .optional = true}}};
}

// The values that a reader gives, or what is wrong with its body.
template <typename Read>
std::string ValuesRead(Read read) {
  try {
    const std::vector<inference::Tensor> tensors = read();
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

std::string ValuesOf(std::string body, const Signature& signature = TwoColumns()) {
  return ValuesRead([&] { return ReadInvocation(&body, signature).inputs; });
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
      // What the model does not take is passed over, whatever it holds.
      R"({"dataframe_split":{"columns":["id","age","delay"],"data":[[[{}],1,2],["x",3,null]]}})",
      R"({"dataframe_records":[{"id":{"a":[1]},"age":1,"delay":2},{"age":3,"id":null}]})",
      R"({"instances":[{"age":1,"delay":2,"id":"x"},{"age":3}]})",
      R"({"inputs":{"delay":[2,null],"age":[1,3],"id":[7,8]}})",
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
      {R"({"inputs":[[1,2]],"params":{"a":)" + std::string(1000, '[') + std::string(1000, ']') +
           "}}",
       "Malformed JSON: The JSON document was too deep (too many nested objects and arrays)"},
      {R"({"inputs":[[1,2]],"params":[1]})", "params must be an object, not array"},
      {R"({"dataframe_split":[]})", "dataframe_split must be an object, not array"},
      {R"({"dataframe_split":{"columns":["age","delay"]}})", "Missing field: data"},
      {R"({"dataframe_split":{"data":[[1,2]]}})", "Missing field: columns"},
      {R"({"dataframe_split":{"columns":["age"],"data":[[1]],"rows":1}})",
       "dataframe_split: unknown field: rows"},
      {R"({"dataframe_split":{"columns":["age","size"],"data":[]}})", "The table has no rows"},
      {R"({"dataframe_split":{"columns":["delay"],"data":[[1]]}})", "Missing columns: age"},
      {R"({"dataframe_split":{"columns":["delay","Age","id"],"data":[[1,2,3]]}})",
       "Missing columns: age; unknown columns: Age, id"},
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

TEST(Invocation, AColumnThatIsNotThereIsRefused) {
  const Signature signature{
      .inputs = {{.name = "a", .type = inference::DataType::kFp32, .shape = {-1, 1}},
                 {.name = "b", .type = inference::DataType::kFp32, .shape = {-1, 1}}}};
  constexpr const char* kNotThere =
      "Column b must not be missing (row 0); null says that there is no value";
  const std::pair<const char*, const char*> cases[] = {
      {R"({"dataframe_split":{"columns":["a","B"],"data":[[1,2]]}})",
       "Missing columns: b; unknown columns: B"},
      {R"({"dataframe_split":{"columns":["a","b"],"data":[[1,null]]}})", "a1x1: 1b1x1: nan"},
      {R"({"dataframe_records":[{"a":1,"B":2}]})", kNotThere},
      {R"({"dataframe_records":[{"a":1,"b":2},{"a":3}]})",
       "Column b must not be missing (row 1); null says that there is no value"},
      {R"({"dataframe_records":[{"a":1,"b":null}]})", "a1x1: 1b1x1: nan"},
      {R"({"instances":[{"a":1}]})", kNotThere},
  };
  for (const auto& [body, expected] : cases) EXPECT_EQ(ValuesOf(body, signature), expected) << body;
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

TEST(Invocation, ParamsComeAsTheyAre) {
  std::string body = R"({"inputs":[[1,2]],"params":{"top_k":3,"stop":["a"]}})";
  EXPECT_EQ(ReadInvocation(&body, TwoColumns()).params.Dump(), R"({"top_k":3,"stop":["a"]})");
}

TEST(Invocation, Base64StandsForBytes) {
  const Signature signature{
      .inputs = {{.name = "x", .type = inference::DataType::kBytes, .shape = {-1}}}};
  for (std::string body :
       {R"({"instances":[{"b64":"AP8="},{"b64":"YQ=="}]})",
        R"({"instances":[{"x":{"b64":"AP8="}},{"x":"a"}]})", R"({"inputs":[{"b64":"AP8="},"a"]})",
        R"({"inputs":{"x":[{"b64":"AP8="},"a"]}})"}) {
    const auto inputs = ReadInvocation(&body, signature).inputs;
    ASSERT_EQ(inputs.size(), 1u) << body;
    EXPECT_EQ(inputs[0].strings, (std::vector<std::string>{std::string("\0\xff", 2), "a"})) << body;
  }
}

TEST(TableBody, CsvGoesByColumnNames) {
  const std::pair<const char*, const char*> cases[] = {
      {"age,delay\n1,2\n3,\n", "X2x2: 1 2 3 nan"},
      {"id,delay,age\r\n\"a,b\",2,1\r\nc,NaN,3", "X2x2: 1 2 3 nan"},
      {"age\n 1e3 \n+5\n", "X2x2: 1000 nan 5 nan"},
      {"", "The table has no header"},
      {"age,delay\n", "The table has no rows"},
      {"size,delay\n1,2\n", "Missing columns: age; unknown columns: size"},
      {"age,age\n1,2\n", "Column given twice: age"},
      {"age,delay\n1\n", "CSV line 2: 1 fields, but the header has 2"},
      {"age,delay\n,2\n", "Column age must not be missing (row 0)"},
      {"age,delay\n1,2\nx,2\n", "Column age (row 1): expected FP32, got string"},
      {"age,delay\n1e400,2\n", "Column age (row 0): expected FP32, got string"},
  };
  for (const auto& [body, expected] : cases) {
    EXPECT_EQ(ValuesRead([body = body] { return ReadCsv(body, TwoColumns()); }), expected) << body;
  }
}

// A Parquet file of what a SELECT gives.
std::string ParquetOf(const std::string& select) {
  const TempDir folder;
  const std::string file = (folder.path() / "rows.parquet").string();
  analytics::Session session;
  session.Execute("COPY (" + select + ") TO " + analytics::QuoteText(file) + " (FORMAT parquet)");
  return ReadFile(file);
}

std::string ValuesOfParquet(const std::string& body) {
  return ValuesRead([&] { return ReadParquet(body, TwoColumns()); });
}

TEST(TableBody, ParquetGoesByColumnNames) {
  const std::pair<const char*, const char*> cases[] = {
      {"SELECT * FROM (VALUES (2.0, 1, 'x', [1]), (NULL, 3, 'y', [2])) t(delay, age, id, list)",
       "X2x2: 1 2 3 nan"},
      {"SELECT 1::FLOAT AS age, 2::UBIGINT AS delay", "X1x2: 1 2"},
      {"SELECT 1.5::DECIMAL(5,1) AS age", "X1x2: 1.5 nan"},
      {"SELECT 1 AS age WHERE false", "The table has no rows"},
      {"SELECT 1 AS delay", "Missing columns: age"},
      {"SELECT NULL::DOUBLE AS age", "Column age must not be missing (row 0)"},
      {"SELECT 'x' AS age", "Column age (row 0): expected FP32, got string"},
      {"SELECT [1] AS age", "Column age: values of type INTEGER[] are not taken"},
      {"SELECT true AS age", "Column age (row 0): expected FP32, got boolean"},
  };
  for (const auto& [select, expected] : cases) {
    EXPECT_EQ(ValuesOfParquet(ParquetOf(select)), expected) << select;
  }
}

TEST(TableBody, ParquetHasManyRowGroups) {
  const std::string values =
      ValuesOfParquet(ParquetOf("SELECT i AS age, -i AS delay FROM range(10000) t(i)"));
  EXPECT_EQ(values.substr(0, 22), "X10000x2: 0 0 1 -1 2 -");
  EXPECT_EQ(values.substr(values.size() - 11), " 9999 -9999");
}

TEST(TableBody, BrokenParquetIsRefusedWithoutOurPaths) {
  std::string body = ParquetOf("SELECT i AS age FROM range(5000) t(i)");
  const std::string refusal = "The body is not a Parquet file that can be read";
  EXPECT_EQ(ValuesOfParquet(""), refusal);
  EXPECT_EQ(ValuesOfParquet("PAR1PAR1"), refusal);
  EXPECT_EQ(ValuesOfParquet(body.substr(0, body.size() / 2)), refusal);
}

}  // namespace
}  // namespace millwright::api::scoring

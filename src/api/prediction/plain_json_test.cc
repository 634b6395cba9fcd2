#include "api/prediction/plain_json.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "api/kserve/infer_body.h"
#include "api/kserve/plain_infer_body.h"
#include "api/scoring/invocation.h"
#include "api/tfserving/predict_body.h"
#include "base/error.h"

namespace millwright::api::prediction {
namespace {

using inference::DataType;
using inference::Signature;
using inference::Tensor;

Signature Matrix() {
  return {.inputs = {{.name = "X", .type = DataType::kFp32, .shape = {-1, 3}}}};
}

Signature Named() {
  Signature named = Matrix();
  named.columns = {{.name = "a"}, {.name = "b", .optional = true}, {.name = "c"}};
  return named;
}

Signature Doubles() {
  return {.inputs = {{.name = "X", .type = DataType::kFp64, .shape = {-1}}}};
}

// Tensors to the last bit, or an error, as a text.
std::string Describe(const std::vector<Tensor>& tensors) {
  std::string text;
  for (const Tensor& tensor : tensors) {
    text += tensor.name + " " + std::string(inference::DataTypeName(tensor.type));
    for (const int64_t size : tensor.shape) text += " " + std::to_string(size);
    text += ":";
    for (const char byte : tensor.data) text += std::to_string(static_cast<uint8_t>(byte)) + " ";
    for (const std::string& one : tensor.strings) text += "'" + one + "' ";
    text += "\n";
  }
  return text;
}

template <typename Read>
std::string Outcome(Read&& read) {
  try {
    return read();
  } catch (const Error& error) {
    return "error in " + error.field() + ": " + error.message();
  }
}

// Puts a field before the end of an object that the walk passes over, but for which nothing is read
// as PlainJson.
std::string WithField(std::string body, std::string_view field) {
  const size_t end = body.rfind('}');
  if (end == std::string::npos) return body;
  const bool is_empty = body.find('"') == std::string::npos;
  return body.insert(end, (is_empty ? "" : ",") + std::string(field));
}

std::string Infer(std::string body, size_t raw_bytes = 0) {
  return Outcome([&] {
    const auto read = kserve::ReadInferBody(&body, body.size() - raw_bytes);
    std::string text = Describe(read.inputs) + read.id.value_or("-");
    text += read.encoding == kserve::Encoding::kBinary ? " binary" : " json";
    for (const auto& output : read.outputs) {
      text += " " + output.name;
      text += output.encoding == kserve::Encoding::kBinary ? " binary" : " json";
    }
    return text;
  });
}

std::string Invoke(std::string body, const Signature& signature) {
  return Outcome([&] { return Describe(scoring::ReadInvocation(&body, signature).inputs); });
}

std::string Predict(std::string body, const Signature& signature) {
  return Outcome([&] {
    const auto read = tfserving::ReadPredictBody(&body, signature);
    return Describe(read.inputs) + (read.format == tfserving::Format::kRow ? "rows" : "columns");
  });
}

void ExpectSameInfer(const std::string& body) {
  EXPECT_EQ(Infer(body), Infer(WithField(body, R"("model_name":"m")"))) << body;
}

void ExpectSameTables(const std::string& body) {
  for (const Signature& signature : {Matrix(), Named(), Doubles()}) {
    const std::string walked = Invoke(WithField(body, R"("params":null)"), signature);
    EXPECT_EQ(Invoke(body, signature), walked) << body;
    EXPECT_EQ(Predict(body, signature), Predict(WithField(body, R"("other":[])"), signature))
        << body;
  }
}

std::string Input(std::string_view shape, std::string_view data, std::string_view type = "FP32") {
  return fmt::format(
      R"({{"inputs": [{{"name": "X", "shape": {}, "datatype": "{}", "data": {}}}]}})", shape, type,
      data);
}

TEST(PlainJson, ReadsRequestsAsProgramsWriteThem) {
  const std::string bodies[] = {
      Input("[2, 3]", "[1, 2.5, -3e2, null, 0.1, 12345678.5]"),
      Input("[2,3]", "[[1,2,3],[4,5,6]]"),
      Input("[1,2,2]", "[[[1,2],[3,4]]]", "FP64"),
      Input("[1]", "[0.30000000000000004]", "FP64"),
      Input("[]", "[7]"),
      "\n{ \"id\" : \"\" ,\r\n\"outputs\":[{\"name\":\"a\",\"parameters\":{\"binary_data\":true}},"
      "{\"name\":\"b\"}], \"parameters\":{\"binary_data_output\":false}, \"inputs\":[]\t} ",
  };
  for (const std::string& body : bodies) {
    EXPECT_TRUE(kserve::ReadPlainInferBody(body, "")) << body;
    ExpectSameInfer(body);
  }
}

TEST(PlainJson, ReadsRawTensors) {
  const std::string head =
      R"({"inputs":[{"name":"X","shape":[1,2],"datatype":"FP32",)"
      R"("parameters":{"binary_data_size":8}}],"parameters":{"binary_data_output":true}})";
  const std::string raw("\0\0\x80\x3f\0\0\0\x40", 8);
  EXPECT_TRUE(kserve::ReadPlainInferBody(head, raw));
  EXPECT_EQ(Infer(head + raw, 8), "X FP32 1 2:0 0 128 63 0 0 0 64 \n- binary");
  for (const size_t bytes : {0, 4, 7}) {
    const std::string walked = WithField(head, R"("model_name":"m")") + raw.substr(0, bytes);
    EXPECT_EQ(Infer(head + raw.substr(0, bytes), bytes), Infer(walked, bytes));
  }
  EXPECT_EQ(Infer(head + raw + "x", 9), "error in : 1 raw bytes belong to no input");
  // What follows the JSON is none of it, whatever it looks like.
  EXPECT_NE(Infer(R"({"inputs":[{"name":"X","shape":[1],"datatype":"FP32","data":[1)"
                  "23]}]}",
                  6)
                .find("error"),
            std::string::npos);
}

TEST(PlainJson, ReadsOddRequestsAsTheWalkDoes) {
  const std::string lists[] = {
      "[1,2,3]",
      "[[1,2,3]]",
      "[[1,2],[3]]",
      "[[1,2,3],[4,5,6]]",
      "[[1,2,3],[4,5,6],[7,8]]",
      "[[[1,2,3]]]",
      "[[1,2,3],4]",
      "[1,[2,3]]",
      "[]",
      "[[]]",
      "[[],[]]",
      "[[1,2,3],[]]",
      "[1,2,]",
      "[1 2 3]",
      "[1,2,3]]",
      "[01,2,3]",
      "[+1,2,3]",
      "[1.,2,3]",
      "[.5,2,3]",
      "[-,2,3]",
      "[-0,-0.0,-0e5]",
      "[1e400,2,3]",
      "[-1e400,2,3]",
      "[3.5e38,2,3]",
      "[3.4028235e38,1e-46,1e-400]",
      "[NaN,2,3]",
      "[nan,2,3]",
      "[Infinity,-Infinity,3]",
      "[inf,2,3]",
      "[null,null,3]",
      "[nulL,2,3]",
      "[\"NaN\",2,3]",
      "[\"Infinity\",2,3]",
      "[\"1\",2,3]",
      "[true,2,3]",
      "[{},2,3]",
      "[{\"b64\":\"AA==\"},2,3]",
      "[16777217,9007199254740993,18446744073709551615]",
      "[18446744073709551616,123456789012345678901234567890,-9223372036854775809]",
      "[0.1234567890123456789012345678901234567890,1.00000005960464477539062500000001,3]",
      "[1.0000000596046448,1.00000005960464478,1.000000059604644775390625]",
      "[12345678,123456789,1234567890123456]",
      "[1234567.8,12345678.9,123456789012345.6]",
      "[0.12345678,0.123456789,0.12345678901234]",
      "[00.5,0.5.5,1.2e]",
      "[1e5,1E+5,1e-05]",
      "[ 1 , 2\t,\r\n3 ]",
      "[1,2,3\x0c]",
      "[1,2,3,4,5,6,7,8,9]",
      "7",
      "\"text\"",
      "{\"X\":[[1,2,3]]}",
      "{\"a\":[1],\"b\":[2],\"c\":[3]}",
      "[{\"a\":1,\"b\":2,\"c\":3}]",
      "[{\"a\":1,\"b\":null,\"c\":3},{\"a\":4,\"b\":5,\"c\":6}]",
      "[{\"a\":1,\"b\":2,\"c\":3},{\"c\":6,\"b\":5,\"a\":4}]",
      "[{\"a\":1,\"b\":2,\"c\":3},{\"a\":4,\"b\":5}]",
      "[{\"a\":1,\"b\":2,\"c\":3},{\"a\":4,\"b\":5,\"c\":6,\"d\":7}]",
      "[{\"a\":1,\"c\":3}]",
      "[{\"b\":1,\"c\":3}]",
      "[{\"a\":null,\"b\":2,\"c\":3}]",
      "[{\"a\":1,\"a\":2,\"b\":2,\"c\":3}]",
      "[{\"x\":9,\"a\":1,\"b\":2,\"c\":3}]",
      "[{\"x\":\"t\",\"a\":1,\"b\":2,\"c\":3}]",
      "[{\"c\":1e39,\"b\":2,\"a\":3}]",
      "[{\"\\u0061\":1,\"b\":2,\"c\":3}]",
      "[{\"\xc3\xa4\":1,\"b\":2,\"c\":3}]",
      "[{}]",
      "[1,2,3\xff]",
  };
  for (const std::string& list : lists) {
    for (const char* shape : {"[3]", "[1,3]", "[2,3]", "[1,1,3]", "[]", "[0]", "[2,0]", "[-1,3]",
                              "[4294967296,4294967296]", "[1.0,3]", "[1,3,1]"}) {
      for (const char* type : {"FP32", "FP64", "FP16", "INT64", "BYTES", "FP99"}) {
        ExpectSameInfer(Input(shape, list, type));
      }
    }
    for (const char* format : {"instances", "inputs", "dataframe_records"}) {
      ExpectSameTables(fmt::format("{{\"{}\": {}}}", format, list));
    }
    for (const char* columns :
         {R"("columns":["a","b","c"],)", R"("columns":["c","a","b"],"index":[0,1],)",
          R"("columns":["a","c"],)", R"("columns":["a","b","c","d"],)",
          R"("columns":["a","a","c"],)", R"("columns":["b","c"],)", R"("columns":[0,1,2],)",
          R"("columns":[0,1],)", R"("columns":["a\t","b","c"],)", R"("index":["r"],)", ""}) {
      ExpectSameTables(fmt::format("{{\"dataframe_split\": {{{}\"data\": {}}}}}", columns, list));
    }
    ExpectSameTables(
        fmt::format(R"({{"dataframe_split": {{"data": {}, "columns": ["a","b","c"]}}}})", list));
  }
}

TEST(PlainJson, LeavesWhatIsWrongToTheWalk) {
  const std::string good = Input("[3]", "[1,2,3]");
  const std::string bodies[] = {
      "",
      "{",
      "{}",
      "[]",
      "\xef\xbb\xbf" + good,
      good + "x",
      good + "{}",
      good + "\n",
      std::string(good.data(), good.size()) + '\0',
      R"({"inputs":[],"inputs":[]})",
      R"({"inputs":[],"id":"a","id":"b"})",
      R"({"inputs":[],"id":"a\u0062"})",
      R"({"inputs":[],"id":7})",
      R"({"inputs":[],"id":")" + std::string(201, 'x') + R"("})",
      R"({"inputs":[],"unknown":1})",
      R"({"inputs":[],"parameters":{"mine":{"a":[1]}}})",
      R"({"inputs":[],"parameters":{"binary_data_output":1}})",
      R"({"inputs":[],"outputs":[{"name":"a","parameters":{"classification":2}}]})",
      R"({"inputs":[],"outputs":[{"name":""}]})",
      R"({"inputs":[],"outputs":[{"parameters":{}}]})",
      R"({"inputs":[{"name":"X","shape":[1],"datatype":"FP32","data":[1],"data":[2]}]})",
      R"({"inputs":[{"name":"X","name":"Y","shape":[1],"datatype":"FP32","data":[1]}]})",
      R"({"inputs":[{"name":"X","shape":[1],"datatype":"FP32","data":[1],"shape":[2]}]})",
      R"({"inputs":[{"data":[1],"name":"X","shape":[1],"datatype":"FP32"}]})",
      R"({"inputs":[{"name":"X","shape":[1],"datatype":"FP32"}]})",
      R"({"inputs":[{"name":"X","datatype":"FP32","data":[1]}]})",
      R"({"inputs":[{"shape":[1],"datatype":"FP32","data":[1]}]})",
      R"({"inputs":[{"name":"X","shape":[1],"data":[1]}]})",
      R"({"inputs":[{"name":"X","shape":[1],"datatype":"FP32","data":[1],"more":2}]})",
      R"({"inputs":[{"name":"X","shape":[1],"datatype":"FP32","data":[1]},)"
      R"({"name":"X","shape":[1],"datatype":"FP32","data":[1]}]})",
      R"({"inputs":[{"name":"X","shape":[1],"datatype":"FP32","data":[1],)"
      R"("parameters":{"binary_data_size":4}}]})",
      R"({"inputs":[{"name":"X","shape":[1],"datatype":"FP32",)"
      R"("parameters":{"binary_data_size":-4}}]})",
  };
  for (const std::string& body : bodies) ExpectSameInfer(body);
  for (const std::string& body :
       {std::string(R"({"instances":[[1,2,3]],"instances":[[1,2,3]]})"),
        std::string(R"({"instances":[[1,2,3]],"inputs":[[1,2,3]]})"),
        std::string(R"({"signature_name":"other","instances":[[1,2,3]]})"),
        std::string(R"({"instances":[[1,2,3]],"signature_name":7})"),
        std::string(R"({"instances":[[1,2,3]]} {})"), std::string("{}")}) {
    ExpectSameTables(body);
  }
}

// Requests with a character changed here and there are read as the walk reads them.
TEST(PlainJson, AgreesWithTheWalkOnDamagedRequests) {
  const std::string infers[] = {Input("[2, 3]", "[1.5, 2, 3, 44.25, 5e-1, -6]"),
                                Input("[2,3]", "[[1,2,3],[4,5,6.125]]", "FP64")};
  const std::string tables[] = {
      R"({"instances": [[1, 2.5, 3], [4, -5, 6e1]]})",
      R"({"dataframe_split": {"columns": ["b", "a", "c"], "data": [[1, 2.5, 3], [4, null, 6]]}})",
      R"({"dataframe_records": [{"a": 1, "b": 2.5, "c": 3}, {"a": 4, "b": 5, "c": 6}]})"};
  constexpr std::string_view kOthers = "0123456789.,:[]{}\"-+eE \\nulx\x7f\xc3";
  std::mt19937 random(5);
  const auto damaged = [&](std::string body) {
    for (uint32_t changes = 1 + random() % 3; changes > 0; --changes) {
      const size_t at = random() % body.size();
      const char other = kOthers[random() % kOthers.size()];
      if (random() % 3 == 0) {
        body.erase(at, 1);
      } else if (random() % 2 == 0) {
        body.insert(at, 1, other);
      } else {
        body[at] = other;
      }
    }
    return body;
  };
  for (int i = 0; i < 6'000; ++i) {
    const std::string infer = damaged(infers[random() % 2]);
    const auto plain = Outcome([&] {
      const auto read = kserve::ReadPlainInferBody(infer, "");
      return read ? Describe(read->inputs) + read->id.value_or("-") : "none";
    });
    if (plain != "none") {
      const std::string walked = Infer(WithField(infer, R"("model_name":"m")"));
      EXPECT_EQ(walked.substr(0, plain.size()), plain) << infer;
    }
    const std::string table = damaged(tables[random() % 3]);
    const std::string walked = WithField(table, R"("params":null)");
    for (const Signature& signature : {Matrix(), Named()}) {
      const std::string read = Invoke(table, signature);
      if (!read.starts_with("error")) {
        EXPECT_EQ(read, Invoke(walked, signature)) << table;
      }
    }
  }
}

}  // namespace
}  // namespace millwright::api::prediction

#include "serving/warm_up.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "inference/model_package.h"

namespace millwright::serving {
namespace {

using inference::DataType;
using inference::Signature;

Signature OneTensor() {
  return {.inputs = {{.name = "X", .type = DataType::kFp32, .shape = {-1, 2}}}};
}

// The values that an example gives for a model of one tensor of two columns.
std::string ValuesOf(const std::string& example, const Signature& signature = OneTensor()) {
  std::string text;
  for (const auto& tensor : ExampleInputs(ParseJson(example), signature)) {
    text += tensor.name + std::to_string(tensor.shape.at(0)) + ":";
    for (size_t i = 0; i < tensor.element_count(); ++i) {
      text += " " + std::to_string(static_cast<int>(tensor.As<float>()[i]));
    }
  }
  return text;
}

TEST(ExampleInputs, ReadsWhatMlflowSaves) {
  EXPECT_EQ(ValuesOf(R"({"columns":["a","b"],"data":[[1,2],[3,4]]})"), "X2: 1 2 3 4");
  EXPECT_EQ(ValuesOf(R"({"columns":[0,1],"data":[[1,2]]})"), "X1: 1 2");
  EXPECT_EQ(ValuesOf(R"({"data":[[1,2]]})"), "X1: 1 2");
  EXPECT_EQ(ValuesOf(R"({"inputs":[[1,2],[3,4]]})"), "X2: 1 2 3 4");
  Signature named = OneTensor();
  named.columns = {{.name = "a"}, {.name = "b"}};
  EXPECT_EQ(ValuesOf(R"({"columns":["b","id","a"],"data":[[2,"x",1]]})", named), "X1: 1 2");
}

TEST(ExampleInputs, WhatDoesNotFitIsNone) {
  for (const char* example :
       {"null", "[]", "{}", R"({"data":[]})", R"({"data":[[1]]})", R"({"data":[["x",1]]})",
        R"({"columns":["a"],"data":[[1]]})", R"({"inputs":[[1,2],[3]]})", R"({"inputs":["x","y"]})",
        R"({"inputs":{"a":1}})"}) {
    EXPECT_EQ(ValuesOf(example), "") << example;
  }
}

// The gather model fails for an index beyond 9, which only its example can tell.
std::string WhyRefused(const std::string& example) {
  const TempDir folder;
  const std::string model =
      std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/models/gather_out_of_range/model.onnx";
  WriteFileDurably(folder.path() / "model.onnx", ReadFile(model));
  WriteFileDurably(folder.path() / "MLmodel",
                   "flavors:\n  onnx:\n    data: model.onnx\n"
                   "saved_input_example_info:\n  artifact_path: input_example.json\n");
  WriteFileDurably(folder.path() / "input_example.json", example);
  const auto engine = inference::LoadModel(folder.path());
  try {
    WarmUp(folder.path(), *engine);
    return "";
  } catch (const Error& error) {
    return error.message();
  }
}

TEST(WarmUp, RunsTheModelsOwnExample) {
  EXPECT_EQ(WhyRefused(R"({"inputs":[3]})"), "");
  EXPECT_EQ(WhyRefused("nonsense"), "") << "an example that cannot be read is none";
  EXPECT_TRUE(WhyRefused(R"({"inputs":[99]})")
                  .starts_with("the warm-up run with the model's own example failed: "))
      << WhyRefused(R"({"inputs":[99]})");
}

}  // namespace
}  // namespace millwright::serving

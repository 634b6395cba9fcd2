#include "inference/linear_engine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "base/error.h"
#include "inference/linear_graph.h"
#include "inference/onnx_engine.h"
#include "inference/onnx_writer.h"
#include "inference/test_vectors.h"

namespace millwright::inference {
namespace {

using testing::ModelFolder;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> RandomFloats(size_t count, float spread, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> values(-spread, spread);
  std::vector<float> floats(count);
  for (float& value : floats) value = values(random);
  return floats;
}

OnnxNode MlNode(const std::string& op, std::vector<std::string> inputs,
                std::vector<std::string> outputs, std::vector<OnnxAttribute> attributes) {
  return {.op_type = op,
          .domain = "ai.onnx.ml",
          .inputs = std::move(inputs),
          .outputs = std::move(outputs),
          .attributes = std::move(attributes)};
}

OnnxNode Scaler(const std::string& input, const std::string& output, size_t width) {
  return MlNode("Scaler", {input}, {output},
                {{"offset", RandomFloats(width, 20, 1)}, {"scale", RandomFloats(width, 2, 2)}});
}

OnnxNode Imputer(const std::string& input, const std::string& output, std::vector<float> values) {
  return MlNode("Imputer", {input}, {output},
                {{"imputed_value_floats", std::move(values)}, {"replaced_value_float", kNan}});
}

OnnxNode Classifier(const std::string& input, size_t width, size_t classes,
                    const std::string& link) {
  std::vector<int64_t> labels;
  for (size_t i = 0; i < classes; ++i) labels.push_back(static_cast<int64_t>(10 * i));
  return MlNode("LinearClassifier", {input}, {"label", "scores"},
                {{"coefficients", RandomFloats(width * classes, 0.5, 3)},
                 {"intercepts", RandomFloats(classes, 1, 4)},
                 {"classlabels_ints", std::move(labels)},
                 {"post_transform", link}});
}

OnnxModel ClassifierModel(std::vector<OnnxNode> nodes, size_t width, int64_t classes,
                          DataType label = DataType::kInt64) {
  return {.name = "linear",
          .nodes = std::move(nodes),
          .inputs = {{.name = "X", .shape = {-1, static_cast<int64_t>(width)}}},
          .outputs = {{.name = "label", .type = label, .shape = {-1}},
                      {.name = "scores", .shape = {-1, classes}}}};
}

OnnxModel RegressorModel(std::vector<OnnxNode> nodes, size_t width, int64_t targets) {
  return {.name = "linear",
          .nodes = std::move(nodes),
          .inputs = {{.name = "X", .shape = {-1, static_cast<int64_t>(width)}}},
          .outputs = {{.name = "variable", .shape = {-1, targets}}}};
}

OnnxNode Regressor(size_t width, int64_t targets) {
  return MlNode("LinearRegressor", {"X"}, {"variable"},
                {{"coefficients", RandomFloats(width * static_cast<size_t>(targets), 3, 5)},
                 {"intercepts", RandomFloats(static_cast<size_t>(targets), 100, 6)},
                 {"targets", targets}});
}

// A model computed both ways.
class BothWays {
 public:
  explicit BothWays(const OnnxModel& model) : BothWays(SerializeOnnxModel(model)) {}
  explicit BothWays(const std::string& bytes) {
    const auto path = folder_.path() / "model.onnx";
    WriteFileDurably(path, bytes);
    runtime_ = LoadOnnxEngine(path, {});
    auto again = LoadOnnxEngine(path, {});
    const Engine* const given = again.get();
    ours_ = WithLinearModel(path, std::move(again));
    is_computed_here_ = ours_.get() != given;
  }

  bool is_computed_here() const { return is_computed_here_; }

  // Expects the same labels and shapes, and scores within `tolerance`.
  void ExpectSame(std::vector<float> rows, float tolerance = 2e-6F) {
    const int64_t width = runtime_->signature().inputs[0].shape[1];
    const int64_t count = static_cast<int64_t>(rows.size()) / width;
    const std::vector<Tensor> input = {Tensor::OfFloats("X", {count, width}, std::move(rows))};
    const auto expected = runtime_->Run(input);
    const auto given = ours_->Run(input);
    ASSERT_EQ(given.size(), expected.size());
    for (size_t i = 0; i < given.size(); ++i) {
      EXPECT_EQ(given[i].name, expected[i].name);
      EXPECT_EQ(given[i].type, expected[i].type);
      EXPECT_EQ(given[i].shape, expected[i].shape);
      EXPECT_EQ(given[i].strings, expected[i].strings);
      if (given[i].type == DataType::kFp32) {
        EXPECT_LE(testing::LargestDifference(given[i], expected[i]), tolerance);
      } else {
        EXPECT_EQ(given[i].data, expected[i].data);
      }
    }
  }

  Engine& ours() { return *ours_; }

 private:
  const TempDir folder_;
  std::unique_ptr<Engine> runtime_, ours_;
  bool is_computed_here_ = false;
};

TEST(LinearEngine, AnswersAsTheRuntimeDoes) {
  for (const std::string link : {"NONE", "LOGISTIC", "SOFTMAX"}) {
    for (const size_t width : {1, 2, 3, 4, 5, 30, 129}) {
      for (const int64_t classes : {2, 3, 11}) {
        SCOPED_TRACE(link + " " + std::to_string(width) + " " + std::to_string(classes));
        BothWays both(ClassifierModel(
            {Scaler("X", "Z", width), Classifier("Z", width, static_cast<size_t>(classes), link)},
            width, classes));
        EXPECT_TRUE(both.is_computed_here());
        // Scores of 100 and more are as far apart as sums of such terms in float are.
        both.ExpectSame(RandomFloats(width * 100, 30, 7), link == "NONE" ? 2e-3F : 2e-5F);
        both.ExpectSame(RandomFloats(width, 5, 8), link == "NONE" ? 2e-3F : 2e-5F);
      }
    }
  }
}

TEST(LinearEngine, AnswersOfARegressorWithManyTargets) {
  for (const int64_t targets : {1, 4}) {
    BothWays both(RegressorModel({Regressor(17, targets)}, 17, targets));
    EXPECT_TRUE(both.is_computed_here());
    both.ExpectSame(RandomFloats(17 * 64, 10, 9), 1e-3F);
  }
}

TEST(LinearEngine, FillsWhatIsMissingAsAnImputerSays) {
  const size_t width = 6;
  BothWays both(ClassifierModel({Imputer("X", "I", RandomFloats(width, 20, 10)),
                                 Scaler("I", "Z", width), Classifier("Z", width, 2, "LOGISTIC")},
                                width, 2));
  EXPECT_TRUE(both.is_computed_here());
  std::vector<float> rows = RandomFloats(width * 50, 20, 11);
  for (size_t i = 0; i < rows.size(); i += 7) rows[i] = kNan;
  both.ExpectSame(rows);
  BothWays one_value(
      ClassifierModel({Imputer("X", "I", {3}), Classifier("I", width, 3, "SOFTMAX")}, width, 3));
  EXPECT_TRUE(one_value.is_computed_here());
  one_value.ExpectSame(rows);
}

// As skl2onnx closes a classifier.
TEST(LinearEngine, GivesLabelsAndMapsUnderTheirLastNames) {
  OnnxNode classifier = Classifier("X", 4, 3, "SOFTMAX");
  classifier.outputs = {"raw_label", "raw"};
  OnnxModel model = ClassifierModel(
      {classifier, MlNode("Normalizer", {"raw"}, {"scores"}, {{"norm", std::string("L1")}}),
       OnnxNode{.op_type = "Cast",
                .domain = "",
                .inputs = {"raw_label"},
                .outputs = {"label"},
                .attributes = {{"to", int64_t{7}}}}},
      4, 3);
  BothWays tensors(model);
  EXPECT_TRUE(tensors.is_computed_here());
  tensors.ExpectSame(RandomFloats(4 * 20, 5, 12));

  model.nodes.push_back(MlNode("ZipMap", {"scores"}, {"maps"},
                               {{"classlabels_int64s", std::vector<int64_t>{0, 10, 20}}}));
  model.outputs[1] = {.name = "maps", .shape = {1, 1}};
  std::string bytes = SerializeOnnxModel(model);
  // The writer knows tensors alone: FP32 [1,1] takes as many bytes as seq(map(int64, float)).
  const std::string_view tensor("\x0a\x0c\x08\x01\x12\x08\x0a\x02\x08\x01\x0a\x02\x08\x01", 14);
  const std::string_view maps("\x22\x0c\x0a\x0a\x2a\x08\x08\x07\x12\x04\x0a\x02\x08\x01", 14);
  ASSERT_NE(bytes.find(tensor), std::string::npos);
  bytes.replace(bytes.find(tensor), tensor.size(), maps);
  BothWays zipped(bytes);
  EXPECT_TRUE(zipped.is_computed_here());
  zipped.ExpectSame(RandomFloats(4 * 20, 5, 12));
  EXPECT_EQ(zipped.ours().Run({Tensor::OfFloats("X", {1, 4}, {1, 2, 3, 4})}).back().name,
            "maps_keys");
}

TEST(LinearEngine, GivesLabelsThatAreTexts) {
  OnnxNode classifier = Classifier("X", 4, 3, "SOFTMAX");
  classifier.attributes[2] = {"classlabels_strings", std::vector<std::string>{"a", "", "größer"}};
  BothWays both(ClassifierModel({classifier}, 4, 3, DataType::kBytes));
  EXPECT_TRUE(both.is_computed_here());
  both.ExpectSame(RandomFloats(4 * 20, 5, 13));
}

TEST(LinearEngine, LeavesOddNumbersToTheRuntime) {
  BothWays both(ClassifierModel({Scaler("X", "Z", 4), Classifier("Z", 4, 2, "LOGISTIC")}, 4, 2));
  ASSERT_TRUE(both.is_computed_here());
  const float largest = std::numeric_limits<float>::max();
  for (const float odd : {kNan, kInfinity, -kInfinity, largest, -largest, 1e-45F, -0.0F}) {
    SCOPED_TRACE(odd);
    both.ExpectSame({1, 2, 3, 4, 5, odd, 7, 8, 9, 10, 11, 12});
    both.ExpectSame({odd, odd, odd, odd});
  }
  both.ExpectSame({});
}

// Of two classes with the same score the runtime takes the first, and where rounding parts them it
// has its own way of adding up.
TEST(LinearEngine, NamesTheSameClassWhereRoundingDecides) {
  const size_t width = 64;
  OnnxNode classifier = Classifier("X", width, 2, "LOGISTIC");
  std::vector<float> coefficients = RandomFloats(width, 1, 14);
  for (size_t i = 0; i < width; ++i) coefficients.push_back(-coefficients[i]);
  classifier.attributes[0].value = coefficients;
  classifier.attributes[1].value = std::vector<float>{0, 0};
  BothWays both(ClassifierModel({classifier}, width, 2));
  ASSERT_TRUE(both.is_computed_here());
  both.ExpectSame(std::vector<float>(width, 0));
  // The last column brings each row's score as near to 0 as it can.
  std::vector<float> rows = RandomFloats(width * 500, 10, 15);
  for (size_t row = 0; row < 500; ++row) {
    double sum = 0;
    for (size_t i = 0; i + 1 < width; ++i) sum += rows[row * width + i] * coefficients[i];
    rows[row * width + width - 1] = static_cast<float>(-sum / coefficients[width - 1]);
  }
  both.ExpectSame(rows);
  for (size_t row = 0; row < 500; ++row) {
    const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(row * width);
    both.ExpectSame({begin, begin + width});
  }
}

TEST(LinearEngine, RefusesWrongInputsInTheRuntimesWords) {
  BothWays both(ClassifierModel({Classifier("X", 4, 2, "LOGISTIC")}, 4, 2));
  ASSERT_TRUE(both.is_computed_here());
  const auto why = [&both](std::vector<Tensor> inputs) {
    try {
      both.ours().Run(inputs);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("answered");
  };
  EXPECT_EQ(why({}), "Input X: missing; expected FP32 [-1,4]");
  EXPECT_EQ(why({Tensor::OfFloats("Y", {1, 4}, {1, 2, 3, 4})}),
            "Input Y: unknown; the model takes X");
  EXPECT_EQ(why({Tensor::OfFloats("X", {1, 3}, {1, 2, 3})}),
            "Input X: expected FP32 [-1,4], got FP32 [1,3]");
  EXPECT_EQ(why({Tensor::OfFloats("X", {4}, {1, 2, 3, 4})}),
            "Input X: expected FP32 [-1,4], got FP32 [4]");
  EXPECT_NE(why({Tensor::OfFloats("X", {2, 4}, {1, 2, 3, 4})}), "answered");
  EXPECT_EQ(why({Tensor{.name = "X", .type = DataType::kFp64, .shape = {1, 4}}}),
            "Input X: expected FP32, got FP64");
}

TEST(LinearEngine, LeavesOtherModelsToTheRuntime) {
  const auto is_computed_here = [](const OnnxModel& model) {
    return BothWays(model).is_computed_here();
  };
  const OnnxNode classifier = Classifier("X", 4, 2, "LOGISTIC");
  ASSERT_TRUE(is_computed_here(ClassifierModel({classifier}, 4, 2)));

  OnnxNode raw = classifier;
  raw.outputs[1] = "raw";
  const auto normalized = [&raw](const std::string& norm) {
    return ClassifierModel({raw, MlNode("Normalizer", {"raw"}, {"scores"}, {{"norm", norm}})}, 4,
                           2);
  };
  EXPECT_TRUE(is_computed_here(normalized("L1")));
  EXPECT_FALSE(is_computed_here(normalized("L2")));
  EXPECT_FALSE(is_computed_here(normalized("MAX")));

  OnnxModel both_scores = normalized("L1");
  both_scores.outputs.push_back({.name = "raw", .shape = {-1, 2}});
  EXPECT_FALSE(is_computed_here(both_scores));

  OnnxModel one_row = ClassifierModel({classifier}, 4, 2);
  one_row.inputs[0].shape[0] = 1;
  EXPECT_FALSE(is_computed_here(one_row));

  OnnxNode probit = classifier;
  probit.attributes[3].value = std::string("SOFTMAX_ZERO");
  EXPECT_FALSE(is_computed_here(ClassifierModel({probit}, 4, 2)));

  OnnxNode half = Classifier("X", 4, 1, "LOGISTIC");
  half.attributes[2].value = std::vector<int64_t>{0, 1};
  EXPECT_FALSE(is_computed_here(ClassifierModel({half}, 4, 2)));

  const OnnxNode log{.op_type = "Log", .domain = "", .inputs = {"X"}, .outputs = {"L"}};
  EXPECT_FALSE(is_computed_here(ClassifierModel({log, Classifier("L", 4, 2, "LOGISTIC")}, 4, 2)));

  OnnxNode exponents = Regressor(4, 1);
  exponents.outputs = {"E"};
  EXPECT_FALSE(is_computed_here(RegressorModel(
      {exponents, {.op_type = "Exp", .domain = "", .inputs = {"E"}, .outputs = {"variable"}}}, 4,
      1)));
}

TEST(LinearEngine, AgreesWithTheVectorsOfModels) {
  for (const std::string name : {"breast_cancer_lr", "diabetes_ridge"}) {
    const auto path = ModelFolder(name) / "model.onnx";
    EXPECT_TRUE(ReadLinearGraph(ReadFile(path)));
    auto runtime = LoadOnnxEngine(path, {});
    const Engine* const given = runtime.get();
    const auto engine = WithLinearModel(path, std::move(runtime));
    EXPECT_NE(engine.get(), given) << name;
    const Json vectors = testing::Vectors(name);
    const double tolerance = vectors.At("tolerance_abs").AsDouble();
    for (const Json& one : vectors.At("cases").AsArray()) {
      const auto outputs = engine->Run(testing::InputsOf(one));
      const auto& expected = one.At("expected_original").At("outputs").AsArray();
      ASSERT_EQ(outputs.size(), expected.size());
      for (size_t i = 0; i < outputs.size(); ++i) {
        EXPECT_LE(testing::LargestDifference(outputs[i], testing::TensorFromJson(expected[i])),
                  tolerance);
      }
    }
  }
}

// Its coefficients are fewer than its columns, which the runtime finds when it runs: a trial before
// the model is served says so in the runtime's words, and loading it does not.
TEST(LinearEngine, AModelThatFailsAtRunIsLoadedAndLeftToTheRuntime) {
  OnnxNode scaler = Scaler("X", "S", 3);
  OnnxNode regressor = Regressor(3, 1);
  regressor.inputs = {"S"};
  BothWays both(RegressorModel({scaler, regressor}, 4, 1));
  EXPECT_FALSE(both.is_computed_here());
  const std::vector<Tensor> row = {Tensor::OfFloats("X", {1, 4}, {1, 2, 3, 4})};
  try {
    both.ours().Run(row);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInternal) << error.message();
    EXPECT_TRUE(error.message().starts_with("The model failed: ")) << error.message();
  }
}

TEST(LinearEngine, IsNotUsedWhereTheModelSaysHowTheRuntimeRuns) {
  const auto path = ModelFolder("diabetes_ridge") / "model.onnx";
  const std::vector<Tensor> rows = {Tensor::OfFloats("X", {100, 10}, RandomFloats(1000, 100, 16))};
  const auto plain = LoadOnnxEngine(path, {})->Run(rows);
  const auto asked = LoadEngine(path, {.intra_op_threads = 2})->Run(rows);
  EXPECT_EQ(asked[0].data, plain[0].data);
  // Our last bits are others.
  EXPECT_NE(LoadEngine(path)->Run(rows)[0].data, plain[0].data);
}

TEST(LinearGraph, IsNotReadWhereTheFilePromisesWhatItDoesNotHave) {
  OnnxNode node = Regressor(4, 1);
  for (const int64_t targets : {int64_t{0}, int64_t{-1}, int64_t{3}, int64_t{8}, INT64_MAX}) {
    node.attributes[1].value = std::vector<float>();
    node.attributes[2].value = targets;
    EXPECT_FALSE(ReadLinearGraph(SerializeOnnxModel(RegressorModel({node}, 4, 1)))) << targets;
  }
  node.attributes[2].value = int64_t{1};
  EXPECT_TRUE(ReadLinearGraph(SerializeOnnxModel(RegressorModel({node}, 4, 1))));
  node.attributes[1].value = std::vector<float>{1, 2};
  EXPECT_FALSE(ReadLinearGraph(SerializeOnnxModel(RegressorModel({node}, 4, 1))));
  const OnnxNode narrow = Scaler("X", "Z", 3);
  EXPECT_FALSE(ReadLinearGraph(
      SerializeOnnxModel(ClassifierModel({narrow, Classifier("Z", 4, 2, "LOGISTIC")}, 4, 2))));
}

}  // namespace
}  // namespace millwright::inference

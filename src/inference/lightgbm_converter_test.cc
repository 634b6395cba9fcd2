#include "inference/lightgbm_converter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "inference/engine.h"
#include "inference/parity.h"

namespace millwright::inference {
namespace {

// Two features; decision types: 2 none missing, default left; 10 NaN left; 8 NaN right.
std::string Model(const std::string& objective, int classes, const std::string& trees) {
  return fmt::format(
             "tree\nversion=v3\nnum_class={0}\nnum_tree_per_iteration={0}\nlabel_index=0\n"
             "max_feature_idx=1\nobjective={1}\nfeature_names=a b\nfeature_infos=[0:1] [0:1]\n"
             "tree_sizes=1\n\n",
             classes, objective) +
         trees + "end of trees\n\nfeature_importances:\na=1\n";
}

// a <= 0.1 ? (b <= -1.5 ? 1 : 2) : 4
std::string Tree(int index, int a_decision, const std::string& values = "1 4 2") {
  return fmt::format(
      "Tree={}\nnum_leaves=3\nnum_cat=0\nsplit_feature=0 1\nsplit_gain=1 1\nthreshold=0.1 -1.5\n"
      "decision_type={} 2\nleft_child=1 -1\nright_child=-2 -3\nleaf_value={}\nshrinkage=1\n\n",
      index, a_decision, values);
}

std::vector<Tensor> Ask(const std::string& text, std::vector<float> values) {
  const TempDir dir;
  std::ofstream(dir.path() / "model.onnx", std::ios::binary) << ConvertLightgbmToOnnx(text).onnx;
  const auto rows = static_cast<int64_t>(values.size() / 2);
  return LoadEngine(dir.path() / "model.onnx")
      ->Run({Tensor::OfFloats("X", {rows, 2}, std::move(values))});
}

std::vector<float> Floats(const Tensor& tensor) {
  return {tensor.As<float>(), tensor.As<float>() + tensor.element_count()};
}

TEST(LightgbmConverter, GoesLeftUpToAndAtTheThreshold) {
  const std::string model = Model("regression", 1, Tree(0, 2));
  // 0.1F lies above the double 0.1, the next float below it does not.
  const float below = std::nextafter(0.1F, 0.0F);
  EXPECT_EQ(Floats(Ask(model, {below, -1.5F, below, -1.4F, 0.1F, 0, 5, 5})[0]),
            (std::vector<float>{1, 2, 4, 4}));
}

TEST(LightgbmConverter, SendsMissingValuesWhereLightgbmDoes) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  // Where none was missing NaN is 0: left of 0.1, and right of -1.5.
  EXPECT_EQ(Floats(Ask(Model("regression", 1, Tree(0, 2)), {nan, nan})[0])[0], 2);
  EXPECT_EQ(Floats(Ask(Model("regression", 1, Tree(0, 10)), {nan, 0})[0])[0], 2);
  EXPECT_EQ(Floats(Ask(Model("regression", 1, Tree(0, 8)), {nan, 0})[0])[0], 4);
}

TEST(LightgbmEngine, AnswersAsItsTwinDoes) {
  const TempDir dir;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> values = {0.0F, -1.5F, 0.0F, -1.4F, 0.2F, 0, 5, 5, nan, nan, nan, 0};
  const std::string leaves[] = {"1 0 0.5", "0 2 0", "0 -1 3"};
  for (const std::string& text :
       {Model("regression", 1, Tree(0, 2)), Model("poisson", 1, Tree(0, 10)),
        Model("binary sigmoid:2", 1, Tree(0, 8, leaves[0]) + Tree(1, 2, leaves[2])),
        Model("multiclass num_class:3", 3,
              Tree(0, 2, leaves[0]) + Tree(1, 2, leaves[1]) + Tree(2, 2, leaves[2]))}) {
    std::ofstream(dir.path() / "model.txt", std::ios::binary) << text;
    std::ofstream(dir.path() / "model.onnx", std::ios::binary) << ConvertLightgbmToOnnx(text).onnx;
    const auto original = LoadEngine(dir.path() / "model.txt");
    const auto report = Parity(*original, *LoadEngine(dir.path() / "model.onnx"), values, 2);
    EXPECT_EQ(report.row_count, 6U);
    EXPECT_LT(report.max, 1e-5) << text;
    EXPECT_EQ(report.differing, 0U) << text;
  }
  // It counts in double: 0.1F lies above the double 0.1, which itself goes left.
  const auto engine = LoadEngine(dir.path() / "model.txt");
  EXPECT_EQ(engine->signature().inputs[0].type, DataType::kFp64);
}

TEST(LightgbmConverter, GivesProbabilities) {
  const auto binary = Ask(
      Model("binary sigmoid:2", 1, Tree(0, 2, "-1 1 0.5") + Tree(1, 2, "0 1 0")), {0, -2, 1, 0});
  EXPECT_EQ(binary[0].As<int64_t>()[0], 0);
  EXPECT_EQ(binary[0].As<int64_t>()[1], 1);
  EXPECT_NEAR(Floats(binary[1])[1], 1 / (1 + std::exp(2.0)), 1e-6);
  EXPECT_NEAR(Floats(binary[1])[3], 1 / (1 + std::exp(-4.0)), 1e-6);
  const auto several = Ask(Model("multiclass num_class:3", 3,
                                 Tree(0, 2, "1 0 0") + Tree(1, 2, "0 2 0") + Tree(2, 2, "0 0 3")),
                           {1, 0});
  const double sum = 2 + std::exp(2.0);
  EXPECT_EQ(several[0].As<int64_t>()[0], 1);
  EXPECT_NEAR(Floats(several[1])[1], std::exp(2.0) / sum, 1e-6);
}

TEST(LightgbmConverter, AveragesARandomForest) {
  std::string model = Model("regression", 1, Tree(0, 2) + Tree(1, 2, "3 4 2"));
  model.insert(model.find("tree_sizes"), "average_output\n");
  EXPECT_EQ(Floats(Ask(model, {0, -2})[0])[0], 2);
}

TEST(LightgbmConverter, RaisesETo) {
  for (const char* objective : {"poisson", "gamma", "tweedie"}) {
    EXPECT_NEAR(Floats(Ask(Model(objective, 1, Tree(0, 2)), {0, -2})[0])[0], std::exp(1.0), 1e-6)
        << objective;
  }
  EXPECT_EQ(Floats(Ask(Model("lambdarank", 1, Tree(0, 2)), {0, -2})[0])[0], 1);
}

TEST(LightgbmConverter, TakesATreeThatIsOneLeaf) {
  EXPECT_EQ(Floats(Ask(Model("regression", 1, "Tree=0\nnum_leaves=1\nnum_cat=0\nleaf_value=7\n\n"),
                       {0, 0})[0])[0],
            7);
}

std::string WhyRefused(const std::string& text) {
  try {
    ConvertLightgbmToOnnx(text);
    return "";
  } catch (const Error& error) {
    return error.message();
  }
}

TEST(LightgbmConverter, RefusesWhatItCannotConvert) {
  EXPECT_EQ(WhyRefused("hello"), "This is no LightGBM text model");
  EXPECT_EQ(WhyRefused(Model("cross_entropy", 1, Tree(0, 2))),
            "The LightGBM objective cannot be converted: cross_entropy");
  EXPECT_EQ(WhyRefused(Model("regression sqrt", 1, Tree(0, 2))),
            "The LightGBM objective cannot be converted: regression sqrt");
  std::string forest = Model("binary sigmoid:1", 1, Tree(0, 2));
  forest.insert(forest.find("tree_sizes"), "average_output\n");
  EXPECT_EQ(WhyRefused(forest), "");
  forest.replace(forest.find("version=v3"), 10, "version=v2");
  EXPECT_EQ(WhyRefused(forest), "A classifying forest of LightGBM before 2.3 cannot be converted");
  std::string linear = Model("regression", 1, Tree(0, 2));
  linear.insert(linear.find("shrinkage"), "is_linear=1\n");
  EXPECT_EQ(WhyRefused(linear), "Trees with linear leaves cannot be converted to ONNX");
  EXPECT_EQ(WhyRefused(Model("regression", 1, Tree(0, 1))),
            "Categorical splits cannot be converted to ONNX");
  EXPECT_EQ(WhyRefused(Model("regression", 1, Tree(0, 6))),
            "A model that takes zero as missing cannot be converted to ONNX");
  const std::string whole = Model("binary sigmoid:1", 1, Tree(0, 2) + Tree(1, 2));
  for (size_t cut = 0; cut < whole.find("end of trees"); cut += 7) {
    EXPECT_NE(WhyRefused(whole.substr(0, cut)), "") << cut;
  }
  std::string looped = whole;
  looped.replace(looped.find("left_child=1 -1"), 15, "left_child=0 -1");
  EXPECT_EQ(WhyRefused(looped), "A tree of the LightGBM model is none");
}

}  // namespace
}  // namespace millwright::inference

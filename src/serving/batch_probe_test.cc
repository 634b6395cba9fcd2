#include "serving/batch_probe.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"
#include "inference/test_vectors.h"
#include "serving/warm_up.h"

namespace millwright::serving {
namespace {

BatchProbe Probed(const std::string& model) {
  const auto folder = inference::testing::ModelFolder(model);
  const auto engine = inference::LoadEngine(folder / "model.onnx");
  return ProbeBatches(*engine, WarmUp(folder, *engine));
}

TEST(BatchProbe, MeasuresWhatRowsCostAloneAndTogether) {
  const BatchProbe table = Probed("breast_cancer_lr");
  EXPECT_TRUE(table.rows_are_apart);
  EXPECT_LT(table.costs.EstimateUs(kProbeRows), kProbeRows * table.costs.EstimateUs(1));
  EXPECT_TRUE(table.gain.Pays());
}

TEST(BatchProbe, LeavesCostsOpenThatDependOnMoreThanTheRows) {
  const BatchProbe transformer = Probed("spam_transformer");
  EXPECT_TRUE(transformer.rows_are_apart);
  EXPECT_EQ(transformer.costs.EstimateUs(1), CostCurve::kUnknownUs);
}

// silero_vad_v5 holds conditions, in which a model may as well hold loops.
TEST(BatchProbe, ACostIsBoundedWhereTheGraphHoldsNoOther) {
  for (const char* model : {"breast_cancer_lr", "flights_late_xgb", "spam_transformer"}) {
    EXPECT_TRUE(IsBounded(inference::testing::ModelFolder(model) / "model.onnx")) << model;
    EXPECT_TRUE(IsBounded(inference::testing::ModelFolder(model))) << model;
  }
  EXPECT_FALSE(IsBounded(inference::testing::ModelFolder("silero_vad_v5") / "model.onnx"));
  EXPECT_TRUE(IsBounded(inference::testing::ModelFolder("flights_late_xgb") / "model.ubj"));
}

TEST(BatchProbe, GraphsAreFoundInTheGraphAndInFunctions) {
  const TempDir dir;
  // A field of protobuf that holds bytes.
  const auto field = [](int number, const std::string& bytes) {
    const int tag = number << 3 | 2;
    std::string text;
    if (tag > 0x7F) text += static_cast<char>((tag & 0x7F) | 0x80);
    text += static_cast<char>(tag > 0x7F ? tag >> 7 : tag);
    return text + static_cast<char>(bytes.size()) + bytes;
  };
  const auto is_bounded = [&](const std::string& model) {
    const auto path = dir.path() / "model.onnx";
    std::ofstream(path) << model;
    return IsBounded(path);
  };
  const std::string plain = field(5, field(1, "axis"));
  const std::string branch = field(5, field(6, ""));
  const std::string branches = field(5, field(11, ""));
  EXPECT_TRUE(is_bounded(field(7, field(1, plain) + field(1, plain))));
  EXPECT_FALSE(is_bounded(field(7, field(1, plain) + field(1, branch))));
  EXPECT_FALSE(is_bounded(field(7, field(1, branches))));
  EXPECT_TRUE(is_bounded(field(25, field(7, plain)) + field(7, field(1, plain))));
  EXPECT_FALSE(is_bounded(field(25, field(7, branch)) + field(7, field(1, plain))));
}

TEST(BatchProbe, ReadsWhatAModelSaysOfPadding) {
  EXPECT_TRUE(PaddingOf(inference::testing::ModelFolder("breast_cancer_lr")).empty());
}

}  // namespace
}  // namespace millwright::serving

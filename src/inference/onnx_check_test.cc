#include "scan/onnx_check.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "base/error.h"
#include "inference/engine.h"
#include "inference/test_vectors.h"

namespace millwright::inference {
namespace {

using testing::ModelFolder;

std::string WhyRefused(const std::filesystem::path& path) {
  try {
    LoadEngine(path);
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
    return error.message();
  }
}

TEST(OnnxCheck, RefusesEveryBrokenModelWithAReason) {
  const std::map<std::string, std::string> kReasons = {
      {"allocates_4_tib_at_run", "node ConstantOfShape would fill more than 1073741824 elements"},
      {"cycle", "the graph has a cycle"},
      {"dangling_input", "takes nowhere, which nothing makes"},
      {"duplicate_output", "the name Y is made twice"},
      {"empty", "the file is empty"},
      {"external_data_absolute", "outside of the model's folder: /etc/passwd"},
      {"external_data_missing", "external data is missing: weights.bin"},
      {"external_data_parent_folder",
       "outside of the model's folder: ../../../../../../../../etc/passwd"},
      {"git_lfs_pointer", "it is a Git LFS pointer, not the model: run `git lfs pull`"},
      {"huge_declared_tensor", "it announces 4398046511104 bytes and holds 16"},
      {"ir_version_99", "IR version 99 is not supported"},
      {"negative_dims", "tensor W: the dimension -4 is negative"},
      {"overflowing_dims", "tensor W: its dimensions are too large"},
      {"random_bytes", "The model is refused: random_bytes.onnx: "},
      {"text", "it is text, not an ONNX model"},
      {"truncated", "it ends early"},
      {"unknown_domain", "unknown operator domain com.example"},
      {"unknown_operator", "NoSuchOp"},
      {"wrong_opset_99", "operator set ai.onnx version 99 is not supported"},
      {"wrong_type_declared", "Type (tensor(int64)) of output arg (Y)"},
  };
  size_t refused = 0;
  for (const auto& entry : std::filesystem::directory_iterator(ModelFolder("broken"))) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() != ".onnx" || name == "bit_flip") continue;
    const std::string why = WhyRefused(entry.path());
    ASSERT_TRUE(kReasons.contains(name)) << name;
    EXPECT_NE(why.find(kReasons.at(name)), std::string::npos) << name << ": " << why;
    ++refused;
  }
  EXPECT_EQ(refused, kReasons.size());
}

TEST(OnnxCheck, PassesAFlippedBitWhichOnlyAChecksumTells) {
  EXPECT_EQ(WhyRefused(ModelFolder("broken") / "bit_flip.onnx"), "");
  EXPECT_NE(Sha256OfFile(ModelFolder("broken") / "bit_flip.onnx"),
            Sha256OfFile(ModelFolder("wine_rf") / "model.onnx"));
}

TEST(OnnxCheck, PassesSoundModels) {
  for (const char* model : {"breast_cancer_lr", "credit_columns", "diabetes_ridge", "digits_cnn",
                            "digits_mlp", "flights_late_xgb", "gather_out_of_range",
                            "identity_all_types", "image_mean_224", "wine_rf", "wine_rf_zipmap"}) {
    EXPECT_NO_THROW(scan::CheckOnnxFile(ModelFolder(model) / "model.onnx")) << model;
  }
}

TEST(OnnxCheck, CountsNodes) {
  const auto facts = [](const char* model) {
    return scan::CheckOnnxFile(ModelFolder(model) / "model.onnx");
  };
  EXPECT_EQ(facts("flights_late_xgb").node_count, 1U);
  EXPECT_EQ(facts("flights_late_xgb").ml_node_count, 1U);
  EXPECT_EQ(facts("wine_rf_zipmap").node_count, 2U);
  EXPECT_EQ(facts("wine_rf_zipmap").ml_node_count, 2U);
  EXPECT_GT(facts("digits_cnn").node_count, 2U);
  EXPECT_EQ(facts("digits_cnn").ml_node_count, 0U);
  // Those of a graph within a graph are counted as well.
  EXPECT_GT(facts("silero_vad_v5").node_count, 100U);
}

TEST(OnnxCheck, RefusesExternalDataBehindASymbolicLink) {
  const TempDir dir;
  std::filesystem::copy(ModelFolder("broken") / "external_data_missing.onnx",
                        dir.path() / "model.onnx");
  std::filesystem::create_symlink("/etc/passwd", dir.path() / "weights.bin");
  EXPECT_NE(WhyRefused(dir.path() / "model.onnx").find("outside of the model's folder"),
            std::string::npos);
}

// Cuts and flips bytes: the check must answer, never crash or hang. Under the address sanitizer
// this is the fuzzer's short form.
TEST(OnnxCheck, SurvivesMutatedModels) {
  const TempDir dir;
  std::mt19937 random(7);
  size_t passed = 0;
  for (const char* model :
       {"credit_columns", "identity_all_types", "breast_cancer_lr", "gather_out_of_range"}) {
    const std::string original = ReadFile(ModelFolder(model) / "model.onnx");
    for (int round = 0; round < 500; ++round) {
      std::string bytes = original;
      const size_t flips = 1 + random() % 4;
      for (size_t i = 0; i < flips; ++i) {
        bytes[random() % bytes.size()] = static_cast<char>(random());
      }
      if (round % 5 == 0) bytes.resize(random() % bytes.size());
      const auto path = dir.path() / "mutated.onnx";
      std::ofstream(path, std::ios::binary) << bytes;
      try {
        scan::CheckOnnxFile(path);
        ++passed;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::kInvalidArgument);
      }
    }
  }
  EXPECT_LT(passed, 2000U);
}

}  // namespace
}  // namespace millwright::inference

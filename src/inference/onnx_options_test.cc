#include "inference/onnx_options.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "inference/model_package.h"
#include "inference/test_vectors.h"

namespace millwright::inference {
namespace {

std::string WhyRefused(const std::string& options) {
  try {
    OnnxOptionsOf(ParseJson(R"({"onnx_session_options":)" + options + "}"));
    return "";
  } catch (const Error& error) {
    return error.message();
  }
}

TEST(OnnxOptions, AreReadAsMlflowWritesThem) {
  const OnnxOptions options = OnnxOptionsOf(ParseJson(R"({"data":"model.onnx",
    "onnx_session_options":{"intra_op_num_threads":2,"inter_op_num_threads":0,
    "execution_mode":"parallel","graph_optimization_level":1,
    "extra_session_config":{"session.set_denormal_as_zero":"1"}}})"));
  EXPECT_EQ(options.intra_op_threads, 2);
  EXPECT_EQ(options.inter_op_threads, 0);
  EXPECT_TRUE(options.is_parallel);
  EXPECT_EQ(options.optimization, OnnxOptions::Optimization::kBasic);
  EXPECT_EQ(options.entries.at(0).first, "session.set_denormal_as_zero");
  EXPECT_EQ(WhyRefused("null"), "");
  EXPECT_EQ(WhyRefused("{}"), "");
}

TEST(OnnxOptions, WhatIsNotKnownIsRefusedByName) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"threads":1})", "onnx_session_options: unknown option: threads"},
      {R"({"intra_op_num_threads":257})",
       "onnx_session_options: intra_op_num_threads must be 0 to 256: 257"},
      {R"({"intra_op_num_threads":-1})",
       "onnx_session_options: intra_op_num_threads must be 0 to 256: -1"},
      {R"({"execution_mode":"fast"})",
       "onnx_session_options: execution_mode is sequential or parallel: fast"},
      {R"({"graph_optimization_level":3})",
       "onnx_session_options: graph_optimization_level is 0, 1, 2 or 99: 3"},
      {R"({"extra_session_config":{"ep.context_file_path":"/etc/passwd"}})",
       "onnx_session_options: the entry ep.context_file_path cannot be set"},
  };
  for (const auto& [options, message] : cases) EXPECT_EQ(WhyRefused(options), message);
}

// A folder with the breast cancer model and these session options.
std::vector<Tensor> OutputsWith(const std::string& options) {
  const TempDir folder;
  WriteFileDurably(folder.path() / "model.onnx",
                   ReadFile(testing::ModelFolder("breast_cancer_lr") / "model.onnx"));
  WriteFileDurably(folder.path() / "MLmodel",
                   "flavors:\n  onnx:\n    data: model.onnx\n" + options);
  return LoadModel(folder.path())
      ->Run({Tensor::OfFloats("X", {2, 30}, std::vector<float>(60, 1.0F))});
}

TEST(OnnxOptions, OfAPackageReachTheSession) {
  const auto plain = OutputsWith("");
  const auto tuned = OutputsWith(
      "    onnx_session_options:\n      intra_op_num_threads: 2\n      execution_mode: parallel\n"
      "      graph_optimization_level: 0\n      extra_session_config:\n"
      "        session.disable_prepacking: '1'\n");
  ASSERT_EQ(plain.size(), tuned.size());
  for (size_t i = 0; i < plain[1].element_count(); ++i) {
    EXPECT_NEAR(plain[1].As<float>()[i], tuned[1].As<float>()[i], 1e-6);
  }
  EXPECT_THROW(OutputsWith("    onnx_session_options:\n      graph_optimization_level: 7\n"),
               Error);
}

}  // namespace
}  // namespace millwright::inference

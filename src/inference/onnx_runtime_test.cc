#include "inference/onnx_runtime.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "inference/engine.h"
#include "inference/test_vectors.h"

namespace millwright::inference {
namespace {

// Telemetry of 1.30 keeps open, for the life of the process, a database of what waits to be sent
// (onnxruntime.db under the user's cache) and a debug log (mat-debug-PID.log): seen when the
// variable is not set.
TEST(OnnxRuntime, StartsWithoutTelemetry) {
  const auto engine = LoadEngine(testing::ModelFolder("breast_cancer_lr") / "model.onnx");
  engine->Run({Tensor::OfFloats("X", {1, 30}, std::vector<float>(30))});
  EXPECT_STREQ(std::getenv("ORT_DISABLE_TELEMETRY"), "1");
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(entry.path(), error).string();
    EXPECT_EQ(target.find("onnxruntime.db"), std::string::npos) << target;
    EXPECT_EQ(target.find("mat-debug"), std::string::npos) << target;
  }
}

TEST(OnnxRuntime, TellsItsVersion) {
  EXPECT_TRUE(GetOnnxRuntime().version.starts_with("1.")) << GetOnnxRuntime().version;
}

}  // namespace
}  // namespace millwright::inference

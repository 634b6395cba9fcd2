// Measures what Engine::Run costs in process, one thread, batch 1 and 64: the floor under serving.
// Usage: run_latency MODEL_FILE… ; prints p50 and p99 in microseconds for each model and batch, of
// an ONNX model those of ONNX Runtime alone as well, which linear models do not need.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "base/error.h"
#include "inference/engine.h"
#include "inference/onnx_engine.h"

namespace millwright::inference {
namespace {

constexpr int kWarmUpRuns = 500;
constexpr int kRuns = 10'000;

Tensor MakeInput(const TensorSpec& spec, int64_t batch) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> values(0, 10);
  std::vector<int64_t> shape = spec.shape;
  for (int64_t& size : shape) size = size < 0 ? batch : size;
  Tensor tensor{.name = spec.name, .type = spec.type, .shape = shape};
  if (spec.type == DataType::kFp32) {
    std::vector<float> data(tensor.element_count());
    for (float& value : data) value = values(random);
    return Tensor::OfFloats(spec.name, shape, std::move(data));
  }
  if (spec.type == DataType::kBytes) tensor.strings.resize(tensor.element_count());
  tensor.data.resize(tensor.element_count() * DataTypeBytes(spec.type));
  return tensor;
}

void Measure(const std::string& what, Engine* engine, int64_t batch) {
  using Clock = std::chrono::steady_clock;
  std::vector<Tensor> inputs;
  for (const TensorSpec& spec : engine->signature().inputs) {
    inputs.push_back(MakeInput(spec, batch));
  }
  for (int i = 0; i < kWarmUpRuns; ++i) engine->Run(inputs);
  std::vector<double> micros(kRuns);
  for (double& one : micros) {
    const auto begin = Clock::now();
    engine->Run(inputs);
    one = std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
  }
  std::sort(micros.begin(), micros.end());
  fmt::print("{} batch {}: p50 {:.2f} us, p99 {:.2f} us\n", what, batch, micros[kRuns / 2],
             micros[kRuns * 99 / 100]);
}

void Measure(const std::filesystem::path& path) {
  const auto engine = LoadEngine(path);
  const auto runtime = path.extension() == ".onnx" ? LoadOnnxEngine(path, {}) : nullptr;
  for (const int64_t batch : {1, 64}) {
    Measure(path.string(), engine.get(), batch);
    if (runtime != nullptr) Measure(path.string() + " by the runtime", runtime.get(), batch);
  }
}

}  // namespace
}  // namespace millwright::inference

int main(int argc, char** argv) {
  try {
    for (int i = 1; i < argc; ++i) millwright::inference::Measure(argv[i]);
  } catch (const millwright::Error& error) {
    fmt::print(stderr, "{}\n", error.message());
    return 1;
  }
}

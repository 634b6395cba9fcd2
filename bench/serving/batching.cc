// Measures what running the rows of many callers together brings, without a protocol: 1 and 64
// requests of one row under way at a time, with the batcher off, as measured (auto) and always on.
//
//   batching MODELS_FOLDER [SECONDS]
#include <fmt/core.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdlib>
#include <semaphore>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "serving/model_server.h"

namespace millwright::serving {
namespace {

constexpr const char* kModels[] = {"breast_cancer_lr", "digits_cnn", "fashion_cnn",
                                   "spam_transformer"};
constexpr int kThreads = 2;
constexpr int kUnderWay[] = {1, 64};

struct ModeRow {
  const char* name;
  Batching batching;
};
constexpr ModeRow kModes[] = {
    {"off", Batching::kOff}, {"auto", Batching::kAuto}, {"on", Batching::kOn}};

// The first row of the model's first test vector.
std::vector<inference::Tensor> OneRow(const std::filesystem::path& folder) {
  const Json vectors = ParseJson(ReadFile(folder / "vectors.json"));
  const Json& request = vectors.At("cases").AsArray()[0].At("request");
  std::vector<inference::Tensor> inputs;
  for (const Json& given : request.At("inputs").AsArray()) {
    inference::Tensor tensor{.name = given.GetString("name"),
                             .type = *inference::ParseDataType(given.GetString("datatype"))};
    for (const Json& size : given.At("shape").AsArray()) tensor.shape.push_back(size.AsInt());
    tensor.shape[0] = 1;
    const auto& data = given.At("data").AsArray();
    tensor.data.resize(tensor.element_count() * inference::DataTypeBytes(tensor.type));
    for (size_t i = 0; i < tensor.element_count(); ++i) {
      if (tensor.type == inference::DataType::kInt64) {
        tensor.As<int64_t>()[i] = data[i].AsInt();
      } else {
        tensor.As<float>()[i] = static_cast<float>(data[i].AsDouble());
      }
    }
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

double CpuUs() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

void Measure(const std::filesystem::path& folder, const ModeRow& mode, int under_way,
             double seconds) {
  const std::string model = folder.filename();
  ModelServer server({{model, "1", folder}}, {}, {.batching = mode.batching, .threads = kThreads});
  const auto inputs = OneRow(folder);
  std::counting_semaphore<> room(under_way);
  int64_t rows = 0;
  const double cpu_us = CpuUs();
  const int64_t start_us = MonotonicUs();
  const int64_t end_us = start_us + static_cast<int64_t>(seconds * 1e6);
  for (; MonotonicUs() < end_us; ++rows) {
    room.acquire();
    server.Infer({.model = model, .id = "id", .inputs = inputs},
                 [&](const Result<InferAnswer>&) { room.release(); });
  }
  for (int i = 0; i < under_way; ++i) room.acquire();
  const auto wall_us = static_cast<double>(MonotonicUs() - start_us);
  const auto batches = server.Statistics()[0].batches;
  int64_t runs = 0;
  for (const auto& size : batches.sizes) runs += size.runs;
  const auto count = static_cast<double>(rows);
  fmt::print("| {} | {} | {} | {:.0f} | {:.1f} | {:.1f} | {} | {} | {} |\n", model, under_way,
             mode.name, count / wall_us * 1e6, (CpuUs() - cpu_us) / count,
             count / static_cast<double>(std::max<int64_t>(runs, 1)), batches.ends[0],
             batches.ends[1], batches.ends[2]);
}

}  // namespace
}  // namespace millwright::serving

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: batching MODELS_FOLDER [SECONDS]\n");
    return 2;
  }
  const double seconds = argc > 2 ? std::strtod(argv[2], nullptr) : 1;
  fmt::print(
      "| model | under way | batching | rows/s | CPU us a row | rows a run | full | timeout | idle "
      "|\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
  try {
    using namespace millwright::serving;
    for (const char* model : kModels) {
      for (const int under_way : kUnderWay) {
        for (const auto& mode : kModes) {
          Measure(std::filesystem::path(argv[1]) / model, mode, under_way, seconds);
        }
      }
    }
  } catch (const millwright::Error& error) {
    fmt::print(stderr, "{}\n", error.message());
    return 1;
  }
}

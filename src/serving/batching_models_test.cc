// The real models of tests/data/models behind the batcher: whatever is run together, each caller
// has the answer that it would have had alone.
#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <thread>

#include "base/error.h"
#include "inference/test_vectors.h"
#include "serving/model_server.h"

namespace millwright::serving {
namespace {

using inference::Tensor;
namespace vectors = inference::testing;

constexpr int kCallers = 8;
constexpr int kRounds = 4;

struct Case {
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;  // of the engine alone
};

std::vector<Case> CasesOf(const std::string& model) {
  const auto engine = inference::LoadEngine(vectors::ModelFolder(model) / "model.onnx");
  std::vector<Case> cases;
  const Json all = vectors::Vectors(model);
  for (const Json& one : all.At("cases").AsArray()) {
    auto inputs = vectors::InputsOf(one);
    auto outputs = engine->Run(inputs);
    cases.push_back({std::move(inputs), std::move(outputs)});
  }
  return cases;
}

std::vector<std::string> ModelsWithVectors() {
  std::vector<std::string> models;
  for (const auto& entry : std::filesystem::directory_iterator(vectors::ModelFolder(""))) {
    if (std::filesystem::exists(entry.path() / "vectors.json") &&
        std::filesystem::exists(entry.path() / "model.onnx")) {
      models.push_back(entry.path().filename().string());
    }
  }
  return models;
}

std::future<Result<InferAnswer>> Ask(ModelServer& server, const std::string& model,
                                     const std::vector<Tensor>& inputs) {
  const auto promise = std::make_shared<std::promise<Result<InferAnswer>>>();
  auto future = promise->get_future();
  server.Infer({.model = model, .id = "id", .inputs = inputs},
               [promise](const Result<InferAnswer>& answer) { promise->set_value(answer); });
  return future;
}

void ExpectAlike(const std::vector<Tensor>& actual, const std::vector<Tensor>& expected,
                 double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    EXPECT_EQ(actual[i].name, expected[i].name);
    ASSERT_EQ(actual[i].shape, expected[i].shape);
    if (vectors::IsFloat(actual[i].type)) {
      EXPECT_LE(vectors::LargestDifference(actual[i], expected[i]), tolerance);
    } else {
      EXPECT_EQ(actual[i].data, expected[i].data);
      EXPECT_EQ(actual[i].strings, expected[i].strings);
    }
  }
}

int64_t RunsOf(ModelServer& server) {
  int64_t runs = 0;
  for (const auto& one : server.Statistics()) {
    for (const auto& size : one.batches.sizes) runs += size.runs;
  }
  return runs;
}

TEST(BatchingModels, EachCallerHasTheAnswerThatItWouldHaveAlone) {
  for (const std::string& model : ModelsWithVectors()) {
    SCOPED_TRACE(model);
    const auto cases = CasesOf(model);
    const double tolerance = vectors::Vectors(model).At("tolerance_abs").AsDouble();
    ModelServer server({{model, "1", vectors::ModelFolder(model)}}, {},
                       {.batching = Batching::kOn, .threads = 2});
    std::latch start(kCallers);
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < kCallers; ++caller) {
      callers.emplace_back([&, caller] {
        start.arrive_and_wait();
        std::vector<std::pair<size_t, std::future<Result<InferAnswer>>>> asked;
        for (size_t i = 0; i < kRounds * cases.size(); ++i) {
          const size_t which = (i + static_cast<size_t>(caller)) % cases.size();
          asked.emplace_back(which, Ask(server, model, cases[which].inputs));
        }
        for (auto& [which, future] : asked) {
          const auto answer = future.get();
          ASSERT_TRUE(answer) << answer.error().message();
          ExpectAlike(answer->outputs, cases[which].outputs, tolerance);
        }
      });
    }
    callers.clear();
    EXPECT_LE(RunsOf(server), static_cast<int64_t>(kCallers * kRounds * cases.size()));
  }
}

// A model that was measured to gain, driven without a protocol's cost.
TEST(BatchingModels, ManyCallersOfATableModelShareRuns) {
  const std::string model = "breast_cancer_lr";
  const auto cases = CasesOf(model);
  ModelServer server({{model, "1", vectors::ModelFolder(model)}}, {},
                     {.batching = Batching::kOn, .threads = 1});
  std::vector<std::future<Result<InferAnswer>>> asked;
  constexpr int kRequests = 512;
  for (int i = 0; i < kRequests; ++i) asked.push_back(Ask(server, model, cases[0].inputs));
  for (auto& future : asked) ASSERT_TRUE(future.get());
  EXPECT_LT(RunsOf(server), kRequests);
}

// Of a batch in which one index is out of range, the others have their answers.
TEST(BatchingModels, AFailureOfTheModelStaysWithItsRequest) {
  ModelServer server({{"gather", "1", vectors::ModelFolder("gather_out_of_range")}}, {},
                     {.batching = Batching::kOn, .threads = 1});
  const auto& spec = server.Describe("gather", "")->signature.inputs[0];
  std::vector<std::future<Result<InferAnswer>>> asked;
  for (int64_t i = 0; i < 60; ++i) {
    Tensor index{.name = spec.name, .type = spec.type, .shape = {1}};
    vectors::Put<int64_t>(&index, i % 6 == 5 ? 99 : i % 6);
    asked.push_back(Ask(server, "gather", {index}));
  }
  for (size_t i = 0; i < asked.size(); ++i) {
    EXPECT_EQ(asked[i].get().has_value(), i % 6 != 5) << i;
  }
}

}  // namespace
}  // namespace millwright::serving

#include "serving/model_server.h"

#include <gtest/gtest.h>

#include <future>

#include "base/error.h"

namespace millwright::serving {
namespace {

std::string Model(const std::string& name) {
  return std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/models/" + name;
}

std::string MessageOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

Result<InferAnswer> Ask(ModelServer& server, InferRequest request) {
  const auto promise = std::make_shared<std::promise<Result<InferAnswer>>>();
  auto future = promise->get_future();
  server.Infer(std::move(request),
               [promise](const Result<InferAnswer>& answer) { promise->set_value(answer); });
  return future.get();
}

TEST(ModelSource, IsANameAPerhapsAVersionAndAPath) {
  const ModelSource plain = ParseModelSource("m=/a=b");
  EXPECT_EQ(plain.name, "m");
  EXPECT_EQ(plain.version, "1");
  EXPECT_EQ(plain.path, "/a=b");
  EXPECT_EQ(ParseModelSource("m@12=x").version, "12");
  for (const char* text : {"", "m", "m=", "=x", "@1=x", "m@=x"}) {
    EXPECT_EQ(MessageOf([&] { ParseModelSource(text); }),
              std::string("A model is given as NAME=PATH or NAME@VERSION=PATH: ") + text);
  }
}

TEST(ModelServer, TheLastVersionAnswersWhoNamesNone) {
  const ModelServer server({{"m", "1", Model("breast_cancer_lr")},
                            {"m", "2", Model("breast_cancer_lr") + "/model.onnx"}});
  EXPECT_EQ(server.Models(), (std::vector<std::string>{"m"}));
  EXPECT_EQ(server.Describe("m", "")->version, "2");
  EXPECT_EQ(server.Describe("m", "1")->versions, (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(MessageOf([&] { server.Describe("m", "3"); }), "Model version not found: m@3");
  EXPECT_EQ(MessageOf([&] { server.Describe("n", ""); }), "Model not found: n");
}

TEST(ModelServer, ServesBoostersToo) {
  const ModelServer server({{"flights", "1", Model("flights_late_xgb") + "/model.ubj"}});
  EXPECT_EQ(server.Describe("flights", "")->platform, "xgboost");
}

TEST(ModelServer, RefusesWhatCannotBeLoaded) {
  EXPECT_TRUE(MessageOf([] {
                ModelServer({{"bad", "1", Model("broken/truncated.onnx")}});
              }).starts_with("Model bad: "));
  EXPECT_TRUE(MessageOf([] {
                ModelServer({{"gone", "1", "/nonexistent"}});
              }).starts_with("Model gone: "));
  EXPECT_EQ(
      MessageOf([] {
        ModelServer({{"m", "1", Model("breast_cancer_lr")}, {"m", "1", Model("breast_cancer_lr")}});
      }),
      "Model version already exists: m@1");
}

TEST(ModelServer, AnErrorOfTheModelIsAResult) {
  ModelServer server({{"gather", "1", Model("gather_out_of_range")}});
  const auto& spec = server.Describe("gather", "")->signature.inputs[0];
  inference::Tensor index{.name = spec.name, .type = spec.type, .shape = {1}};
  ASSERT_EQ(spec.type, inference::DataType::kInt64);
  index.data.resize(8);
  *index.As<int64_t>() = 99;
  const auto result = Ask(server, {.model = "gather", .id = "id", .inputs = {index}});
  ASSERT_FALSE(result);
  EXPECT_FALSE(result.error().message().empty());
}

}  // namespace
}  // namespace millwright::serving

#include "api/prometheus/serving_metrics.h"

#include <gtest/gtest.h>

#include <future>

#include "base/error.h"
#include "serving/model_server.h"

namespace millwright::api::prometheus {
namespace {

serving::InferRequest Rows(const std::string& model, int64_t rows) {
  return {.model = model,
          .version = "",
          .id = "id",
          .caller = "",
          .event_time_ms = {},
          .inputs = {inference::Tensor::OfFloats(
              "X", {rows, 30}, std::vector<float>(static_cast<size_t>(rows) * 30))},
          .params = {}};
}

// Whether it was answered; by another thread, perhaps.
bool Ask(serving::ModelServer& models, serving::InferRequest request) {
  std::promise<bool> answered;
  models.Infer(std::move(request),
               [&](const auto& answer) { answered.set_value(answer.has_value()); });
  return answered.get_future().get();
}

std::string Value(const std::string& text, const std::string& sample) {
  const size_t at = text.find("\n" + sample + " ");
  if (at == std::string::npos) return "absent";
  const size_t begin = at + sample.size() + 2;
  return text.substr(begin, text.find('\n', begin) - begin);
}

TEST(ServingMetrics, CountByModelAndVersionUnderTheNamesThatTritonHas) {
  const std::string folder = std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/models/";
  serving::ModelServer models(
      {{.name = "cancer", .version = "7", .path = folder + "breast_cancer_lr"}});
  EXPECT_TRUE(Ask(models, Rows("cancer", 2)));
  EXPECT_TRUE(Ask(models, Rows("cancer", 3)));
  auto bad = Rows("cancer", 1);
  bad.inputs.clear();
  EXPECT_FALSE(Ask(models, bad));
  const std::string text = ServingMetrics(models);
  const std::string labels = R"({model="cancer",version="7"})";
  EXPECT_EQ(Value(text, "nv_inference_request_success" + labels), "2");
  EXPECT_EQ(Value(text, "nv_inference_request_failure" + labels), "1");
  EXPECT_EQ(Value(text, "nv_inference_count" + labels), "5");
  EXPECT_EQ(Value(text, "nv_inference_exec_count" + labels), "2");
  EXPECT_EQ(Value(text, "nv_inference_pending_request_count" + labels), "0");
  // Nothing was put together.
  EXPECT_EQ(Value(text, "nv_inference_compute_input_duration_us" + labels), "0");
  EXPECT_EQ(Value(text, "nv_inference_compute_output_duration_us" + labels), "0");
  EXPECT_EQ(Value(text, R"(request_predict_seconds_count{model_name="cancer"})"), "2");
  EXPECT_EQ(Value(text, "millwright_inference_compute_seconds_count" + labels), "2");
  const double request = std::stod(Value(text, "nv_inference_request_duration_us" + labels));
  const double compute = std::stod(Value(text, "nv_inference_compute_infer_duration_us" + labels));
  EXPECT_LE(compute, request);
}

TEST(ServingMetrics, OfNoModelsAreNone) {
  EXPECT_EQ(ServingMetrics(serving::ModelServer({})), "");
}

}  // namespace
}  // namespace millwright::api::prometheus

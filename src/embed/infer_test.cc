#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "embed/millwright_infer.h"
#include "inference/model_package.h"
#include "inference/test_vectors.h"

namespace {

using millwright::inference::Tensor;
using millwright::inference::testing::ModelFolder;

std::string PathOf(const std::string& name) {
  return (ModelFolder(name) / "model.onnx").string();
}

class InferTest : public testing::Test {
 protected:
  void Load(const std::string& name) {
    ASSERT_EQ(MW_OK, mw_load(PathOf(name).c_str(), &model_)) << mw_error_message();
  }
  void TearDown() override { mw_free(model_); }

  // Predicts for floats of one input; returns the status.
  mw_status Predict(const mw_tensor& input) {
    mw_result* result = nullptr;
    const mw_status status = mw_predict(model_, &input, 1, &result);
    mw_result_free(result);
    return status;
  }

  mw_model* model_ = nullptr;
};

TEST_F(InferTest, AnswersWhatTheEngineAnswers) {
  Load("breast_cancer_lr");
  std::vector<float> rows(3 * 30);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>(i) / 7;
  const int64_t shape[] = {3, 30};
  const mw_tensor input{"X", MW_FP32, shape, 2, rows.data()};
  mw_result* result = nullptr;
  ASSERT_EQ(MW_OK, mw_predict(model_, &input, 1, &result)) << mw_error_message();
  const auto engine = millwright::inference::LoadModel(PathOf("breast_cancer_lr"));
  const auto expected = engine->Run({Tensor::OfFloats("X", {3, 30}, rows)});
  ASSERT_EQ(expected.size(), mw_result_count(result));
  for (size_t i = 0; i < expected.size(); ++i) {
    const mw_tensor* output = mw_result_at(result, i);
    EXPECT_EQ(expected[i].name, output->name);
    EXPECT_EQ(static_cast<int>(expected[i].type), output->type);
    EXPECT_EQ(expected[i].shape, std::vector<int64_t>(output->shape, output->shape + output->rank));
    EXPECT_EQ(0, std::memcmp(expected[i].data.data(), output->data, expected[i].data.size()));
  }
  EXPECT_EQ(mw_result_at(result, 1), mw_result_named(result, "probabilities"));
  EXPECT_EQ(nullptr, mw_result_named(result, "absent"));
  EXPECT_EQ(nullptr, mw_result_at(result, expected.size()));
  mw_free(model_);
  model_ = nullptr;
  EXPECT_STREQ("label", mw_result_at(result, 0)->name);  // a result outlives its model
  mw_result_free(result);
}

TEST_F(InferTest, TakesAndGivesTexts) {
  Load("credit_columns");
  ASSERT_EQ(13u, mw_input_count(model_));
  const int64_t shape[] = {1, 1};
  const float number = 30;
  const mw_text text{"rent\0", 4};
  std::vector<mw_tensor> inputs;
  for (size_t i = 0; i < mw_input_count(model_); ++i) {
    const mw_spec* spec = mw_input(model_, i);
    const bool is_text = spec->type == MW_BYTES;
    inputs.push_back(
        {spec->name, spec->type, shape, 2,
         is_text ? static_cast<const void*>(&text) : static_cast<const void*>(&number)});
  }
  mw_result* result = nullptr;
  ASSERT_EQ(MW_OK, mw_predict(model_, inputs.data(), inputs.size(), &result)) << mw_error_message();
  mw_result_free(result);
  inputs.pop_back();
  EXPECT_EQ(MW_INVALID_ARGUMENT, mw_predict(model_, inputs.data(), inputs.size(), &result));
}

TEST_F(InferTest, GivesEveryTypeBackUnchanged) {
  Load("identity_all_types");
  EXPECT_EQ(mw_input_count(model_), mw_output_count(model_));
  EXPECT_EQ(nullptr, mw_input(model_, mw_input_count(model_)));
  EXPECT_EQ(nullptr, mw_output(model_, mw_output_count(model_)));
  EXPECT_EQ(nullptr, mw_column_at(model_, 0));
}

TEST_F(InferTest, SaysWhatIsWrong) {
  Load("breast_cancer_lr");
  std::vector<float> row(30);
  const int64_t shape[] = {1, 30};
  const int64_t negative[] = {-1, 30};
  const int64_t huge[] = {std::numeric_limits<int64_t>::max(), 30};
  const int64_t narrow[] = {1, 3};
  const struct {
    mw_tensor input;
    const char* message;
  } kRefused[] = {
      {{nullptr, MW_FP32, shape, 2, row.data()}, "no name"},
      {{"Y", MW_FP32, shape, 2, row.data()}, "Y"},
      {{"X", MW_FP32, shape, 2, nullptr}, "no data"},
      {{"X", MW_FP32, nullptr, 2, row.data()}, "no shape"},
      {{"X", MW_FP32, negative, 2, row.data()}, "negative"},
      {{"X", MW_FP32, huge, 2, row.data()}, "too large"},
      {{"X", MW_FP32, narrow, 2, row.data()}, "expected FP32 [-1,30]"},
      {{"X", MW_FP64, shape, 1, row.data()}, "FP64"},
      {{"X", 99, shape, 2, row.data()}, "unknown type"},
      {{"X", MW_FP32, shape, 1'000'000, row.data()}, "dimensions"},
  };
  for (const auto& refused : kRefused) {
    EXPECT_EQ(MW_INVALID_ARGUMENT, Predict(refused.input)) << refused.message;
    EXPECT_NE(nullptr, std::strstr(mw_error_message(), refused.message)) << mw_error_message();
  }
}

// Every function of the header, with NULL in the place of each pointer.
TEST_F(InferTest, TakesNullForNothing) {
  EXPECT_EQ(0u, mw_input_count(nullptr));
  EXPECT_EQ(0u, mw_output_count(nullptr));
  EXPECT_EQ(0u, mw_column_count(nullptr));
  EXPECT_EQ(nullptr, mw_input(nullptr, 0));
  EXPECT_EQ(nullptr, mw_output(nullptr, 0));
  EXPECT_EQ(nullptr, mw_column_at(nullptr, 0));
  EXPECT_EQ(0u, mw_result_count(nullptr));
  EXPECT_EQ(nullptr, mw_result_at(nullptr, 0));
  EXPECT_EQ(nullptr, mw_result_named(nullptr, "label"));
  mw_free(nullptr);
  mw_result_free(nullptr);

  Load("breast_cancer_lr");
  const std::vector<float> row(30);
  const int64_t shape[] = {1, 30};
  const mw_tensor input{"X", MW_FP32, shape, 2, row.data()};
  mw_result* result = nullptr;
  EXPECT_EQ(MW_INVALID_ARGUMENT, mw_predict(nullptr, &input, 1, &result));
  EXPECT_STREQ("mw_predict got NULL for the model", mw_error_message());
  EXPECT_EQ(MW_INVALID_ARGUMENT, mw_predict(model_, nullptr, 1, &result));
  EXPECT_STREQ("mw_predict got NULL for the inputs", mw_error_message());
  EXPECT_EQ(MW_INVALID_ARGUMENT, mw_predict(model_, &input, 1, nullptr));
  EXPECT_STREQ("mw_predict got NULL for the result", mw_error_message());
  EXPECT_EQ(MW_INVALID_ARGUMENT, mw_predict(model_, nullptr, 0, &result));
  EXPECT_EQ(MW_OK, mw_predict(model_, &input, 1, &result)) << mw_error_message();
  EXPECT_EQ(nullptr, mw_result_named(result, nullptr));
  mw_result_free(result);
  EXPECT_EQ(MW_INVALID_ARGUMENT, mw_load(PathOf("breast_cancer_lr").c_str(), nullptr));
  EXPECT_STREQ("mw_load got NULL for the model", mw_error_message());
  mw_model* loaded = model_;
  EXPECT_EQ(MW_INVALID_ARGUMENT, mw_load(nullptr, &loaded));
  EXPECT_STREQ("mw_load got NULL for the path", mw_error_message());
}

// So that who frees after a failure frees nothing, whatever stood there.
TEST_F(InferTest, LeavesNullWhereItFails) {
  Load("breast_cancer_lr");
  mw_model* loaded = model_;
  EXPECT_EQ(MW_NOT_FOUND, mw_load("/absent/model.onnx", &loaded));
  EXPECT_EQ(nullptr, loaded);
  const int64_t narrow[] = {1, 3};
  const float row[3] = {};
  const mw_tensor input{"X", MW_FP32, narrow, 2, row};
  auto* result = reinterpret_cast<mw_result*>(model_);
  EXPECT_EQ(MW_INVALID_ARGUMENT, mw_predict(model_, &input, 1, &result));
  EXPECT_EQ(nullptr, result);
}

TEST_F(InferTest, RefusesBrokenModelsWithAReason) {
  mw_model* model = nullptr;
  EXPECT_NE(MW_OK, mw_load("/absent/model.onnx", &model));
  for (const auto& entry : std::filesystem::directory_iterator(ModelFolder("broken"))) {
    if (entry.path().extension() != ".onnx") continue;
    const mw_status status = mw_load(entry.path().c_str(), &model);
    if (status == MW_OK) {
      mw_free(model);
      continue;
    }
    EXPECT_STRNE("", mw_error_message()) << entry.path();
  }
  EXPECT_EQ(MW_ABI_VERSION, mw_abi_version());
}

TEST_F(InferTest, AnswersManyThreadsAtATime) {
  Load("breast_cancer_lr");
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t, &wrong] {
      const std::vector<float> row(30, static_cast<float>(t));
      const int64_t shape[] = {1, 30};
      const int64_t narrow[] = {1, 3};
      for (int i = 0; i < 200; ++i) {
        if (Predict({"X", MW_FP32, shape, 2, row.data()}) != MW_OK) ++wrong;
        if (Predict({"X", MW_FP32, narrow, 2, row.data()}) == MW_OK) ++wrong;
        if (std::strstr(mw_error_message(), "[1,3]") == nullptr) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(0, wrong.load());
}

}  // namespace

#include "inference/xgboost_engine.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "inference/booster.h"
#include "inference/booster_check.h"
#include "inference/input_contract.h"

namespace millwright::inference {
namespace {

class XgboostEngine final : public Engine {
 public:
  explicit XgboostEngine(Booster booster)
      : booster_(std::move(booster)),
        feature_count_(booster_.feature_count()),
        group_count_(booster_.group_count()) {
    const std::string objective = booster_.objective();
    is_classifier_ = objective == "binary:logistic" || objective == "multi:softprob";
    if (objective == "multi:softmax" || objective.starts_with("rank:")) {
      throw InvalidArgument("The objective of the model cannot be served: {}", objective);
    }
    MakeSignature();
    // The first prediction configures the booster, which is not safe from two threads at once.
    const std::vector<float> row(feature_count_, 0.0F);
    std::vector<float> unused;
    booster_.PredictDense(row, feature_count_, &unused);
  }

  const Signature& signature() const override { return signature_; }

  std::vector<Tensor> Run(const std::vector<Tensor>& inputs) override {
    thread_local std::vector<const Tensor*> slots;
    thread_local std::vector<float> predicted;
    contract_.Match(inputs, &slots);
    const Tensor& input = *slots[0];
    booster_.PredictDense({input.As<float>(), input.element_count()}, feature_count_, &predicted);
    return is_classifier_ ? Classes(input.shape[0], predicted) : Values(input.shape[0], predicted);
  }

 private:
  void MakeSignature() {
    const int64_t columns = static_cast<int64_t>(feature_count_);
    signature_.inputs = {{.name = "X", .type = DataType::kFp32, .shape = {-1, columns}}};
    if (is_classifier_) {
      const int64_t classes = std::max<int64_t>(2, static_cast<int64_t>(group_count_));
      signature_.outputs = {
          {.name = "label", .type = DataType::kInt64, .shape = {-1}},
          {.name = "probabilities", .type = DataType::kFp32, .shape = {-1, classes}}};
    } else {
      signature_.outputs = {{.name = "variable", .type = DataType::kFp32, .shape = {-1, 1}}};
    }
    for (const std::string& name : booster_.feature_names()) {
      signature_.columns.push_back({.name = name, .type = DataType::kFp32, .optional = true});
    }
    contract_ = InputContract(signature_.inputs, {});
  }

  static std::vector<Tensor> Values(int64_t rows, const std::vector<float>& predicted) {
    return {Tensor::OfFloats("variable", {rows, 1}, predicted)};
  }

  std::vector<Tensor> Classes(int64_t rows, const std::vector<float>& predicted) const {
    const int64_t classes = signature_.outputs[1].shape[1];
    Tensor label{.name = "label", .type = DataType::kInt64, .shape = {rows}};
    label.data.resize(static_cast<size_t>(rows) * sizeof(int64_t));
    Tensor scores{.name = "probabilities", .type = DataType::kFp32, .shape = {rows, classes}};
    scores.data.resize(static_cast<size_t>(rows * classes) * sizeof(float));
    int64_t* labels = label.As<int64_t>();
    float* probabilities = scores.As<float>();
    for (int64_t row = 0; row < rows; ++row) {
      float* out = probabilities + row * classes;
      if (group_count_ == 1) {
        out[1] = predicted[static_cast<size_t>(row)];
        out[0] = 1.0F - out[1];
        labels[row] = out[1] > 0.5F ? 1 : 0;
      } else {
        std::memcpy(out, &predicted[static_cast<size_t>(row * classes)],
                    static_cast<size_t>(classes) * sizeof(float));
        labels[row] = std::max_element(out, out + classes) - out;
      }
    }
    std::vector<Tensor> outputs;
    outputs.push_back(std::move(label));
    outputs.push_back(std::move(scores));
    return outputs;
  }

  Booster booster_;
  size_t feature_count_;
  size_t group_count_;
  bool is_classifier_ = false;
  Signature signature_;
  InputContract contract_;
};

}  // namespace

std::unique_ptr<Engine> LoadXgboostEngine(const std::filesystem::path& path) {
  RequireReadable(CheckBoosterFile(path), LibraryRelease());
  return std::make_unique<XgboostEngine>(Booster::Load(path));
}

}  // namespace millwright::inference

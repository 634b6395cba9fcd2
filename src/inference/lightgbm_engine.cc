#include "inference/lightgbm_engine.h"

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "inference/input_contract.h"
#include "inference/lightgbm_model.h"

namespace millwright::inference {
namespace {

double LeafOf(const LightgbmTree& tree, const double* row) {
  size_t node = 0;
  while (node < tree.splits()) {
    const double value = row[tree.features[node]];
    const bool left = std::isnan(value) ? tree.missing_left[node] : value <= tree.thresholds[node];
    node = static_cast<size_t>(left ? tree.left[node] : tree.right[node]);
  }
  return tree.leaves[node - tree.splits()];
}

void Softmax(std::vector<double>* sums) {
  const double largest = *std::max_element(sums->begin(), sums->end());
  double total = 0;
  for (double& sum : *sums) total += sum = std::exp(sum - largest);
  for (double& sum : *sums) sum /= total;
}

class LightgbmEngine final : public Engine {
 public:
  explicit LightgbmEngine(LightgbmModel model) : model_(std::move(model)) {
    const auto features = static_cast<int64_t>(model_.feature_count);
    signature_.inputs = {{.name = "X", .type = DataType::kFp64, .shape = {-1, features}}};
    if (model_.classes > 0) {
      signature_.outputs = {
          {.name = "label", .type = DataType::kInt64, .shape = {-1}},
          {.name = "probabilities", .type = DataType::kFp64, .shape = {-1, model_.classes}}};
    } else {
      signature_.outputs = {{.name = "variable", .type = DataType::kFp64, .shape = {-1, 1}}};
    }
    for (const std::string& name : model_.feature_names) {
      signature_.columns.push_back({.name = name, .type = DataType::kFp64, .optional = true});
    }
    contract_ = InputContract(signature_.inputs, {});
  }

  const Signature& signature() const override { return signature_; }

  std::vector<Tensor> Run(const std::vector<Tensor>& inputs) override {
    std::vector<const Tensor*> slots;
    contract_.Match(inputs, &slots);
    const double* values = slots[0]->As<double>();
    const int64_t rows = slots[0]->shape[0];
    std::vector<Tensor> outputs;
    for (const TensorSpec& spec : signature_.outputs) {
      outputs.push_back({.name = spec.name, .type = spec.type, .shape = spec.shape});
      outputs.back().shape[0] = rows;
      outputs.back().data.resize(outputs.back().element_count() * DataTypeBytes(spec.type));
    }
    const size_t width = model_.classes > 0 ? static_cast<size_t>(model_.classes) : 1;
    double* out = outputs.back().As<double>();
    for (int64_t row = 0; row < rows; ++row, out += width) {
      const std::vector<double> scores =
          ScoresOf(values + row * static_cast<int64_t>(model_.feature_count));
      std::copy(scores.begin(), scores.end(), out);
      if (model_.classes > 0) {
        outputs[0].As<int64_t>()[row] =
            std::max_element(scores.begin(), scores.end()) - scores.begin();
      }
    }
    return outputs;
  }

 private:
  std::vector<double> ScoresOf(const double* row) const {
    std::vector<double> sums(static_cast<size_t>(model_.trees_a_round), 0.0);
    for (size_t i = 0; i < model_.trees.size(); ++i) {
      sums[i % sums.size()] += LeafOf(model_.trees[i], row) * model_.scale;
    }
    if (model_.transform == "SOFTMAX") Softmax(&sums);
    if (model_.transform == "EXP") sums[0] = std::exp(sums[0]);
    if (model_.transform == "LOGISTIC") {
      const double positive = 1 / (1 + std::exp(-sums[0]));
      sums = {1 - positive, positive};
    }
    return sums;
  }

  const LightgbmModel model_;
  Signature signature_;
  InputContract contract_;
};

}  // namespace

std::unique_ptr<Engine> LoadLightgbmEngine(const std::filesystem::path& path) {
  return std::make_unique<LightgbmEngine>(ReadLightgbm(ReadFile(path)));
}

}  // namespace millwright::inference

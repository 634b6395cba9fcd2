#include "inference/linear_engine.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <span>

#include "base/error.h"
#include "base/mapped_file.h"
#include "inference/class_keys.h"
#include "inference/linear_graph.h"

namespace millwright::inference {
namespace {

constexpr size_t kFileBytesMax = size_t{16} << 20;
constexpr size_t kCheckedRows = 64;
// How far our scores may be from the runtime's: a share of 1 and the largest of them.
constexpr float kToleranceShare = 1e-5F;

class LinearEngine final : public Engine {
 public:
  // What an output of the signature is.
  enum class Part { kLabels, kScores, kKeys };

  LinearEngine(LinearGraph graph, std::vector<Part> parts, std::unique_ptr<Engine> runtime)
      : graph_(std::move(graph)),
        scorer_(graph_.model),
        parts_(std::move(parts)),
        runtime_(std::move(runtime)) {}

  const Signature& signature() const override { return runtime_->signature(); }

  std::vector<Tensor> Run(const std::vector<Tensor>& inputs) override {
    if (IsPlain(inputs)) {
      auto outputs = Compute(inputs[0]);
      if (outputs) return std::move(*outputs);
    }
    return runtime_->Run(inputs);
  }

  const LinearModel& model() const { return graph_.model; }
  Engine& runtime() { return *runtime_; }
  std::unique_ptr<Engine> TakeRuntime() { return std::move(runtime_); }

  // Nothing when the runtime has to be asked.
  std::optional<std::vector<Tensor>> Compute(const Tensor& input) const {
    const auto count = static_cast<size_t>(input.shape[0]);
    Tensor scores{.type = DataType::kFp32,
                  .shape = {input.shape[0], static_cast<int64_t>(graph_.model.targets)}};
    scores.data.resize(count * graph_.model.targets * sizeof(float));
    thread_local std::vector<uint32_t> largest;
    if (needs_labels_) largest.resize(count);
    uint32_t* const places = needs_labels_ ? largest.data() : nullptr;
    if (!scorer_.Score(input.As<float>(), count, scores.As<float>(), places)) return std::nullopt;
    return Arrange(std::move(scores), largest);
  }

 private:
  // Whether there is nothing about the inputs that the runtime would have to say something about.
  bool IsPlain(const std::vector<Tensor>& inputs) const {
    if (inputs.size() != 1) return false;
    const Tensor& input = inputs[0];
    return input.name == graph_.input && input.type == DataType::kFp32 && input.shape.size() == 2 &&
           input.shape[0] > 0 && input.shape[1] == static_cast<int64_t>(graph_.model.width) &&
           input.data.size() == input.element_count() * sizeof(float);
  }

  std::vector<Tensor> Arrange(Tensor scores, const std::vector<uint32_t>& largest) const {
    const std::vector<TensorSpec>& specs = signature().outputs;
    const int64_t count = scores.shape[0];
    std::vector<Tensor> outputs(parts_.size());
    for (size_t i = 0; i < parts_.size(); ++i) {
      switch (parts_[i]) {
        case Part::kScores:
          outputs[i] = std::move(scores);
          break;
        case Part::kLabels:
          outputs[i] = LabelsAt(largest, count);
          break;
        case Part::kKeys:
          outputs[i] = Keys();
          break;
      }
      outputs[i].name = specs[i].name;
    }
    return outputs;
  }

  Tensor LabelsAt(const std::vector<uint32_t>& places, int64_t count) const {
    const LinearModel& model = graph_.model;
    Tensor labels{.type = model.text_labels.empty() ? DataType::kInt64 : DataType::kBytes,
                  .shape = {count}};
    const auto rows = static_cast<size_t>(count);
    if (labels.type == DataType::kBytes) {
      labels.strings.reserve(rows);
      for (size_t i = 0; i < rows; ++i) labels.strings.push_back(model.text_labels[places[i]]);
      return labels;
    }
    labels.data.resize(rows * sizeof(int64_t));
    for (size_t i = 0; i < rows; ++i) labels.As<int64_t>()[i] = model.integer_labels[places[i]];
    return labels;
  }

  Tensor Keys() const {
    std::vector<uint32_t> places(graph_.model.targets);
    for (size_t i = 0; i < places.size(); ++i) places[i] = static_cast<uint32_t>(i);
    return LabelsAt(places, static_cast<int64_t>(places.size()));
  }

  const LinearGraph graph_;
  const LinearScorer scorer_;
  const std::vector<Part> parts_;
  const bool needs_labels_ = std::count(parts_.begin(), parts_.end(), Part::kLabels) > 0;
  std::unique_ptr<Engine> runtime_;
};

// What each output of the signature is; nothing when one is a value that was only passed through,
// or when two are the same.
std::optional<std::vector<LinearEngine::Part>> PartsOf(const LinearGraph& graph,
                                                       const Signature& signature) {
  using Part = LinearEngine::Part;
  const std::string& scores = graph.score_maps.empty() ? graph.scores : graph.score_maps;
  std::vector<Part> parts;
  for (const TensorSpec& output : signature.outputs) {
    if (output.name == graph.labels) {
      parts.push_back(Part::kLabels);
    } else if (output.name == scores) {
      parts.push_back(Part::kScores);
    } else if (!graph.score_maps.empty() && output.name == KeysName(scores)) {
      parts.push_back(Part::kKeys);
    } else {
      return std::nullopt;
    }
  }
  const bool is_once = std::count(parts.begin(), parts.end(), Part::kScores) <= 1;
  return is_once ? std::optional(std::move(parts)) : std::nullopt;
}

// From -1 to 1, of a generator that gives the same numbers everywhere.
float NextNumber(std::mt19937* random) {
  return static_cast<float>((*random)() * 0x1p-31 - 1);
}

// Makes a row of which each column has about the same share of the scores.
std::vector<float> MakeRow(const LinearModel& model, std::mt19937* random) {
  constexpr float kSpread = 8;  // of the scores
  constexpr float kMissing = 0.6F;
  const float share = kSpread / std::sqrt(static_cast<float>(model.width));
  std::vector<float> row(model.width);
  for (size_t column = 0; column < model.width; ++column) {
    float weight = 0;
    for (size_t target = 0; target < model.targets; ++target) {
      weight = std::max(weight, std::fabs(model.coefficients[target * model.width + column]));
    }
    row[column] = share * NextNumber(random) / (weight > 0 ? weight : 1);
    for (auto step = model.steps.rbegin(); step != model.steps.rend(); ++step) {
      if (step->kind == LinearModel::Step::Kind::kImpute) {
        if (NextNumber(random) > kMissing) row[column] = std::numeric_limits<float>::quiet_NaN();
      } else if (step->scales[column] != 0) {
        row[column] = row[column] / step->scales[column] + step->values[column];
      }
    }
  }
  return row;
}

bool AreNear(const Tensor& ours, const Tensor& theirs) {
  if (ours.type != theirs.type || ours.shape != theirs.shape || ours.strings != theirs.strings) {
    return false;
  }
  if (ours.type != DataType::kFp32) return ours.data == theirs.data;
  const std::span<const float> expected(theirs.As<float>(), theirs.element_count());
  float largest = 0;
  for (const float value : expected) largest = std::max(largest, std::fabs(value));
  const auto are_near = [tolerance = kToleranceShare * (1 + largest)](float a, float b) {
    return std::fabs(a - b) <= tolerance;  // false for NaN
  };
  return std::equal(expected.begin(), expected.end(), ours.As<float>(), are_near);
}

bool AgreesWithRuntime(LinearEngine* engine) {
  const auto width = static_cast<int64_t>(engine->model().width);
  const std::string& name = engine->signature().inputs[0].name;
  std::mt19937 random;
  std::vector<float> values;
  size_t count = 0;
  for (size_t i = 0; i < kCheckedRows; ++i) {
    const std::vector<float> row = MakeRow(engine->model(), &random);
    if (!engine->Compute(Tensor::OfFloats(name, {1, width}, row))) continue;
    values.insert(values.end(), row.begin(), row.end());
    ++count;
  }
  if (count < kCheckedRows / 2) return false;
  std::vector<Tensor> rows;
  rows.push_back(Tensor::OfFloats(name, {static_cast<int64_t>(count), width}, std::move(values)));
  const auto ours = engine->Compute(rows[0]);
  try {
    const std::vector<Tensor> theirs = engine->runtime().Run(rows);
    return std::equal(ours->begin(), ours->end(), theirs.begin(), theirs.end(), AreNear);
  } catch (const Error&) {
    return false;  // its trial with rows that it declares says why
  }
}

}  // namespace

std::unique_ptr<Engine> WithLinearModel(const std::filesystem::path& path,
                                        std::unique_ptr<Engine> runtime) {
  if (std::filesystem::file_size(path) > kFileBytesMax) return runtime;
  auto graph = ReadLinearGraph(MappedFile(path).bytes());
  if (!graph) return runtime;
  const auto& inputs = runtime->signature().inputs;
  const auto parts = PartsOf(*graph, runtime->signature());
  const bool takes_any_count = inputs.size() == 1 && inputs[0].shape.size() == 2 &&
                               inputs[0].type == DataType::kFp32 && inputs[0].shape[0] < 0;
  if (!parts || !takes_any_count) return runtime;
  auto engine = std::make_unique<LinearEngine>(std::move(*graph), *parts, std::move(runtime));
  if (AgreesWithRuntime(engine.get())) return engine;
  return engine->TakeRuntime();
}

}  // namespace millwright::inference

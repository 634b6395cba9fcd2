#include "inference/sklearn_converter.h"

#include "base/error.h"
#include "inference/sklearn_models.h"
#include "inference/sklearn_transformers.h"

namespace millwright::inference {
namespace {

constexpr int64_t kFeaturesMax = 1'000'000;

std::vector<TensorSpec> OutputsOf(const ClassLabels& labels) {
  if (labels.count() == 0) {
    return {{.name = "variable", .type = DataType::kFp32, .shape = {-1, 1}}};
  }
  return {{.name = "label",
           .type = labels.texts.empty() ? DataType::kInt64 : DataType::kBytes,
           .shape = {-1}},
          {.name = "probabilities",
           .type = DataType::kFp32,
           .shape = {-1, static_cast<int64_t>(labels.count())}}};
}

}  // namespace

bool IsSklearnExport(const Json& document) {
  const Json* format = document.Find("format");
  return format != nullptr && format->is_string() && format->AsString() == "scikit-learn";
}

std::string ConvertSklearnToOnnx(const Json& document) {
  const int64_t features = document.At("features").AsInt("features");
  if (features < 1 || features > kFeaturesMax) {
    throw InvalidArgument("The export has {} features", features);
  }
  const auto width = static_cast<size_t>(features);
  const auto& steps = document.At("steps").AsArray("steps");
  if (steps.empty()) throw InvalidArgument("The export has no steps");
  std::vector<size_t> texts;
  if (document.Find("texts") != nullptr) texts = ReadPositions(document, "texts", width);
  const bool has_trees = steps.back().Find("trees") != nullptr;
  SklearnGraph graph(
      document.GetStrings("feature_names"), width, texts,
      has_trees ? SklearnGraph::Scaling::kAsDouble : SklearnGraph::Scaling::kAsFloat);
  const Blocks input = AddTransformers(steps, steps.size() - 1, graph.Columns(), &graph);
  const ClassLabels labels = AddModel(steps.back(), input, &graph);
  return SerializeOnnxModel(graph.Finish(OutputsOf(labels)));
}

}  // namespace millwright::inference

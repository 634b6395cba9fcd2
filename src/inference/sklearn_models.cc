#include "inference/sklearn_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "inference/sklearn_trees.h"

namespace millwright::inference {
namespace {

ClassLabels ReadLabels(const Json& step) {
  ClassLabels labels;
  for (const Json& label : step.At("classes").AsArray("classes")) {
    if (label.is_string()) {
      labels.texts.push_back(label.AsString());
    } else {
      labels.integers.push_back(label.is_bool() ? label.AsBool() : label.AsInt("classes"));
    }
  }
  if (labels.count() < 2 || (!labels.integers.empty() && !labels.texts.empty())) {
    throw InvalidArgument("A classifier needs two classes or more, all numbers or all texts");
  }
  return labels;
}

void SetLabels(const ClassLabels& labels, const char* integers_name, const char* texts_name,
               OnnxNode* node) {
  if (labels.texts.empty()) {
    node->attributes.push_back({integers_name, labels.integers});
  } else {
    node->attributes.push_back({texts_name, labels.texts});
  }
}

// Names the class with the largest share. ONNX's own tree classifier is not used for this: ONNX
// Runtime decides between two classes by another rule.
void AddLabels(const ClassLabels& labels, SklearnGraph* graph) {
  const auto index = graph->Add({.op_type = "ArgMax",
                                 .inputs = {"probabilities"},
                                 .attributes = {{"axis", int64_t{1}}, {"keepdims", int64_t{0}}}});
  std::vector<int64_t> indices(labels.count());
  std::iota(indices.begin(), indices.end(), 0);
  OnnxNode node{.op_type = "LabelEncoder",
                .domain = "ai.onnx.ml",
                .inputs = {index},
                .outputs = {"label"},
                .attributes = {{"keys_int64s", std::move(indices)}}};
  SetLabels(labels, "values_int64s", "values_strings", &node);
  graph->AddLast(std::move(node));
}

// The rows of `coef` one after another, and the intercepts.
struct Linear {
  std::vector<double> coefficients, intercepts;
};

Linear ReadLinear(const Json& step, size_t rows, size_t width) {
  Linear linear{.intercepts = ReadNumbers(step, "intercept")};
  for (const Json& row : step.At("coef").AsArray("coef")) {
    for (const Json& item : row.AsArray("coef")) {
      linear.coefficients.push_back(item.AsDouble("coef"));
    }
  }
  RequireCount(linear.coefficients.size(), rows * width, "coef");
  RequireCount(linear.intercepts.size(), rows, "intercept");
  return linear;
}

// A logistic model for each class against all others; their answers are made to add up to 1.
void AddOneAgainstTheRest(const Linear& linear, const ClassLabels& labels, const Block& input,
                          SklearnGraph* graph) {
  const auto scores =
      graph->Add({.op_type = "LinearRegressor",
                  .domain = "ai.onnx.ml",
                  .inputs = {input.tensor},
                  .attributes = {{"coefficients", ToFloats(linear.coefficients)},
                                 {"intercepts", ToFloats(linear.intercepts)},
                                 {"targets", static_cast<int64_t>(labels.count())}}});
  const auto shares = graph->Add({.op_type = "Sigmoid", .inputs = {scores}});
  graph->AddLast({.op_type = "Normalizer",
                  .domain = "ai.onnx.ml",
                  .inputs = {shares},
                  .outputs = {"probabilities"},
                  .attributes = {{"norm", std::string("L1")}}});
  AddLabels(labels, graph);
}

// One row of coefficients a class, or the one of the second of two.
void AddLogistic(const Json& step, const ClassLabels& labels, const Block& input,
                 SklearnGraph* graph) {
  const bool binary = labels.count() == 2;
  const std::string multi_class = step.GetString("multi_class", "auto");
  Linear linear = ReadLinear(step, binary ? 1 : labels.count(), input.width);
  if (multi_class == "ovr" && !binary) return AddOneAgainstTheRest(linear, labels, input, graph);
  if (binary) {
    // The first class is the other side of the second. Of two scores s and -s the softmax is the
    // logistic of 2 s.
    const double scale = multi_class == "multinomial" ? 2 : 1;
    for (auto* values : {&linear.coefficients, &linear.intercepts}) {
      for (double& value : *values) value *= scale;
      const size_t count = values->size();
      values->insert(values->begin(), count, 0);
      for (size_t i = 0; i < count; ++i) (*values)[i] = -(*values)[count + i];
    }
  }
  OnnxNode node{.op_type = "LinearClassifier",
                .domain = "ai.onnx.ml",
                .inputs = {input.tensor},
                .outputs = {"label", "probabilities"},
                .attributes = {{"coefficients", ToFloats(linear.coefficients)},
                               {"intercepts", ToFloats(linear.intercepts)},
                               {"post_transform", std::string(binary ? "LOGISTIC" : "SOFTMAX")}}};
  SetLabels(labels, "classlabels_ints", "classlabels_strings", &node);
  graph->AddLast(std::move(node));
}

OnnxNode LinearRegressor(const Json& step, const Block& input) {
  const Linear linear = ReadLinear(step, 1, input.width);
  return {.op_type = "LinearRegressor",
          .domain = "ai.onnx.ml",
          .inputs = {input.tensor},
          .attributes = {{"coefficients", ToFloats(linear.coefficients)},
                         {"intercepts", ToFloats(linear.intercepts)},
                         {"targets", int64_t{1}}}};
}

// Closes a regressor: its numbers as they are, or e to them.
void AddVariable(OnnxNode node, const std::string& link, SklearnGraph* graph) {
  if (!IsOneOf(link, {"identity", "log"})) {
    throw InvalidArgument("A regressor with the link {} cannot be converted", link);
  }
  if (link == "log") node = {.op_type = "Exp", .inputs = {graph->Add(std::move(node))}};
  node.outputs = {"variable"};
  graph->AddLast(std::move(node));
}

ClassLabels AddBoosting(const Json& step, const Block& input, bool classifies,
                        SklearnGraph* graph) {
  if (!classifies) {
    AddVariable(MakeBoosting(step, input, 0), step.GetString("link", "identity"), graph);
    return {};
  }
  ClassLabels labels = ReadLabels(step);
  OnnxNode node = MakeBoosting(step, input, labels.count());
  node.outputs = {"label", "probabilities"};
  // In the place of 0, 1, ….
  std::erase_if(node.attributes,
                [](const auto& attribute) { return attribute.name == "classlabels_int64s"; });
  SetLabels(labels, "classlabels_int64s", "classlabels_strings", &node);
  graph->AddLast(std::move(node));
  return labels;
}

}  // namespace

ClassLabels AddModel(const Json& step, const Blocks& blocks, SklearnGraph* graph) {
  const std::string& name = step.At("class").AsString("class");
  const Block input = graph->Join(blocks, name);
  if (IsOneOf(name, {"LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet",
                     "ElasticNetCV", "SGDRegressor", "HuberRegressor", "LinearSVR"})) {
    AddVariable(LinearRegressor(step, input), "identity", graph);
    return {};
  }
  if (IsOneOf(name, {"PoissonRegressor", "GammaRegressor"})) {
    AddVariable(LinearRegressor(step, input), "log", graph);
    return {};
  }
  if (IsOneOf(name, {"LogisticRegression", "LogisticRegressionCV"})) {
    ClassLabels labels = ReadLabels(step);
    AddLogistic(step, labels, input, graph);
    return labels;
  }
  if (step.Find("trees") != nullptr && LetsMiss(step)) graph->LetMiss(input);
  if (IsOneOf(name, {"DecisionTreeRegressor", "ExtraTreeRegressor", "RandomForestRegressor",
                     "ExtraTreesRegressor"})) {
    AddVariable(MakeForest(step, input, 1), "identity", graph);
    return {};
  }
  if (IsOneOf(name, {"DecisionTreeClassifier", "ExtraTreeClassifier", "RandomForestClassifier",
                     "ExtraTreesClassifier"})) {
    ClassLabels labels = ReadLabels(step);
    OnnxNode node = MakeForest(step, input, labels.count());
    node.outputs = {"probabilities"};
    graph->AddLast(std::move(node));
    AddLabels(labels, graph);
    return labels;
  }
  if (IsOneOf(name, {"GradientBoostingRegressor", "HistGradientBoostingRegressor"})) {
    return AddBoosting(step, input, false, graph);
  }
  if (IsOneOf(name, {"GradientBoostingClassifier", "HistGradientBoostingClassifier"})) {
    return AddBoosting(step, input, true, graph);
  }
  throw InvalidArgument("{} cannot be converted to ONNX", name);
}

}  // namespace millwright::inference

#include "inference/sklearn_converter.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "inference/tree_ensemble.h"

namespace millwright::inference {
namespace {

constexpr int64_t kFeaturesMax = 1'000'000;
constexpr size_t kStepsMax = 32;

std::vector<double> Numbers(const Json& json, std::string_view key) {
  std::vector<double> numbers;
  for (const Json& item : json.At(key).AsArray(key)) numbers.push_back(item.AsDouble(key));
  return numbers;
}

void RequireCount(size_t count, size_t wanted, std::string_view what) {
  if (count == wanted) return;
  throw InvalidArgument("The export has {} values in {}, not {}", count, what, wanted);
}

std::vector<float> Floats(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

bool IsOneOf(const std::string& name, std::initializer_list<const char*> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The classes as ONNX labels: integers or texts.
struct Labels {
  std::vector<int64_t> integers;
  std::vector<std::string> texts;
  size_t count() const { return integers.size() + texts.size(); }
};

Labels ReadLabels(const Json& step) {
  Labels labels;
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

OnnxNode Scaler(const Json& step, size_t features, const std::string& input,
                const std::string& output) {
  auto mean = Numbers(step, "mean");
  auto scale = Numbers(step, "scale");
  RequireCount(mean.size(), features, "mean");
  RequireCount(scale.size(), features, "scale");
  for (double& value : scale) value = 1 / value;
  return {.op_type = "Scaler",
          .domain = "ai.onnx.ml",
          .inputs = {input},
          .outputs = {output},
          .attributes = {{"offset", Floats(mean)}, {"scale", Floats(scale)}}};
}

// One row of coefficients a class, or the one of the second of two.
OnnxNode LinearClassifier(const Json& step, size_t features, const Labels& labels,
                          const std::string& input) {
  std::vector<double> coefficients;
  for (const Json& row : step.At("coef").AsArray("coef")) {
    for (const Json& item : row.AsArray("coef")) coefficients.push_back(item.AsDouble("coef"));
  }
  auto intercepts = Numbers(step, "intercept");
  const bool binary = labels.count() == 2;
  const std::string multi_class = step.GetString("multi_class", "auto");
  if (multi_class == "ovr" && !binary) {
    throw InvalidArgument("A LogisticRegression of one against the rest cannot be converted");
  }
  if (binary && multi_class == "multinomial") {
    throw InvalidArgument("A multinomial LogisticRegression of two classes cannot be converted");
  }
  RequireCount(coefficients.size(), (binary ? 1 : labels.count()) * features, "coef");
  RequireCount(intercepts.size(), binary ? 1 : labels.count(), "intercept");
  if (binary) {
    // The first class is the other side of the second.
    for (auto* values : {&coefficients, &intercepts}) {
      const size_t count = values->size();
      values->insert(values->begin(), count, 0);
      for (size_t i = 0; i < count; ++i) (*values)[i] = -(*values)[count + i];
    }
  }
  return {.op_type = "LinearClassifier",
          .domain = "ai.onnx.ml",
          .inputs = {input},
          .outputs = {"label", "probabilities"},
          .attributes = {{"coefficients", Floats(coefficients)},
                         {"intercepts", Floats(intercepts)},
                         {"post_transform", std::string(binary ? "LOGISTIC" : "SOFTMAX")}}};
}

OnnxNode LinearRegressor(const Json& step, size_t features, const std::string& input) {
  const auto& rows = step.At("coef").AsArray("coef");
  RequireCount(rows.size(), 1, "coef");
  std::vector<double> coefficients;
  for (const Json& item : rows[0].AsArray("coef")) coefficients.push_back(item.AsDouble("coef"));
  const auto intercepts = Numbers(step, "intercept");
  RequireCount(coefficients.size(), features, "coef");
  RequireCount(intercepts.size(), 1, "intercept");
  return {.op_type = "LinearRegressor",
          .domain = "ai.onnx.ml",
          .inputs = {input},
          .outputs = {"variable"},
          .attributes = {{"coefficients", Floats(coefficients)},
                         {"intercepts", Floats(intercepts)},
                         {"targets", int64_t{1}}}};
}

// What the leaves of a tree hold and where it goes.
struct Leaves {
  size_t values = 1;  // counts or shares a class; 1: a number
  double scale = 1;   // of what they add
  int64_t first_target = 0;
};

void AddTree(const Json& tree, int64_t index, size_t features, const Leaves& leaves,
             TreeEnsemble* out) {
  const auto& left = tree.At("children_left").AsArray();
  const auto& right = tree.At("children_right").AsArray();
  const auto& feature = tree.At("feature").AsArray();
  const auto& value = tree.At("value").AsArray();
  const auto threshold = Numbers(tree, "threshold");
  for (const size_t count : {right.size(), feature.size(), value.size(), threshold.size()}) {
    RequireCount(count, left.size(), "a tree");
  }
  const auto nodes = static_cast<int64_t>(left.size());
  for (int64_t node = 0; node < nodes; ++node) {
    const auto at = static_cast<size_t>(node);
    if (left[at].AsInt() < 0) {
      std::vector<double> values;
      for (const Json& item : value[at].AsArray("value")) values.push_back(item.AsDouble("value"));
      RequireCount(values.size(), leaves.values, "a leaf");
      const double sum =
          leaves.values == 1 ? 1 : std::accumulate(values.begin(), values.end(), 0.0);
      const auto weight = [&](size_t i) {
        return static_cast<float>(values[i] / sum * leaves.scale);
      };
      out->AddLeaf(index, node, leaves.first_target, weight(0));
      for (size_t i = 1; i < leaves.values; ++i) {
        out->leaf_tree_ids.push_back(index);
        out->leaf_node_ids.push_back(node);
        out->leaf_targets.push_back(leaves.first_target + static_cast<int64_t>(i));
        out->leaf_weights.push_back(weight(i));
      }
      continue;
    }
    // A child comes after its parent, so that the nodes are a tree and end.
    for (const Json* child : {&left[at], &right[at]}) {
      if (child->AsInt() <= node || child->AsInt() >= nodes) {
        throw InvalidArgument("A tree of the export is none");
      }
    }
    if (feature[at].AsInt() < 0 || feature[at].AsInt() >= static_cast<int64_t>(features)) {
      throw InvalidArgument("A tree of the export splits by a feature that is not there");
    }
    out->AddBranch(index, node,
                   {.feature = feature[at].AsInt(),
                    .value = RoundDownToFloat(threshold[at]),
                    .true_node = left[at].AsInt(),
                    .false_node = right[at].AsInt()});
  }
}

OnnxNode Forest(const Json& step, size_t features, size_t targets, const std::string& input) {
  const auto& trees = step.At("trees").AsArray("trees");
  if (trees.empty()) throw InvalidArgument("The export has no trees");
  TreeEnsemble ensemble;
  // A forest takes the mean of its trees.
  const Leaves leaves{.values = targets, .scale = 1 / static_cast<double>(trees.size())};
  for (size_t i = 0; i < trees.size(); ++i) {
    AddTree(trees[i], static_cast<int64_t>(i), features, leaves, &ensemble);
  }
  OnnxNode node = MakeTreeNode(std::move(ensemble), {.targets = static_cast<int64_t>(targets)});
  node.inputs = {input};
  return node;
}

// Adds up scaled trees from where the model starts; several classes have a tree each a round.
OnnxNode Boosting(const Json& step, size_t features, size_t classes, const std::string& input) {
  const auto& trees = step.At("trees").AsArray("trees");
  const auto base = Numbers(step, "base");
  const size_t targets = classes > 2 ? classes : 1;
  RequireCount(base.size(), targets, "base");
  if (trees.empty() || trees.size() % targets != 0) {
    throw InvalidArgument("The export has {} trees for {} classes", trees.size(), classes);
  }
  Leaves leaves{.scale = step.At("learning_rate").AsDouble("learning_rate")};
  TreeEnsemble ensemble;
  for (size_t i = 0; i < trees.size(); ++i) {
    leaves.first_target = static_cast<int64_t>(i % targets);
    AddTree(trees[i], static_cast<int64_t>(i), features, leaves, &ensemble);
  }
  const bool classifies = classes > 0;
  OnnxNode node = MakeTreeNode(std::move(ensemble), {.classes = static_cast<int64_t>(classes),
                                                     .transform = !classifies    ? "NONE"
                                                                  : targets == 1 ? "LOGISTIC"
                                                                                 : "SOFTMAX",
                                                     .base_values = Floats(base)});
  node.inputs = {input};
  return node;
}

// Gives a tree classifier its classes in the place of 0, 1, ….
void ReplaceLabels(const Labels& labels, OnnxNode* node) {
  std::erase_if(node->attributes,
                [](const auto& attribute) { return attribute.name == "classlabels_int64s"; });
  if (labels.texts.empty()) {
    node->attributes.push_back({"classlabels_int64s", labels.integers});
  } else {
    node->attributes.push_back({"classlabels_strings", labels.texts});
  }
}

// Names the class with the largest share. ONNX's own tree classifier is not used for this: ONNX
// Runtime decides between two classes by another rule.
void AddLabels(const Labels& labels, std::vector<OnnxNode>* nodes) {
  nodes->back().outputs = {"probabilities"};
  nodes->push_back({.op_type = "ArgMax",
                    .inputs = {"probabilities"},
                    .outputs = {"index"},
                    .attributes = {{"axis", int64_t{1}}, {"keepdims", int64_t{0}}}});
  std::vector<int64_t> indices(labels.count());
  std::iota(indices.begin(), indices.end(), 0);
  OnnxNode node{.op_type = "LabelEncoder",
                .domain = "ai.onnx.ml",
                .inputs = {"index"},
                .outputs = {"label"},
                .attributes = {{"keys_int64s", std::move(indices)}}};
  if (labels.texts.empty()) {
    node.attributes.push_back({"values_int64s", labels.integers});
  } else {
    node.attributes.push_back({"values_strings", labels.texts});
  }
  nodes->push_back(std::move(node));
}

void SetLabels(const Labels& labels, OnnxNode* node) {
  if (labels.texts.empty()) {
    node->attributes.push_back({"classlabels_ints", labels.integers});
  } else {
    node->attributes.push_back({"classlabels_strings", labels.texts});
  }
}

// Adds the model behind the scalers; returns its classes, none for a regressor.
Labels AddModel(const Json& step, size_t features, const std::string& input,
                std::vector<OnnxNode>* nodes) {
  const std::string& name = step.At("class").AsString("class");
  if (IsOneOf(name, {"LinearRegression", "Ridge", "Lasso", "ElasticNet"})) {
    nodes->push_back(LinearRegressor(step, features, input));
    return {};
  }
  if (IsOneOf(name, {"DecisionTreeRegressor", "ExtraTreeRegressor", "RandomForestRegressor",
                     "ExtraTreesRegressor"})) {
    nodes->push_back(Forest(step, features, 1, input));
    return {};
  }
  if (name == "GradientBoostingRegressor") {
    nodes->push_back(Boosting(step, features, 0, input));
    return {};
  }
  if (name == "GradientBoostingClassifier") {
    Labels labels = ReadLabels(step);
    nodes->push_back(Boosting(step, features, labels.count(), input));
    ReplaceLabels(labels, &nodes->back());
    return labels;
  }
  const bool trees = IsOneOf(name, {"DecisionTreeClassifier", "ExtraTreeClassifier",
                                    "RandomForestClassifier", "ExtraTreesClassifier"});
  if (!trees && name != "LogisticRegression") {
    throw InvalidArgument("{} cannot be converted to ONNX", name);
  }
  Labels labels = ReadLabels(step);
  if (trees) {
    nodes->push_back(Forest(step, features, labels.count(), input));
    AddLabels(labels, nodes);
  } else {
    nodes->push_back(LinearClassifier(step, features, labels, input));
    SetLabels(labels, &nodes->back());
  }
  return labels;
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
  const auto& steps = document.At("steps").AsArray("steps");
  if (steps.empty() || steps.size() > kStepsMax) {
    throw InvalidArgument("An export has 1 to {} steps", kStepsMax);
  }
  const auto width = static_cast<size_t>(features);
  OnnxModel model{.name = "scikit-learn"};
  std::string input = "X";
  for (size_t i = 0; i + 1 < steps.size(); ++i) {
    const std::string& name = steps[i].At("class").AsString("class");
    if (name != "StandardScaler") throw InvalidArgument("{} cannot be converted to ONNX", name);
    const std::string output = fmt::format("scaled{}", i);
    model.nodes.push_back(Scaler(steps[i], width, input, output));
    input = output;
  }
  const Labels labels = AddModel(steps.back(), width, input, &model.nodes);
  model.inputs = {{.name = "X", .type = DataType::kFp32, .shape = {-1, features}}};
  if (labels.count() == 0) {
    model.outputs = {{.name = "variable", .type = DataType::kFp32, .shape = {-1, 1}}};
  } else {
    model.outputs = {{.name = "label",
                      .type = labels.texts.empty() ? DataType::kInt64 : DataType::kBytes,
                      .shape = {-1}},
                     {.name = "probabilities",
                      .type = DataType::kFp32,
                      .shape = {-1, static_cast<int64_t>(labels.count())}}};
  }
  const auto names = document.GetStrings("feature_names");
  if (names.size() == width) {
    model.metadata = {{"feature_names", document.At("feature_names").Dump()}};
  }
  return SerializeOnnxModel(model);
}

}  // namespace millwright::inference

#include "inference/tree_converter.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "base/json.h"
#include "inference/tree_ensemble.h"

namespace millwright::inference {
namespace {

// What an objective's sums become, and how base_score becomes their start.
struct Objective {
  std::string_view name;
  bool classifies;
  std::string_view transform;
};
// docs/reference/model-conversion.md lists them; a test compares.
constexpr Objective kObjectives[] = {
    {"binary:logistic", true, "LOGISTIC"}, {"multi:softprob", true, "SOFTMAX"},
    {"reg:squarederror", false, "NONE"},   {"reg:squaredlogerror", false, "NONE"},
    {"reg:absoluteerror", false, "NONE"},  {"reg:pseudohubererror", false, "NONE"},
    {"reg:quantileerror", false, "NONE"},  {"count:poisson", false, "EXP"},
    {"reg:gamma", false, "EXP"},           {"reg:tweedie", false, "EXP"},
};

// The arrays of one tree in XGBoost's JSON.
struct TreeArrays {
  const Json::Array& left;
  const Json::Array& right;
  const Json::Array& features;
  const Json::Array& conditions;
  const Json::Array& default_left;
};

TreeArrays ArraysOf(const Json& tree) {
  const Json* categories = tree.Find("categories_nodes");
  if (categories != nullptr && !categories->AsArray("categories_nodes").empty()) {
    throw InvalidArgument("Categorical splits cannot be converted to ONNX");
  }
  const TreeArrays arrays{tree.At("left_children").AsArray(), tree.At("right_children").AsArray(),
                          tree.At("split_indices").AsArray(), tree.At("split_conditions").AsArray(),
                          tree.At("default_left").AsArray()};
  // Leaves with several values are those of multi_strategy=multi_output_tree.
  const Json* param = tree.Find("tree_param");
  const std::string values = param == nullptr ? "" : param->GetString("size_leaf_vector");
  if (!values.empty() && values != "0" && values != "1") {
    throw InvalidArgument("Trees with several values a leaf cannot be converted to ONNX");
  }
  const size_t count = arrays.left.size();
  if (arrays.right.size() != count || arrays.features.size() != count ||
      arrays.conditions.size() != count || arrays.default_left.size() != count) {
    throw InvalidArgument("A tree of the model has arrays of unequal length");
  }
  return arrays;
}

// XGBoost writes the flag as 0/1 or as a boolean.
bool Flag(const Json& json) {
  return json.is_bool() ? json.AsBool() : json.AsInt() != 0;
}

void AddTree(int64_t tree_id, const Json& tree, int64_t target, TreeEnsemble* out) {
  const TreeArrays arrays = ArraysOf(tree);
  for (size_t i = 0; i < arrays.left.size(); ++i) {
    const auto node = static_cast<int64_t>(i);
    // The text is the shortest that reads back as the same float32.
    const float condition = static_cast<float>(arrays.conditions[i].AsDouble());
    if (arrays.left[i].AsInt() < 0) {
      out->AddLeaf(tree_id, node, target, condition);
      continue;
    }
    out->AddBranch(tree_id, node,
                   {.feature = arrays.features[i].AsInt(),
                    .mode = "BRANCH_LT",
                    .value = condition,
                    .true_node = arrays.left[i].AsInt(),
                    .false_node = arrays.right[i].AsInt(),
                    .missing_is_true = Flag(arrays.default_left[i])});
  }
}

const Objective& ObjectiveOf(const Json& learner) {
  const std::string& booster = learner.At("gradient_booster").At("name").AsString();
  if (booster != "gbtree") throw InvalidArgument("Only gbtree can be converted: {}", booster);
  const std::string& name = learner.At("objective").At("name").AsString();
  for (const Objective& objective : kObjectives) {
    if (objective.name == name) return objective;
  }
  throw InvalidArgument("The XGBoost objective cannot be converted: {}", name);
}

// Reads base_score: "5E-1", or "[5E-1]" with one number a class as versions from 3.1 on write it.
std::vector<double> BaseScores(const Json& learner, size_t count) {
  const std::string& text =
      learner.At("learner_model_param").At("base_score").AsString("base_score");
  std::vector<double> scores;
  const char* at = text.c_str();
  if (*at == '[') ++at;
  for (;;) {
    char* end = nullptr;
    scores.push_back(std::strtod(at, &end));
    if (end == at) throw InvalidArgument("Unknown base_score: {}", text);
    if (*end != ',') break;
    at = end + 1;
  }
  if (scores.size() == 1) scores.resize(count, scores[0]);
  if (scores.size() != count) throw InvalidArgument("Unknown base_score: {}", text);
  return scores;
}

float BaseMargin(const Objective& objective, double score) {
  if (objective.transform == "LOGISTIC") return static_cast<float>(std::log(score / (1 - score)));
  if (objective.transform == "EXP") return static_cast<float>(std::log(score));
  return static_cast<float>(score);
}

}  // namespace

std::string ConvertTreesToOnnx(const Booster& booster, std::vector<std::string> feature_names) {
  const size_t feature_count = booster.feature_count();
  if (feature_names.empty()) feature_names = booster.feature_names();
  if (!feature_names.empty() && feature_names.size() != feature_count) {
    throw InvalidArgument("{} names are given for {} features", feature_names.size(),
                          feature_count);
  }
  const Json document = ParseJson(booster.Save(Booster::Format::kJson));
  const Json& learner = document.At("learner");
  const Objective& objective = ObjectiveOf(learner);
  const Json& model = learner.At("gradient_booster").At("model");
  const auto& trees = model.At("trees").AsArray("trees");
  const auto& targets = model.At("tree_info").AsArray("tree_info");
  if (trees.empty()) throw InvalidArgument("The model has no trees");
  if (targets.size() != trees.size()) {
    throw InvalidArgument("The model tells the classes of {} of its {} trees", targets.size(),
                          trees.size());
  }
  TreeEnsemble ensemble;
  for (size_t i = 0; i < trees.size(); ++i) {
    AddTree(static_cast<int64_t>(i), trees[i], targets[i].AsInt("tree_info"), &ensemble);
  }

  const size_t groups = booster.group_count();
  if (groups > 1 && objective.transform != "SOFTMAX") {
    throw InvalidArgument("A model with {} values a row cannot be converted to ONNX", groups);
  }
  TreeEnsembleOutput output{
      .classes = objective.classifies ? std::max<int64_t>(2, static_cast<int64_t>(groups)) : 0,
      .transform = std::string(objective.transform)};
  for (const double score : BaseScores(learner, groups)) {
    output.base_values.push_back(BaseMargin(objective, score));
  }
  return SerializeOnnxModel(
      MakeTreeModel(std::move(ensemble), output, feature_count, feature_names));
}

}  // namespace millwright::inference

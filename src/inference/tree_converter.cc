#include "inference/tree_converter.h"

#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "base/json.h"
#include "inference/tree_ensemble.h"

namespace millwright::inference {
namespace {

enum class Kind { kBinaryClassifier, kRegressor };

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

void AddTree(int64_t tree_id, const Json& tree, TreeEnsemble* out) {
  const TreeArrays arrays = ArraysOf(tree);
  for (size_t i = 0; i < arrays.left.size(); ++i) {
    const auto node = static_cast<int64_t>(i);
    // The text is the shortest that reads back as the same float32.
    const float condition = static_cast<float>(arrays.conditions[i].AsDouble());
    if (arrays.left[i].AsInt() < 0) {
      out->AddLeaf(tree_id, node, 0, condition);
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

Kind KindOf(const Json& learner) {
  const std::string& booster = learner.At("gradient_booster").At("name").AsString();
  if (booster != "gbtree") throw InvalidArgument("Only gbtree can be converted: {}", booster);
  const std::string& objective = learner.At("objective").At("name").AsString();
  if (objective == "binary:logistic") return Kind::kBinaryClassifier;
  if (objective == "reg:squarederror") return Kind::kRegressor;
  throw InvalidArgument("Only binary:logistic and reg:squarederror can be converted: {}",
                        objective);
}

// Reads base_score: "5E-1", or "[5E-1]" as versions from 3.1 on write it.
double BaseScore(const Json& learner) {
  std::string text = learner.At("learner_model_param").At("base_score").AsString("base_score");
  if (text.starts_with('[')) text.erase(0, 1);
  char* end = nullptr;
  const double score = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || *end == ',') throw InvalidArgument("Unknown base_score: {}", text);
  return score;
}

float BaseMargin(Kind kind, double score) {
  if (kind == Kind::kRegressor) return static_cast<float>(score);
  return static_cast<float>(std::log(score / (1 - score)));
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
  const Kind kind = KindOf(learner);
  const auto& trees = learner.At("gradient_booster").At("model").At("trees").AsArray("trees");
  if (trees.empty()) throw InvalidArgument("The model has no trees");
  TreeEnsemble ensemble;
  for (size_t i = 0; i < trees.size(); ++i) AddTree(static_cast<int64_t>(i), trees[i], &ensemble);

  const bool classifies = kind == Kind::kBinaryClassifier;
  const TreeEnsembleOutput output{.classes = classifies ? 2 : 0,
                                  .transform = classifies ? "LOGISTIC" : "NONE",
                                  .base_values = {BaseMargin(kind, BaseScore(learner))}};
  return SerializeOnnxModel(
      MakeTreeModel(std::move(ensemble), output, feature_count, feature_names));
}

}  // namespace millwright::inference

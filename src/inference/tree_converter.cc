#include "inference/tree_converter.h"

#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "base/json.h"
#include "inference/onnx_writer.h"

namespace millwright::inference {
namespace {

constexpr char kMlDomain[] = "ai.onnx.ml";

enum class Kind { kBinaryClassifier, kRegressor };

// The nodes of all trees in the parallel arrays that the ONNX operators take.
struct Ensemble {
  std::vector<int64_t> tree_ids, node_ids, feature_ids, true_nodes, false_nodes, missing_true;
  std::vector<float> values;
  std::vector<std::string> modes;
  std::vector<int64_t> leaf_tree_ids, leaf_node_ids, leaf_targets;
  std::vector<float> leaf_weights;
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

void AddTree(int64_t tree_id, const Json& tree, Ensemble* out) {
  const TreeArrays arrays = ArraysOf(tree);
  for (size_t node = 0; node < arrays.left.size(); ++node) {
    const bool is_leaf = arrays.left[node].AsInt() < 0;
    // The text is the shortest that reads back as the same float32.
    const float condition = static_cast<float>(arrays.conditions[node].AsDouble());
    out->tree_ids.push_back(tree_id);
    out->node_ids.push_back(static_cast<int64_t>(node));
    out->modes.emplace_back(is_leaf ? "LEAF" : "BRANCH_LT");
    out->feature_ids.push_back(is_leaf ? 0 : arrays.features[node].AsInt());
    out->values.push_back(is_leaf ? 0.0F : condition);
    out->true_nodes.push_back(is_leaf ? 0 : arrays.left[node].AsInt());
    out->false_nodes.push_back(is_leaf ? 0 : arrays.right[node].AsInt());
    out->missing_true.push_back(!is_leaf && Flag(arrays.default_left[node]) ? 1 : 0);
    if (!is_leaf) continue;
    out->leaf_tree_ids.push_back(tree_id);
    out->leaf_node_ids.push_back(static_cast<int64_t>(node));
    out->leaf_targets.push_back(0);
    out->leaf_weights.push_back(condition);
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

OnnxNode MakeNode(Kind kind, Ensemble trees, float base_margin) {
  const bool classifies = kind == Kind::kBinaryClassifier;
  const std::string leaf = classifies ? "class" : "target";
  OnnxNode node{.op_type = classifies ? "TreeEnsembleClassifier" : "TreeEnsembleRegressor",
                .domain = kMlDomain,
                .inputs = {"X"}};
  node.outputs = classifies ? std::vector<std::string>{"label", "probabilities"}
                            : std::vector<std::string>{"variable"};
  node.attributes = {
      {"nodes_treeids", std::move(trees.tree_ids)},
      {"nodes_nodeids", std::move(trees.node_ids)},
      {"nodes_featureids", std::move(trees.feature_ids)},
      {"nodes_modes", std::move(trees.modes)},
      {"nodes_values", std::move(trees.values)},
      {"nodes_truenodeids", std::move(trees.true_nodes)},
      {"nodes_falsenodeids", std::move(trees.false_nodes)},
      {"nodes_missing_value_tracks_true", std::move(trees.missing_true)},
      {leaf + "_treeids", std::move(trees.leaf_tree_ids)},
      {leaf + "_nodeids", std::move(trees.leaf_node_ids)},
      {leaf + "_ids", std::move(trees.leaf_targets)},
      {leaf + "_weights", std::move(trees.leaf_weights)},
      {"base_values", std::vector<float>{base_margin}},
  };
  if (classifies) {
    node.attributes.push_back({"classlabels_int64s", std::vector<int64_t>{0, 1}});
    node.attributes.push_back({"post_transform", std::string("LOGISTIC")});
  } else {
    node.attributes.push_back({"n_targets", int64_t{1}});
  }
  return node;
}

std::vector<TensorSpec> OutputsOf(Kind kind) {
  if (kind == Kind::kRegressor) {
    return {{.name = "variable", .type = DataType::kFp32, .shape = {-1, 1}}};
  }
  return {{.name = "label", .type = DataType::kInt64, .shape = {-1}},
          {.name = "probabilities", .type = DataType::kFp32, .shape = {-1, 2}}};
}

std::string NameList(const std::vector<std::string>& names) {
  Json list = Json::MakeArray();
  for (const std::string& name : names) list.Append(name);
  return list.Dump();
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
  Ensemble ensemble;
  for (size_t i = 0; i < trees.size(); ++i) AddTree(static_cast<int64_t>(i), trees[i], &ensemble);

  OnnxModel model{.name = "trees"};
  model.nodes.push_back(MakeNode(kind, std::move(ensemble), BaseMargin(kind, BaseScore(learner))));
  model.inputs = {
      {.name = "X", .type = DataType::kFp32, .shape = {-1, static_cast<int64_t>(feature_count)}}};
  model.outputs = OutputsOf(kind);
  if (!feature_names.empty()) {
    model.metadata = {{"feature_names", NameList(feature_names)},
                      {"optional_features", NameList(feature_names)}};
  }
  return SerializeOnnxModel(model);
}

}  // namespace millwright::inference

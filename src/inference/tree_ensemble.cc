#include "inference/tree_ensemble.h"

#include <cmath>
#include <limits>

#include "base/json.h"

namespace millwright::inference {
namespace {

constexpr char kMlDomain[] = "ai.onnx.ml";

std::string NameList(const std::vector<std::string>& names) {
  Json list = Json::MakeArray();
  for (const std::string& name : names) list.Append(name);
  return list.Dump();
}

}  // namespace

OnnxNode MakeTreeNode(TreeEnsemble trees, const TreeEnsembleOutput& output) {
  const bool classifies = output.classes > 0;
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
  };
  if (!output.base_values.empty()) node.attributes.push_back({"base_values", output.base_values});
  if (!classifies) {
    node.attributes.push_back({"n_targets", output.targets});
    return node;
  }
  std::vector<int64_t> labels;
  for (int64_t label = 0; label < output.classes; ++label) labels.push_back(label);
  node.attributes.push_back({"classlabels_int64s", std::move(labels)});
  node.attributes.push_back({"post_transform", output.transform});
  return node;
}

float RoundDownToFloat(double threshold) {
  auto rounded = static_cast<float>(threshold);
  if (static_cast<double>(rounded) > threshold) {
    rounded = std::nextafter(rounded, -std::numeric_limits<float>::infinity());
  }
  return rounded;
}

void TreeEnsemble::AddBranch(int64_t tree, int64_t node, const Branch& branch) {
  tree_ids.push_back(tree);
  node_ids.push_back(node);
  modes.emplace_back(branch.mode);
  feature_ids.push_back(branch.feature);
  values.push_back(branch.value);
  true_nodes.push_back(branch.true_node);
  false_nodes.push_back(branch.false_node);
  missing_true.push_back(branch.missing_is_true ? 1 : 0);
}

void TreeEnsemble::AddLeaf(int64_t tree, int64_t node, int64_t target, float weight) {
  AddBranch(tree, node, {.mode = "LEAF"});
  leaf_tree_ids.push_back(tree);
  leaf_node_ids.push_back(node);
  leaf_targets.push_back(target);
  leaf_weights.push_back(weight);
}

OnnxModel MakeTreeModel(TreeEnsemble trees, const TreeEnsembleOutput& output, size_t feature_count,
                        const std::vector<std::string>& feature_names) {
  OnnxModel model{.name = "trees"};
  model.nodes.push_back(MakeTreeNode(std::move(trees), output));
  model.inputs = {
      {.name = "X", .type = DataType::kFp32, .shape = {-1, static_cast<int64_t>(feature_count)}}};
  if (output.classes == 0) {
    if (output.transform == "EXP") {
      model.nodes.back().outputs = {"log"};
      model.nodes.push_back({.op_type = "Exp", .inputs = {"log"}, .outputs = {"variable"}});
    }
    model.outputs = {{.name = "variable", .type = DataType::kFp32, .shape = {-1, 1}}};
  } else {
    model.outputs = {
        {.name = "label", .type = DataType::kInt64, .shape = {-1}},
        {.name = "probabilities", .type = DataType::kFp32, .shape = {-1, output.classes}}};
  }
  if (!feature_names.empty()) {
    model.metadata = {{"feature_names", NameList(feature_names)},
                      {"optional_features", NameList(feature_names)}};
  }
  return model;
}

}  // namespace millwright::inference

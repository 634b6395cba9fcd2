#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "inference/onnx_writer.h"

namespace millwright::inference {

// The nodes of all trees in the parallel arrays that ONNX's TreeEnsemble operators take.
struct TreeEnsemble {
  std::vector<int64_t> tree_ids, node_ids, feature_ids, true_nodes, false_nodes, missing_true;
  std::vector<float> values;
  std::vector<std::string> modes;
  std::vector<int64_t> leaf_tree_ids, leaf_node_ids, leaf_targets;
  std::vector<float> leaf_weights;

  struct Branch {
    int64_t feature = 0;
    const char* mode = "BRANCH_LEQ";
    float value = 0;
    int64_t true_node = 0;
    int64_t false_node = 0;
    bool missing_is_true = false;
  };
  void AddBranch(int64_t tree, int64_t node, const Branch& branch);
  void AddLeaf(int64_t tree, int64_t node, int64_t target, float weight);
};

// What the sums of the leaves become.
struct TreeEnsembleOutput {
  int64_t classes = 0;             // 0: a regressor; 2 and more: a classifier with labels 0, 1, …
  int64_t targets = 1;             // of a regressor
  std::string transform = "NONE";  // of a classifier LOGISTIC or SOFTMAX, of a regressor EXP
  std::vector<float> base_values;  // one a target, or none
};

// The largest float32 that is not above a threshold: `x <= threshold` then says the same of every
// float32 x.
float RoundDownToFloat(double threshold);

// Makes the operator alone, with the input X.
OnnxNode MakeTreeNode(TreeEnsemble trees, const TreeEnsembleOutput& output);

// Makes the model X FP32 [N,features] → label INT64 [N] and probabilities FP32 [N,classes], or
// variable FP32 [N,1]. `feature_names` go to the metadata, all of them optional.
OnnxModel MakeTreeModel(TreeEnsemble trees, const TreeEnsembleOutput& output, size_t feature_count,
                        const std::vector<std::string>& feature_names);

}  // namespace millwright::inference

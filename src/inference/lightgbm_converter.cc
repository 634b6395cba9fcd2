#include "inference/lightgbm_converter.h"

#include "inference/lightgbm_model.h"
#include "inference/tree_ensemble.h"

namespace millwright::inference {
namespace {

void AddTree(const LightgbmTree& tree, int64_t index, const LightgbmModel& model,
             TreeEnsemble* out) {
  const size_t splits = tree.splits();
  for (size_t i = 0; i < splits; ++i) {
    out->AddBranch(index, static_cast<int64_t>(i),
                   {.feature = tree.features[i],
                    .value = RoundDownToFloat(tree.thresholds[i]),
                    .true_node = tree.left[i],
                    .false_node = tree.right[i],
                    .missing_is_true = tree.missing_left[i]});
  }
  for (size_t i = 0; i < tree.leaves.size(); ++i) {
    const int64_t target = model.trees_a_round > 1 ? index % model.trees_a_round : 0;
    out->AddLeaf(index, static_cast<int64_t>(splits + i), target,
                 static_cast<float>(tree.leaves[i] * model.scale));
  }
}

}  // namespace

ConvertedTrees ConvertLightgbmToOnnx(std::string_view text) {
  const LightgbmModel model = ReadLightgbm(text);
  TreeEnsemble trees;
  for (size_t i = 0; i < model.trees.size(); ++i) {
    AddTree(model.trees[i], static_cast<int64_t>(i), model, &trees);
  }
  const TreeEnsembleOutput output{
      .classes = model.classes,
      .transform = model.transform,
      .base_values = std::vector<float>(static_cast<size_t>(model.trees_a_round), 0.0F)};
  return {.onnx = SerializeOnnxModel(
              MakeTreeModel(std::move(trees), output, model.feature_count, model.feature_names)),
          .trees = model.trees.size(),
          .feature_count = model.feature_count,
          .feature_names = model.feature_names};
}

}  // namespace millwright::inference

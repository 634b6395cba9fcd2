#include "inference/sklearn_trees.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "inference/tree_ensemble.h"

namespace millwright::inference {
namespace {

constexpr size_t kNodesMax = 1 << 24;  // of one tree

// What the leaves of a tree hold and where it goes.
struct Leaves {
  size_t values = 1;  // counts or shares a class; 1: a number
  double scale = 1;   // of what they add
  int64_t first_target = 0;
};

// One tree of an export: arrays with a place a node.
class TreeReader {
 public:
  TreeReader(const Json& tree, int64_t index, size_t features, TreeEnsemble* out)
      : left_(tree.At("children_left").AsArray()),
        right_(tree.At("children_right").AsArray()),
        feature_(tree.At("feature").AsArray()),
        value_(tree.At("value").AsArray()),
        threshold_(ReadNumbers(tree, "threshold")),
        missing_left_(OptionalArray(tree, "missing_left")),
        categories_(OptionalArray(tree, "categories")),
        index_(index),
        features_(static_cast<int64_t>(features)),
        next_node_(static_cast<int64_t>(left_.size())),
        out_(out) {
    for (const size_t count : {right_.size(), feature_.size(), value_.size(), threshold_.size()}) {
      RequireCount(count, left_.size(), "a tree");
    }
    for (const auto* optional : {missing_left_, categories_}) {
      if (optional != nullptr) RequireCount(optional->size(), left_.size(), "a tree");
    }
    if (left_.size() > kNodesMax) throw InvalidArgument("A tree has {} nodes", left_.size());
  }

  void Add(const Leaves& leaves) {
    for (size_t at = 0; at < left_.size(); ++at) {
      if (left_[at].AsInt() < 0) {
        AddLeaf(at, leaves);
      } else {
        AddBranch(at);
      }
    }
  }

 private:
  static const Json::Array* OptionalArray(const Json& tree, std::string_view key) {
    const Json* array = tree.Find(key);
    return array == nullptr ? nullptr : &array->AsArray(key);
  }

  void AddLeaf(size_t at, const Leaves& leaves) {
    const auto node = static_cast<int64_t>(at);
    std::vector<double> values;
    for (const Json& item : value_[at].AsArray("value")) values.push_back(item.AsDouble("value"));
    RequireCount(values.size(), leaves.values, "a leaf");
    const double sum = leaves.values == 1 ? 1 : std::accumulate(values.begin(), values.end(), 0.0);
    const auto weight = [&](size_t i) {
      return static_cast<float>(values[i] / sum * leaves.scale);
    };
    out_->AddLeaf(index_, node, leaves.first_target, weight(0));
    for (size_t i = 1; i < leaves.values; ++i) {
      out_->leaf_tree_ids.push_back(index_);
      out_->leaf_node_ids.push_back(node);
      out_->leaf_targets.push_back(leaves.first_target + static_cast<int64_t>(i));
      out_->leaf_weights.push_back(weight(i));
    }
  }

  void AddBranch(size_t at) {
    const auto node = static_cast<int64_t>(at);
    // A child comes after its parent, so that the nodes are a tree and end.
    for (const Json* child : {&left_[at], &right_[at]}) {
      if (child->AsInt() <= node || child->AsInt() >= static_cast<int64_t>(left_.size())) {
        throw InvalidArgument("A tree of the export is none");
      }
    }
    if (feature_[at].AsInt() < 0 || feature_[at].AsInt() >= features_) {
      throw InvalidArgument("A tree of the export splits by a feature that is not there");
    }
    if (categories_ != nullptr && !(*categories_)[at].is_null()) return AddCategories(at);
    out_->AddBranch(index_, node,
                    {.feature = feature_[at].AsInt(),
                     .value = RoundDownToFloat(threshold_[at]),
                     .true_node = left_[at].AsInt(),
                     .false_node = right_[at].AsInt(),
                     .missing_is_true = MissingIsLeft(at)});
  }

  bool MissingIsLeft(size_t at) const {
    return missing_left_ != nullptr && (*missing_left_)[at].AsBool("missing_left");
  }

  // A chain that asks for one category after another. It names those of the side on which a missing
  // value is not, so that its end is the way for missing and for unknown ones.
  void AddCategories(size_t at) {
    const bool missing_left = MissingIsLeft(at);
    const int64_t named = missing_left ? right_[at].AsInt() : left_[at].AsInt();
    const int64_t rest = missing_left ? left_[at].AsInt() : right_[at].AsInt();
    auto values = ReadNumbers((*categories_)[at], missing_left ? "right" : "left");
    // No category is below 0.
    if (values.empty()) values.push_back(-1);
    auto node = static_cast<int64_t>(at);
    for (size_t i = 0; i < values.size(); ++i) {
      const bool last = i + 1 == values.size();
      const int64_t next = last ? rest : next_node_++;
      out_->AddBranch(index_, node,
                      {.feature = feature_[at].AsInt(),
                       .mode = "BRANCH_EQ",
                       .value = static_cast<float>(values[i]),
                       .true_node = named,
                       .false_node = next});
      node = next;
    }
  }

  const Json::Array& left_;
  const Json::Array& right_;
  const Json::Array& feature_;
  const Json::Array& value_;
  const std::vector<double> threshold_;
  const Json::Array* missing_left_;  // where NaN goes left; without it the tree takes none
  const Json::Array* categories_;    // null, or the categories on either side
  const int64_t index_;
  const int64_t features_;
  int64_t next_node_;
  TreeEnsemble* out_;
};

const Json::Array& TreesOf(const Json& step) {
  const auto& trees = step.At("trees").AsArray("trees");
  if (trees.empty()) throw InvalidArgument("The export has no trees");
  return trees;
}

}  // namespace

OnnxNode MakeForest(const Json& step, const Block& input, size_t targets) {
  const auto& trees = TreesOf(step);
  TreeEnsemble ensemble;
  const Leaves leaves{.values = targets, .scale = 1 / static_cast<double>(trees.size())};
  for (size_t i = 0; i < trees.size(); ++i) {
    TreeReader(trees[i], static_cast<int64_t>(i), input.width, &ensemble).Add(leaves);
  }
  OnnxNode node = MakeTreeNode(std::move(ensemble), {.targets = static_cast<int64_t>(targets)});
  node.inputs = {input.tensor};
  return node;
}

OnnxNode MakeBoosting(const Json& step, const Block& input, size_t classes) {
  const auto& trees = TreesOf(step);
  const auto base = ReadNumbers(step, "base");
  const size_t targets = classes > 2 ? classes : 1;
  RequireCount(base.size(), targets, "base");
  if (trees.size() % targets != 0) {
    throw InvalidArgument("The export has {} trees for {} classes", trees.size(), classes);
  }
  Leaves leaves{.scale = step.At("learning_rate").AsDouble("learning_rate")};
  TreeEnsemble ensemble;
  for (size_t i = 0; i < trees.size(); ++i) {
    leaves.first_target = static_cast<int64_t>(i % targets);
    TreeReader(trees[i], static_cast<int64_t>(i), input.width, &ensemble).Add(leaves);
  }
  const bool classifies = classes > 0;
  OnnxNode node = MakeTreeNode(std::move(ensemble), {.classes = static_cast<int64_t>(classes),
                                                     .transform = !classifies    ? "NONE"
                                                                  : targets == 1 ? "LOGISTIC"
                                                                                 : "SOFTMAX",
                                                     .base_values = ToFloats(base)});
  node.inputs = {input.tensor};
  return node;
}

bool LetsMiss(const Json& step) {
  const auto& trees = TreesOf(step);
  return std::any_of(trees.begin(), trees.end(),
                     [](const Json& tree) { return tree.Find("missing_left") != nullptr; });
}

}  // namespace millwright::inference

#include "inference/booster_check.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "inference/ubjson.h"

namespace millwright::inference {
namespace {

constexpr size_t kBoosterBytesMax = size_t{1} << 30;
constexpr int64_t kFeaturesMax = 1'000'000;
constexpr int64_t kClassesMax = 10'000;

// The arrays of a tree that hold one value a node.
constexpr const char* kNodeArrays[] = {"left_children", "right_children",   "parents",
                                       "split_indices", "split_conditions", "default_left",
                                       "base_weights",  "loss_changes",     "sum_hessian"};
constexpr const char* kCategoryArrays[] = {"categories", "categories_nodes", "categories_segments",
                                           "categories_sizes"};

// XGBoost writes its counts as texts.
int64_t CountOf(const Json& object, const char* name, int64_t max) {
  const std::string& text = object.At(name).AsString(name);
  int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > max) {
    throw InvalidArgument("{} is not 0 to {}: {}", name, max, text);
  }
  return value;
}

const Json::Array& ArrayOf(const Json& object, const char* name, size_t size) {
  const Json::Array& array = object.At(name).AsArray(name);
  if (array.size() != size) {
    throw InvalidArgument("{} has {} values where {} are announced", name, array.size(), size);
  }
  return array;
}

void CheckNoCategories(const Json& tree) {
  for (const char* name : kCategoryArrays) {
    const Json* array = tree.Find(name);
    if (array != nullptr && !array->AsArray(name).empty()) {
      throw InvalidArgument("categorical splits are not supported");
    }
  }
  const Json* types = tree.Find("split_type");
  if (types == nullptr) return;
  for (const Json& type : types->AsArray("split_type")) {
    if (type.AsInt("split_type") != 0)
      throw InvalidArgument("categorical splits are not supported");
  }
}

// Walks from the root: each node but the root must be the child of exactly one other.
void CheckShape(const Json::Array& left, const Json::Array& right, const Json::Array& parents) {
  const auto count = static_cast<int64_t>(left.size());
  std::vector<bool> seen(left.size(), false);
  std::vector<int64_t> open = {0};
  int64_t reached = 0;
  while (!open.empty()) {
    const int64_t node = open.back();
    open.pop_back();
    seen[static_cast<size_t>(node)] = true;
    ++reached;
    const int64_t children[] = {left[static_cast<size_t>(node)].AsInt("left_children"),
                                right[static_cast<size_t>(node)].AsInt("right_children")};
    if (children[0] == -1 && children[1] == -1) continue;
    for (const int64_t child : children) {
      const bool is_node = child > 0 && child < count;
      if (!is_node || seen[static_cast<size_t>(child)] ||
          parents[static_cast<size_t>(child)].AsInt("parents") != node ||
          children[0] == children[1]) {
        throw InvalidArgument("node {} has the child {}, which makes no tree", node, child);
      }
      open.push_back(child);
    }
  }
  if (reached != count) throw InvalidArgument("{} nodes hang on no tree", count - reached);
}

void CheckTree(const Json& tree, int64_t feature_count) {
  const Json& params = tree.At("tree_param");
  const size_t nodes = tree.At("left_children").AsArray("left_children").size();
  if (nodes == 0) throw InvalidArgument("it has no nodes");
  if (CountOf(params, "num_nodes", INT32_MAX) != static_cast<int64_t>(nodes)) {
    throw InvalidArgument("num_nodes is not the number of its nodes: {}", nodes);
  }
  if (CountOf(params, "num_feature", kFeaturesMax) > feature_count) {
    throw InvalidArgument("num_feature is more than the model's");
  }
  CountOf(params, "size_leaf_vector", 1);
  CountOf(params, "num_deleted", 0);
  for (const char* name : kNodeArrays) ArrayOf(tree, name, nodes);
  if (tree.Has("split_type")) ArrayOf(tree, "split_type", nodes);
  CheckNoCategories(tree);
  const Json::Array& left = tree.At("left_children").AsArray();
  CheckShape(left, tree.At("right_children").AsArray(), tree.At("parents").AsArray());
  const Json::Array& features = tree.At("split_indices").AsArray();
  for (size_t node = 0; node < nodes; ++node) {
    const int64_t feature = features[node].AsInt("split_indices");
    if (feature < 0 || feature >= feature_count) {
      throw InvalidArgument("node {} splits on the feature {} of {}", node, feature, feature_count);
    }
  }
}

void CheckNames(const Json& learner, const char* name, int64_t feature_count) {
  const Json* names = learner.Find(name);
  if (names == nullptr || names->AsArray(name).empty()) return;
  for (const Json& one : ArrayOf(learner, name, static_cast<size_t>(feature_count))) {
    one.AsString(name);
  }
}

void CheckBaseScore(const Json& model_param) {
  std::string text = model_param.At("base_score").AsString("base_score");
  if (text.starts_with('[')) text.erase(0, 1);
  char* end = nullptr;
  const double score = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || !std::isfinite(score)) {
    throw InvalidArgument("base_score is no number: {}", text);
  }
}

void CheckBooster(const Json& document) {
  const Json& learner = document.At("learner");
  const Json& model_param = learner.At("learner_model_param");
  const int64_t features = CountOf(model_param, "num_feature", kFeaturesMax);
  const int64_t classes = CountOf(model_param, "num_class", kClassesMax);
  if (model_param.Has("num_target")) CountOf(model_param, "num_target", 1);
  CheckBaseScore(model_param);
  CheckNames(learner, "feature_names", features);
  CheckNames(learner, "feature_types", features);
  learner.At("objective").At("name").AsString("objective");
  const Json& booster = learner.At("gradient_booster");
  const std::string& name = booster.At("name").AsString("name");
  if (name != "gbtree") throw InvalidArgument("only gbtree is supported: {}", name);
  const Json& model = booster.At("model");
  const Json::Array& trees = model.At("trees").AsArray("trees");
  if (CountOf(model.At("gbtree_model_param"), "num_trees", INT32_MAX) !=
      static_cast<int64_t>(trees.size())) {
    throw InvalidArgument("num_trees is not the number of trees: {}", trees.size());
  }
  for (const Json& group : ArrayOf(model, "tree_info", trees.size())) {
    const int64_t index = group.AsInt("tree_info");
    if (index < 0 || index >= std::max<int64_t>(1, classes)) {
      throw InvalidArgument("a tree belongs to the class {} of {}", index, classes);
    }
  }
  for (size_t i = 0; i < trees.size(); ++i) {
    if (trees[i].GetInt("id") != static_cast<int64_t>(i)) {
      throw InvalidArgument("tree {} carries another id", i);
    }
    try {
      CheckTree(trees[i], features);
    } catch (const Error& error) {
      throw InvalidArgument("tree {}: {}", i, error.message());
    }
  }
}

XgboostRelease ReleaseOf(const Json& document) {
  constexpr int64_t kNumberMax = 1'000'000;
  if (!document.Has("version")) return {};
  int numbers[3] = {};
  const Json::Array& parts = ArrayOf(document, "version", std::size(numbers));
  for (size_t i = 0; i < parts.size(); ++i) {
    const int64_t number = parts[i].AsInt("version");
    if (number < 0 || number > kNumberMax) throw InvalidArgument("version is no release");
    numbers[i] = static_cast<int>(number);
  }
  return {numbers[0], numbers[1], numbers[2]};
}

}  // namespace

XgboostRelease CheckBoosterFile(const std::filesystem::path& path) {
  const MappedFile file(path);
  try {
    if (file.bytes().size() > kBoosterBytesMax) throw InvalidArgument("it is larger than 1 GiB");
    const Json document =
        path.extension() == ".json" ? ParseJson(file.bytes()) : ParseUbjson(file.bytes());
    CheckBooster(document);
    return ReleaseOf(document);
  } catch (const Error& error) {
    throw InvalidArgument("The model is refused: {}: {}", path.filename().string(),
                          error.message());
  }
}

void RequireReadable(const XgboostRelease& writer, const XgboostRelease& library) {
  if (writer <= library || writer <= kXgboostReadByOlderMax) return;
  throw InvalidArgument(
      "The model was written by XGBoost {}; the library here is {}, which reads it as another "
      "model",
      writer.str(), library.str());
}

}  // namespace millwright::inference

#include "inference/lightgbm_model.h"

#include <charconv>
#include <cstdlib>
#include <map>
#include <sstream>

#include "base/error.h"

namespace millwright::inference {
namespace {

constexpr size_t kTreesMax = 100'000;
constexpr size_t kLeavesMax = 1 << 20;  // of one tree
constexpr int64_t kClassesMax = 10'000;
constexpr size_t kFeaturesMax = 1'000'000;

using Section = std::map<std::string, std::string, std::less<>>;

// Cuts the text into its header and its trees, each of lines `key=value`.
struct Sections {
  Section header;
  std::vector<Section> trees;
};

Sections Split(std::string_view text) {
  Sections sections;
  Section* current = &sections.header;
  bool ended = false;
  for (size_t begin = 0; begin < text.size() && !ended;) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    ended = line == "end of trees";
    const size_t equals = line.find('=');
    if (line.starts_with("Tree=")) {
      if (sections.trees.size() == kTreesMax) {
        throw InvalidArgument("The model has more than {} trees", kTreesMax);
      }
      current = &sections.trees.emplace_back();
    } else if (equals != std::string_view::npos) {
      (*current)[std::string(line.substr(0, equals))] = line.substr(equals + 1);
    } else if (!line.empty()) {
      (*current)[std::string(line)] = "";
    }
  }
  if (!sections.header.contains("tree")) throw InvalidArgument("This is no LightGBM text model");
  if (!ended || sections.trees.empty()) throw InvalidArgument("The LightGBM model ends early");
  return sections;
}

const std::string& ValueOf(const Section& section, std::string_view key) {
  const auto found = section.find(key);
  if (found == section.end()) throw InvalidArgument("The LightGBM model lacks {}", key);
  return found->second;
}

template <typename T>
std::vector<T> Numbers(const Section& section, std::string_view key, size_t count) {
  const std::string& text = ValueOf(section, key);
  std::vector<T> numbers;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  while (at != end) {
    T value{};
    const auto [rest, error] = std::from_chars(at, end, value);
    if (error != std::errc() || (rest != end && *rest != ' ')) {
      throw InvalidArgument("The LightGBM model has no numbers in {}", key);
    }
    numbers.push_back(value);
    at = rest == end ? end : rest + 1;
  }
  if (numbers.size() != count) {
    throw InvalidArgument("The LightGBM model has {} numbers in {}, not {}", numbers.size(), key,
                          count);
  }
  return numbers;
}

int64_t Integer(const Section& section, std::string_view key) {
  return Numbers<int64_t>(section, key, 1)[0];
}

std::vector<std::string> Words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

struct Regression {
  std::string_view name;
  std::string_view transform;
};
// docs/reference/model-conversion.md lists them; a test compares.
constexpr Regression kRegressions[] = {
    {"regression", "NONE"}, {"regression_l1", "NONE"}, {"huber", "NONE"},       {"fair", "NONE"},
    {"quantile", "NONE"},   {"mape", "NONE"},          {"poisson", "EXP"},      {"gamma", "EXP"},
    {"tweedie", "EXP"},     {"lambdarank", "NONE"},    {"rank_xendcg", "NONE"},
};

// Reads an objective's line, such as "binary sigmoid:1" or "multiclass num_class:3".
LightgbmModel ReadObjective(const Section& header) {
  const auto words = Words(ValueOf(header, "objective"));
  const std::string name = words.empty() ? "" : words[0];
  LightgbmModel objective;
  if (name == "binary") {
    objective.classes = 2;
    objective.transform = "LOGISTIC";
    for (const std::string& word : words) {
      if (word.starts_with("sigmoid:")) objective.scale = std::strtod(word.c_str() + 8, nullptr);
    }
    if (!(objective.scale > 0))
      throw InvalidArgument("The LightGBM model's sigmoid is not positive");
    return objective;
  }
  if (name == "multiclass" || name == "softmax") {
    objective.classes = Integer(header, "num_class");
    objective.trees_a_round = objective.classes;
    objective.transform = "SOFTMAX";
    if (objective.classes < 2 || objective.classes > kClassesMax) {
      throw InvalidArgument("The LightGBM model has {} classes", objective.classes);
    }
    return objective;
  }
  for (const auto& [known, transform] : kRegressions) {
    if (name != known) continue;
    if (words.size() > 1 && words[1] == "sqrt") break;  // squares what comes out
    objective.transform = transform;
    return objective;
  }
  throw InvalidArgument("The LightGBM objective cannot be converted: {}",
                        ValueOf(header, "objective"));
}

// Where a missing value goes. LightGBM takes NaN for 0 where the column had none missing.
bool MissingIsLeft(int64_t decision, double threshold) {
  constexpr int64_t kCategorical = 1;
  constexpr int64_t kDefaultLeft = 2;
  const int64_t missing_type = (decision >> 2) & 3;  // none, zero, NaN
  if ((decision & kCategorical) != 0) {
    throw InvalidArgument("Categorical splits cannot be converted to ONNX");
  }
  if (missing_type == 1) {
    throw InvalidArgument("A model that takes zero as missing cannot be converted to ONNX");
  }
  return missing_type == 2 ? (decision & kDefaultLeft) != 0 : threshold >= 0;
}

// In the file a child below 0 is the complement of a leaf.
LightgbmTree ReadTree(const Section& section, size_t feature_count) {
  const auto leaves = static_cast<size_t>(Integer(section, "num_leaves"));
  if (leaves < 1 || leaves > kLeavesMax) throw InvalidArgument("A tree has {} leaves", leaves);
  const auto linear = section.find("is_linear");
  if (linear != section.end() && linear->second == "1") {
    throw InvalidArgument("Trees with linear leaves cannot be converted to ONNX");
  }
  LightgbmTree tree;
  const size_t splits = leaves - 1;
  if (splits > 0) {
    tree.features = Numbers<int64_t>(section, "split_feature", splits);
    tree.thresholds = Numbers<double>(section, "threshold", splits);
    const auto decisions = Numbers<int64_t>(section, "decision_type", splits);
    const auto left = Numbers<int64_t>(section, "left_child", splits);
    const auto right = Numbers<int64_t>(section, "right_child", splits);
    const auto node_of = [&](int64_t child) {
      const int64_t node = child >= 0 ? child : static_cast<int64_t>(splits) + ~child;
      // A child comes after its parent, so that the nodes are a tree and end.
      if (node < 0 || node >= static_cast<int64_t>(splits + leaves)) {
        throw InvalidArgument("A tree of the LightGBM model refers to a node that is not there");
      }
      return node;
    };
    for (size_t i = 0; i < splits; ++i) {
      const auto index = static_cast<int64_t>(i);
      if (tree.features[i] < 0 || tree.features[i] >= static_cast<int64_t>(feature_count) ||
          (left[i] >= 0 && left[i] <= index) || (right[i] >= 0 && right[i] <= index)) {
        throw InvalidArgument("A tree of the LightGBM model is none");
      }
      tree.left.push_back(node_of(left[i]));
      tree.right.push_back(node_of(right[i]));
      tree.missing_left.push_back(MissingIsLeft(decisions[i], tree.thresholds[i]));
    }
  }
  tree.leaves = Numbers<double>(section, "leaf_value", leaves);
  return tree;
}

}  // namespace

bool IsLightgbmText(std::string_view text) {
  return text.starts_with("tree\n") || text.starts_with("tree\r\n");
}

LightgbmModel ReadLightgbm(std::string_view text) {
  const Sections sections = Split(text);
  LightgbmModel model = ReadObjective(sections.header);
  const int64_t last_feature = Integer(sections.header, "max_feature_idx");
  if (last_feature < 0 || last_feature >= static_cast<int64_t>(kFeaturesMax)) {
    throw InvalidArgument("The LightGBM model has {} features", last_feature + 1);
  }
  model.feature_count = static_cast<size_t>(last_feature) + 1;
  model.feature_names = Words(ValueOf(sections.header, "feature_names"));
  if (model.feature_names.size() != model.feature_count) model.feature_names.clear();
  const auto per_round = static_cast<size_t>(model.trees_a_round);
  if (sections.trees.size() % per_round != 0 ||
      Integer(sections.header, "num_tree_per_iteration") != model.trees_a_round) {
    throw InvalidArgument("The LightGBM model's number of trees does not fit its classes");
  }
  // Random forests average; all others add up.
  if (sections.header.contains("average_output")) {
    // Before 2.3 (file version v3) the leaves of a forest held probabilities already.
    const auto version = sections.header.find("version");
    if (model.classes > 0 && version != sections.header.end() && version->second == "v2") {
      throw InvalidArgument("A classifying forest of LightGBM before 2.3 cannot be converted");
    }
    model.scale /= static_cast<double>(sections.trees.size() / per_round);
  }
  for (const Section& tree : sections.trees) {
    model.trees.push_back(ReadTree(tree, model.feature_count));
  }
  return model;
}

}  // namespace millwright::inference

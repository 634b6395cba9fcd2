#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millwright::inference {

// One tree. Nodes are the splits, then the leaves; children are nodes and come after their parent.
struct LightgbmTree {
  std::vector<int64_t> features, left, right;  // of the splits
  std::vector<double> thresholds;              // a value up to and at it goes left
  std::vector<bool> missing_left;              // where NaN goes
  std::vector<double> leaves;

  size_t splits() const { return features.size(); }
};

// What LightGBM's text model (versions v2 to v4) says, in its own numbers.
struct LightgbmModel {
  int64_t classes = 0;             // 0: a regressor
  int64_t trees_a_round = 1;       // tree i adds to the sum i % trees_a_round
  double scale = 1;                // of the leaves: the sigmoid's factor, the average of a forest
  std::string transform = "NONE";  // of the sums: LOGISTIC, SOFTMAX or EXP
  std::vector<LightgbmTree> trees;
  size_t feature_count = 0;
  std::vector<std::string> feature_names;  // one a feature, or none
};

// Whether a file is such a text, whatever it is called: its first line is "tree".
bool IsLightgbmText(std::string_view text);

// Throws kInvalidArgument, naming the line's key, for objectives that are not known here,
// categorical splits, linear leaves, zero as missing, and a damaged file.
LightgbmModel ReadLightgbm(std::string_view text);

}  // namespace millwright::inference

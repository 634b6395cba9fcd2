#pragma once

#include "inference/sklearn_graph.h"

namespace millwright::inference {

// Trees, forests and boosted trees of an export as one operator without an output's name.

// The mean of the step's trees: `targets` numbers a row.
OnnxNode MakeForest(const Json& step, const Block& input, size_t targets);

// The sum of scaled trees and of where the model starts; several classes have a tree each a round.
// No classes for a regressor.
OnnxNode MakeBoosting(const Json& step, const Block& input, size_t classes);

// Whether any of the step's trees says where a missing value goes.
bool LetsMiss(const Json& step);

}  // namespace millwright::inference

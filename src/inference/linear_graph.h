#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "inference/linear_model.h"

namespace millwright::inference {

// An ONNX graph that is a linear model and nothing else.
struct LinearGraph {
  LinearModel model;
  std::string input;
  // Names of values; which of them the model gives is for its outputs to say.
  std::string labels;      // of a classifier
  std::string scores;      // [N,targets]
  std::string score_maps;  // the same as maps from class to score (ZipMap); empty without
};

// Reads an ONNX file's bytes that scan::CheckOnnxFile passed: Imputer and Scaler in any order, one
// LinearClassifier or LinearRegressor, then Normalizer, ZipMap, Identity and Cast where they are
// what skl2onnx and our converter put there. Nothing when it is any other model.
std::optional<LinearGraph> ReadLinearGraph(std::string_view onnx);

}  // namespace millwright::inference

#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "inference/tensor.h"

namespace millwright::ensembles {

inline constexpr char kEnsembleFile[] = "ensemble.yaml";
inline constexpr size_t kStepsMax = 64;

// A step: a model over the rows of a table, or over tensors, or a SELECT over tables.
struct Step {
  std::string name;
  std::string sql;                             // or
  std::string model;                           // a file or folder beside the ensemble's file
  std::vector<std::string> from;               // tables: "input" or steps
  std::map<std::string, std::string> tensors;  // of a model without `from`: input → "STEP.OUTPUT"
};

// What an ensemble.yaml says:
//   inputs:   [{name: amount, type: FP64}, {name: X, type: FP32, width: 30}]
//   steps:    [{name: features, sql: SELECT … FROM input},
//              {name: score, model: score.onnx, from: features}]
//   outputs:  {probability: score.probabilities}
struct EnsembleFile {
  std::vector<inference::TensorSpec> inputs;
  std::vector<Step> steps;                                   // each behind all that it needs
  std::vector<std::pair<std::string, std::string>> outputs;  // name → "STEP.OUTPUT"
};

bool HoldsEnsemble(const std::filesystem::path& path);

// Reads a folder's file. Throws kInvalidArgument naming the step for what is missing or unknown,
// for names that are there twice and for steps that need one another in a circle.
EnsembleFile ReadEnsembleFile(const std::filesystem::path& folder);

// "STEP.OUTPUT" in its two parts; throws kInvalidArgument for text of another form.
std::pair<std::string, std::string> SplitReference(const std::string& reference);

}  // namespace millwright::ensembles

#pragma once

#include <string>
#include <vector>

#include "inference/tensor.h"

struct OrtSession;

namespace millwright::inference {

// An output of the model itself.
struct OnnxOutput {
  std::string name;
  bool is_map_sequence = false;
  TensorSpec spec;                   // of a tensor
  std::vector<std::string> symbols;  // names of its free dimensions
};

// A session's inputs and outputs as we serve them.
struct OnnxSignature {
  Signature signature;
  std::vector<std::vector<std::string>> symbols;  // names of free dimensions, input by input
  std::vector<OnnxOutput> outputs;                // of the model itself, before flattening
};

// Reads the types of inputs and outputs and, from the model's metadata, the columns
// ("feature_names", "optional_features": JSON lists of names). An output that is a sequence of maps
// from label to score (ZipMap) becomes two tensors: NAME [N,C] with the scores and NAME_keys [C]
// with the labels. Throws kInvalidArgument naming an input or output of any other kind.
OnnxSignature ReadOnnxSignature(OrtSession* session);

}  // namespace millwright::inference

#pragma once

#include <string>
#include <vector>

#include "inference/tensor.h"

struct OrtSession;

namespace millwright::inference {

// What an input or output of a model is, and how it is served: as tensors in each case.
enum class OnnxKind {
  kTensor,
  kSequence,     // of tensors of one shape: one tensor with the sequence's length in front
  kMap,          // from label to score: NAME [C] with the scores and NAME_keys [C] with the labels
  kMapSequence,  // of maps with the same labels: NAME [N,C] and NAME_keys [C]
};

// An output of the model itself.
struct OnnxOutput {
  std::string name;
  OnnxKind kind = OnnxKind::kTensor;
  bool is_optional = false;          // the model may give nothing
  TensorSpec spec;                   // of a tensor
  std::vector<std::string> symbols;  // names of its free dimensions
};

// A session's inputs and outputs as we serve them.
struct OnnxSignature {
  Signature signature;
  std::vector<std::vector<std::string>> symbols;  // names of free dimensions, input by input
  std::vector<OnnxKind> inputs;                   // what those of the signature are
  std::vector<OnnxOutput> outputs;                // of the model itself, before flattening
};

// Reads the types of inputs and outputs and, from the model's metadata, the columns
// ("feature_names", "optional_features": JSON lists of names). Sequences and maps become tensors
// (OnnxKind); inputs may be sequences of tensors, and optional: then they are left out of a run.
// Throws kInvalidArgument naming an input or output of any other kind.
OnnxSignature ReadOnnxSignature(OrtSession* session);

}  // namespace millwright::inference

#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "inference/onnx_options.h"
#include "inference/tensor.h"

namespace millwright::inference {

// A model in memory that answers. Run is thread-safe and blocks for the model's time.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual const Signature& signature() const = 0;
  // Takes the inputs by name, in any order; returns all outputs in the order of the signature.
  // Throws kInvalidArgument naming the input for a missing or unknown name, a wrong type or shape;
  // kInternal when the model itself fails, with its message.
  virtual std::vector<Tensor> Run(const std::vector<Tensor>& inputs) = 0;
  // The same with a value for every param of the signature (CompleteParams). Only Python models
  // look at them.
  virtual std::vector<Tensor> RunWithParams(const std::vector<Tensor>& inputs,
                                            const Json& /*params*/) {
    return Run(inputs);
  }
};

// Loads `model.onnx` (ONNX Runtime; a linear model is computed here, unless `onnx` says how the
// runtime shall run it), a .ubj/.json booster (XGBoost) or a text model of LightGBM.
// Throws kInvalidArgument with the reason when the file is broken or refers outside of its folder
// (external data), kUnavailable when the engine's library is not installed. Sequences and maps of
// an ONNX model are tensors here, as OnnxKind says: a sequence of maps (ZipMap) NAME [N,C] and
// NAME_keys [C], a sequence of tensors one with its length in front.
std::unique_ptr<Engine> LoadEngine(const std::filesystem::path& path, const OnnxOptions& onnx = {});

}  // namespace millwright::inference

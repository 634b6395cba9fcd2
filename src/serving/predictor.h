#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "inference/tensor.h"

namespace millwright::serving {

// What a caller can learn about a model before asking it.
struct ModelInfo {
  std::string name;
  std::vector<std::string> versions;  // that can be asked for, in the order in which they came
  std::string version;                // that answers a request which names none
  std::string platform;               // "onnxruntime_onnx", "xgboost" or "python"
  inference::Signature signature;
};
using ModelInfoPtr = std::shared_ptr<const ModelInfo>;

// One request for predictions, decoded: every protocol ends here.
struct InferRequest {
  std::string model;
  std::string version;                   // empty: the predictor chooses
  std::string id;                        // of the prediction; never empty
  std::optional<int64_t> event_time_ms;  // when it happened in the data; now where there is none
  std::vector<inference::Tensor> inputs;
};

struct InferAnswer {
  std::string model_version;
  std::string revision;  // of the endpoint; empty in a model server
  std::vector<inference::Tensor> outputs;
};

// Sends the answer, or the error in the protocol's own shape; called exactly once per request.
using InferDone = std::function<void(const Result<InferAnswer>&)>;

// Whatever answers predictions: the models of this process (ModelServer) or endpoints whose
// replicas are other processes (Gateway). The protocols of api/ know nothing else. Thread-safe.
class Predictor {
 public:
  virtual ~Predictor() = default;

  // The names that can be asked, sorted.
  virtual std::vector<std::string> Models() const = 0;
  // Throws kNotFound for a model or version that is not here. May wait, within a named limit, for a
  // model that is starting; throws kUnavailable after that.
  virtual ModelInfoPtr Describe(const std::string& model, const std::string& version) const = 0;
  // Tells whether a request would be answered now. Throws kNotFound as Describe does.
  virtual bool Ready(const std::string& model, const std::string& version) const = 0;
  // Blocks for the model's time, calls `done`, and then does what may follow an answer (logging,
  // shadows). Inputs that the model cannot take are kInvalidArgument naming the input; nothing is
  // thrown.
  virtual void Infer(InferRequest request, const InferDone& done) = 0;
};

}  // namespace millwright::serving

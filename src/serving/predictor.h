#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/trace_context.h"
#include "inference/tensor.h"
#include "serving/batching.h"
#include "serving/traffic.h"

namespace millwright::serving {

// What a caller can learn about a model before asking it.
struct ModelInfo {
  std::string name;
  std::vector<std::string> versions;  // that can be asked for, in the order in which they came
  std::string version;                // that answers a request which names none
  std::string platform;               // "onnxruntime_onnx", "xgboost", "python", "ensemble"
  inference::Signature signature;
};
using ModelInfoPtr = std::shared_ptr<const ModelInfo>;

// Who asks and how: what a gateway's limits, cache and sticky split go by. Nothing of it reaches a
// model. The function is called only within Infer.
struct Origin {
  std::string principal;     // empty where nobody is asked who calls
  std::string token = {};    // of the principal, where it called by one
  uint64_t body_bytes = 0;   // of the request as it came
  bool wants_fresh = false;  // no answer out of a cache
  bool is_admitted = false;  // Admit and AdmitRows have let it in
  // The value of a header field, or of gRPC's metadata, by its name.
  std::function<std::optional<std::string_view>(std::string_view)> header;
};

// One request for predictions, decoded: every protocol ends here.
struct InferRequest {
  std::string model;
  std::string version;                   // empty: the predictor chooses
  std::string id;                        // of the prediction; never empty
  std::string caller;                    // who asks: a principal, or an address
  std::optional<int64_t> event_time_ms;  // when it happened in the data; now where there is none
  std::vector<inference::Tensor> inputs;
  Json params;  // an object of those that the request sets; null when it sets none
  std::optional<int64_t> deadline_us = {};  // by MonotonicUs: an answer after it is of no use
  std::optional<TraceContext> trace = {};   // of this request's part in its caller's work
  Origin origin = {};
};

// Of the trace that a request is part of; empty where it is of none. A part of the request.
inline std::string_view TraceIdOf(const InferRequest& request) {
  return request.trace ? std::string_view(request.trace->trace_id) : std::string_view();
}

// The first dimension of the first input; 1 where there is none.
inline int64_t CountRows(const InferRequest& request) {
  return request.inputs.empty() || request.inputs[0].shape.empty() ? 1 : request.inputs[0].shape[0];
}

// Where the time of an answered request went, as far as it is known.
struct InferTimes {
  int64_t queue_us = 0;    // waiting for the model
  int64_t input_us = 0;    // putting the inputs of several requests together
  int64_t compute_us = 0;  // the model's own
  int64_t output_us = 0;   // taking their outputs apart
};

struct InferAnswer {
  std::string model_version;
  std::string revision;  // of the endpoint; empty in a model server
  std::vector<inference::Tensor> outputs;
  InferTimes times = {};
  bool is_cached = false;      // given before to the same inputs
  int64_t body_bytes_max = 0;  // of what is sent to the caller; 0: any
};

// Whether a version that is known here can be asked by its name.
struct VersionStatus {
  enum class State { kReady, kLoading, kUnavailable };
  std::string model;
  std::string version;
  State state = State::kUnavailable;
  std::string reason;             // why it is unavailable
  bool loads_when_asked = false;  // unavailable until a request for it loads it
};

// What a version has answered since it was loaded.
struct VersionStatistics {
  std::string model;
  std::string version;
  int64_t last_ms = 0;  // when it was asked last, 0 for never
  int64_t rows = 0;     // predicted with success
  int64_t successes = 0;
  int64_t failures = 0;
  int64_t success_us = 0;  // spent on them, all together
  int64_t failure_us = 0;
  int64_t input_us = 0;  // of the successes, as in InferTimes
  int64_t output_us = 0;
  int64_t pending = 0;          // requests that wait now: for the model, or for a replica
  BatchStatistics batches;      // of a model server
  DurationCounts request = {};  // of the successes
  DurationCounts queue = {};
  DurationCounts compute = {};

  // Of the model. A gateway counts requests and leaves runs to its replicas.
  int64_t runs() const {
    int64_t runs = 0;
    for (const auto& size : batches.sizes) runs += size.runs;
    return runs > 0 ? runs : successes;
  }
};

// Sends the answer, or the error in the protocol's own shape; called exactly once per request, from
// any thread.
using InferDone = std::function<void(const Result<InferAnswer>&)>;

// Why a request is not even tried: an error with what the caller can do about it.
struct Refusal {
  Error error;
  int64_t retry_after_ms = 0;  // the same request has hope then; 0: never, it is too large
};

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
  // Tells whether a request would be answered: now, or after the time that its model takes to load
  // where the request itself brings it (an endpoint that sleeps, VersionStatus::loads_when_asked);
  // false where it would have to wait for something else. Throws kNotFound as Describe does.
  virtual bool Ready(const std::string& model, const std::string& version) const = 0;
  // Say whether a request may be asked at all: the first by its model and caller, before its body
  // is decoded, the second by how many rows it has. Each takes what it lets in off the caller's
  // limits, so a protocol that gives a Refusal its own shape calls each once and sets is_admitted;
  // Infer does it for the others. Nothing for a model that is not here.
  virtual std::optional<Refusal> Admit(const std::string& model, const Origin& origin) = 0;
  virtual std::optional<Refusal> AdmitRows(const InferRequest& request) = 0;
  // Says that an answer would be larger than its body_bytes_max, and counts it. Only the protocol
  // knows how large it is.
  virtual Error RefuseAnswer(const std::string& model, uint64_t body_bytes, int64_t bytes_max) {
    return FailedPrecondition(
        "The answer has {} bytes, endpoint {} gives at most {}: ask for fewer rows", body_bytes,
        model, bytes_max);
  }
  // Asks the model; `done` is called now or, by another thread, after this has returned, and what
  // may follow an answer (logging, shadows) is done after it. Inputs that the model cannot take are
  // kInvalidArgument naming the input; nothing is thrown.
  virtual void Infer(InferRequest&& request, InferDone done) = 0;
  // Whether requests for this model never hold up the I/O thread that they are made on: Infer and
  // Describe, and VersionOfLabel where it is asked for, return within microseconds, and what takes
  // longer is left to others. Else they block, Infer for the model's time. Threads that are no I/O
  // threads may be held up by Infer all the same.
  enum class Naming { kVersion, kLabel };
  virtual bool IsPrompt(const std::string& model, Naming naming) const = 0;

  // All versions, by model in Models' order and then in the order in which they came. Never waits.
  virtual std::vector<VersionStatus> Index() const = 0;
  virtual std::vector<VersionStatistics> Statistics() const = 0;
  // The version that a label of a model names, an alias of the registry. Throws kNotFound.
  virtual std::string VersionOfLabel(const std::string& model, const std::string& label) const = 0;
  // Loads all versions of a model again from where they were, or lets go of them. Both throw
  // kNotFound, and kUnimplemented where that is done in another way.
  virtual void Load(const std::string& model) = 0;
  virtual void Unload(const std::string& model) = 0;
};

}  // namespace millwright::serving

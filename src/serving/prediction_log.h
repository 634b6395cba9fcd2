#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "serving/endpoint.h"
#include "serving/predictor.h"

namespace millwright::serving {

// One request, one or many rows, as it was answered or failed by the server's fault: what a
// prediction log needs. Tensors are taken over from the request, nothing is copied on the way.
struct LoggedPrediction {
  std::string id;
  std::string caller;
  std::string trace_id;  // of the caller's trace, empty where it names none
  std::string endpoint;
  std::string revision;
  Role role = Role::kLive;  // of the revision that answered: live, canary or shadow
  std::string model_version;
  int64_t time_ms = 0;        // when it was asked, by the wall clock
  int64_t event_time_ms = 0;  // when it happened in the data
  int64_t latency_us = 0;     // from the decoded request to the answer
  bool is_cached = false;     // the answer had been given before to the same inputs
  std::string error;          // why there is no answer, empty when there is one
  ModelInfoPtr model;
  std::shared_ptr<const std::vector<inference::Tensor>> inputs;
  std::vector<inference::Tensor> outputs;
};

// Takes what was predicted or failed, after the answer was sent and on the thread that sent it: it
// must not block (a full queue drops and counts) and not throw. Thread-safe.
class PredictionSink {
 public:
  virtual ~PredictionSink() = default;
  virtual void Take(LoggedPrediction prediction) = 0;
};

// One row of a logged request. Null stands for NaN; what is more than one number is a list, of more
// dimensions (an image) text of nested lists. Inputs are named by the model's columns, if it does.
struct PredictionRow {
  using Value =
      std::variant<std::monostate, bool, int64_t, double, std::string, std::vector<double>>;
  std::string id;  // the request's, and "/3" for row 3 where a request has many rows
  std::vector<std::pair<std::string, Value>> inputs;
  std::vector<std::pair<std::string, Value>> outputs;
};

// Takes a request apart into its rows; for the log's writer, not for the hot path. A tensor whose
// first dimension is not the number of rows is left out.
std::vector<PredictionRow> RowsOf(const LoggedPrediction& prediction);

}  // namespace millwright::serving

#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "inference/engine.h"
#include "scoring/outputs.h"
#include "streaming/rows.h"

namespace millwright::streaming {

struct PredictionOptions {
  std::vector<std::string> features;  // RowBatch
  // Of a row that are put in front of its predictions: names, or "all".
  std::vector<std::string> keep;
  size_t batch_rows = 1'024;  // of one run of the model
};

// Predicts rows, many in one run of the model. Each row has its own result: one that the model
// cannot take costs the others nothing. Used by one thread.
class RowPredictor {
 public:
  RowPredictor(inference::Engine& engine, PredictionOptions options);

  // For each row an object as JSON text: the kept columns, then the model's outputs by the names
  // that `millwright score` gives them.
  std::vector<Result<std::string>> Predict(const std::vector<const Json*>& rows,
                                           const std::stop_token& stop);

 private:
  struct Slot {
    size_t row = 0;  // in what Predict was given
    const Json* json = nullptr;
  };
  // Runs a part, whose rows are in the batch; where that fails, its halves, down to single rows.
  void RunPart(const Slot* begin, size_t count, RowBatch* batch,
               std::vector<Result<std::string>>* results);
  void RunAlone(const Slot& slot, std::vector<Result<std::string>>* results);
  std::vector<inference::Tensor> RunRows(RowBatch* batch);
  std::string Write(const std::vector<inference::Tensor>& outputs, size_t row, const Json& given);

  inference::Engine& engine_;
  const PredictionOptions options_;
  std::optional<scoring::OutputColumns> columns_;  // learned by the first run
  std::stop_token stop_;
};

}  // namespace millwright::streaming

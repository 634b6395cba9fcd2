#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "training/matrix_file.h"

namespace millwright::training {

// How a booster is trained. `params` go by XGBoost's own names ("max_depth", "eta"); the objective
// is binary:logistic where none is given.
struct TrainerConfig {
  std::map<std::string, std::string> params;
  int rounds_max = 200;
  int early_stopping_rounds = 20;  // without a better validation loss; 0 trains all rounds
  int64_t seed = 0;
  int threads = 1;
};

// Reads {"rounds_max", "early_stopping_rounds", "seed", "threads"} and leaves `params` to the
// caller; an unknown field throws kInvalidArgument.
TrainerConfig TrainerConfigFromJson(const Json& json);
Json TrainerConfigToJson(const TrainerConfig& config);

// One measured value: {"validation_auc", 0.71, step 12}; the step is the round, counted from 0.
struct MetricPoint {
  std::string key;
  double value = 0;
  int step = 0;
};

struct TrainedModel {
  std::string ubj;     // the booster up to its best round
  int best_round = 0;  // counted from 0
  int rounds_run = 0;
  std::map<std::string, double> best;  // the metrics of the best round
  std::map<std::string, double> gain;  // mean gain of the splits on a feature, by name
};

// Is told the metrics after each round; returns false to stop training there.
using RoundCallback = std::function<bool(const std::vector<MetricPoint>&)>;

// Trains on `train` and measures on both tables after each round: logloss and auc for binary
// classifiers, rmse and mae for regressions, as train_* and validation_*. The best round is the one
// with the lowest validation loss (logloss or rmse). The same tables, config and library give the
// same bytes. Throws kInvalidArgument for an unknown parameter, tables of different columns, or
// what XGBoost refuses.
TrainedModel TrainXgboost(const TrainerConfig& config, const TableView& train,
                          const TableView& validation, const RoundCallback& on_round);

}  // namespace millwright::training

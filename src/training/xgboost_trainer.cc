#include "training/xgboost_trainer.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "inference/booster.h"

namespace millwright::training {
namespace {

using inference::Booster;
using inference::BoosterData;
using inference::RoundMetric;

constexpr int kRoundsMax = 100'000;
constexpr int kThreadsMax = 256;

// XGBoost ignores a parameter that it does not know; a typing error must not pass as a setting.
constexpr std::string_view kParams[] = {"alpha",
                                        "base_score",
                                        "booster",
                                        "colsample_bylevel",
                                        "colsample_bynode",
                                        "colsample_bytree",
                                        "eta",
                                        "gamma",
                                        "grow_policy",
                                        "interaction_constraints",
                                        "lambda",
                                        "learning_rate",
                                        "max_bin",
                                        "max_delta_step",
                                        "max_depth",
                                        "max_leaves",
                                        "min_child_weight",
                                        "min_split_loss",
                                        "monotone_constraints",
                                        "num_parallel_tree",
                                        "objective",
                                        "reg_alpha",
                                        "reg_lambda",
                                        "sampling_method",
                                        "scale_pos_weight",
                                        "subsample",
                                        "tree_method",
                                        "tweedie_variance_power"};

// These have a field of their own.
constexpr std::pair<std::string_view, std::string_view> kReserved[] = {
    {"seed", "seed"},
    {"random_state", "seed"},
    {"nthread", "threads"},
    {"n_jobs", "threads"},
    {"num_round", "rounds_max"},
    {"n_estimators", "rounds_max"},
    {"num_boost_round", "rounds_max"}};

void CheckParam(const std::string& name) {
  for (const auto& [reserved, field] : kReserved) {
    if (name == reserved) {
      throw InvalidArgument("Set {} instead of the parameter {}", field, name).WithField(name);
    }
  }
  if (std::find(std::begin(kParams), std::end(kParams), name) == std::end(kParams)) {
    throw InvalidArgument("Unknown XGBoost parameter: {}", name).WithField(name);
  }
}

std::string ObjectiveOf(const TrainerConfig& config) {
  const auto it = config.params.find("objective");
  const std::string objective = it == config.params.end() ? "binary:logistic" : it->second;
  if (objective != "binary:logistic" && !objective.starts_with("reg:")) {
    throw InvalidArgument("Only binary:logistic and reg:* can be trained: {}", objective)
        .WithField("objective");
  }
  return objective;
}

void CheckConfig(const TrainerConfig& config) {
  for (const auto& [name, value] : config.params) CheckParam(name);
  if (config.rounds_max < 1 || config.rounds_max > kRoundsMax) {
    throw InvalidArgument("rounds_max must be 1 to {}: {}", kRoundsMax, config.rounds_max)
        .WithField("rounds_max");
  }
  if (config.threads < 1 || config.threads > kThreadsMax) {
    throw InvalidArgument("threads must be 1 to {}: {}", kThreadsMax, config.threads)
        .WithField("threads");
  }
}

void CheckTables(const TableView& train, const TableView& validation) {
  if (train.row_count() == 0 || validation.row_count() == 0) {
    throw InvalidArgument("Training needs rows to train on ({}) and to validate on ({})",
                          train.row_count(), validation.row_count());
  }
  if (!std::equal(train.columns.begin(), train.columns.end(), validation.columns.begin(),
                  validation.columns.end())) {
    throw InvalidArgument("The training and validation tables differ in their columns");
  }
}

std::vector<std::pair<std::string, std::string>> BoosterParams(const TrainerConfig& config,
                                                               const std::string& objective) {
  const bool classifies = objective == "binary:logistic";
  std::vector<std::pair<std::string, std::string>> params = {
      {"objective", objective},
      {"tree_method", "hist"},
      {"seed", std::to_string(config.seed)},
      {"nthread", std::to_string(config.threads)},
      {"eval_metric", classifies ? "logloss" : "rmse"},
      {"eval_metric", classifies ? "auc" : "mae"}};
  for (const auto& [name, value] : config.params) {
    if (name != "objective") params.emplace_back(name, value);
  }
  return params;
}

std::vector<MetricPoint> ToPoints(const std::vector<RoundMetric>& metrics, int round) {
  std::vector<MetricPoint> points;
  for (const RoundMetric& metric : metrics) {
    points.push_back({metric.table + "_" + metric.metric, metric.value, round});
  }
  return points;
}

// Watches the validation loss, which is lower when better.
class BestRound {
 public:
  explicit BestRound(std::string loss_key) : loss_key_(std::move(loss_key)) {}

  void See(const std::vector<MetricPoint>& points, int round) {
    for (const MetricPoint& point : points) {
      if (point.key != loss_key_) continue;
      // A diverged model has no best round but its first.
      if (!(point.value < loss_) && round > 0) return;
      loss_ = std::isnan(point.value) ? std::numeric_limits<double>::infinity() : point.value;
      round_ = round;
      metrics_.clear();
      for (const MetricPoint& one : points) metrics_[one.key] = one.value;
    }
  }
  int round() const { return round_; }
  const std::map<std::string, double>& metrics() const { return metrics_; }

 private:
  std::string loss_key_;
  double loss_ = std::numeric_limits<double>::infinity();
  int round_ = 0;
  std::map<std::string, double> metrics_;
};

}  // namespace

TrainerConfig TrainerConfigFromJson(const Json& json) {
  TrainerConfig config;
  for (const auto& [name, value] : json.AsObject("trainer")) {
    if (name == "rounds_max") {
      config.rounds_max = static_cast<int>(value.AsInt(name));
    } else if (name == "early_stopping_rounds") {
      config.early_stopping_rounds = static_cast<int>(value.AsInt(name));
    } else if (name == "seed") {
      config.seed = value.AsInt(name);
    } else if (name == "threads") {
      config.threads = static_cast<int>(value.AsInt(name));
    } else {
      throw InvalidArgument("Unknown field of the trainer: {}", name).WithField(name);
    }
  }
  return config;
}

Json TrainerConfigToJson(const TrainerConfig& config) {
  return Json::Of({{"rounds_max", config.rounds_max},
                   {"early_stopping_rounds", config.early_stopping_rounds},
                   {"seed", config.seed},
                   {"threads", config.threads}});
}

TrainedModel TrainXgboost(const TrainerConfig& config, const TableView& train,
                          const TableView& validation, const RoundCallback& on_round) {
  CheckConfig(config);
  CheckTables(train, validation);
  const std::string objective = ObjectiveOf(config);
  const BoosterData train_data(train.values, train.columns.size(), train.labels, config.threads);
  const BoosterData validation_data(validation.values, validation.columns.size(), validation.labels,
                                    config.threads);
  const BoosterData* const tables[] = {&train_data, &validation_data};
  const std::string table_names[] = {"train", "validation"};
  Booster booster(BoosterParams(config, objective), tables);

  BestRound best(objective == "binary:logistic" ? "validation_logloss" : "validation_rmse");
  TrainedModel model;
  for (int round = 0; round < config.rounds_max; ++round) {
    booster.Update(round, train_data);
    const auto points = ToPoints(booster.Evaluate(round, tables, table_names), round);
    best.See(points, round);
    model.rounds_run = round + 1;
    if (on_round && !on_round(points)) break;
    const bool is_stale =
        config.early_stopping_rounds > 0 && round - best.round() >= config.early_stopping_rounds;
    if (is_stale) break;
  }
  Booster kept = booster.FirstRounds(best.round() + 1);
  kept.SetFeatureNames({train.columns.begin(), train.columns.end()});
  model.ubj = kept.Save(Booster::Format::kUbj);
  model.best_round = best.round();
  model.best = best.metrics();
  model.gain = kept.GainByFeature();
  return model;
}

}  // namespace millwright::training

#include "training/xgboost_trainer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "inference/booster.h"
#include "inference/test_vectors.h"
#include "metrics/binary.h"

namespace millwright::training {
namespace {

struct Flights {
  LabeledTable train;
  LabeledTable validation;
};

// The first 3,000 flights to train on, the last 1,000 to validate.
Flights ReadFlights() {
  const auto rows = inference::testing::ReadFlightRows();
  const size_t width = rows.columns.size();
  const auto values = rows.values.begin();
  const auto cut = static_cast<std::ptrdiff_t>(3000 * width);
  return {{rows.columns, {values, values + cut}, {rows.labels.begin(), rows.labels.begin() + 3000}},
          {rows.columns,
           {values + cut, rows.values.end()},
           {rows.labels.begin() + 3000, rows.labels.end()}}};
}

TrainedModel Train(const TrainerConfig& config, const RoundCallback& on_round = nullptr) {
  const Flights flights = ReadFlights();
  return TrainXgboost(config, flights.train.view(), flights.validation.view(), on_round);
}

TEST(XgboostTrainer, StopsEarlyAndKeepsTheBestRound) {
  std::vector<double> losses;
  const TrainerConfig config{.params = {{"eta", "0.3"}, {"max_depth", "6"}},
                             .rounds_max = 200,
                             .early_stopping_rounds = 5};
  const TrainedModel model = Train(config, [&](const std::vector<MetricPoint>& points) {
    EXPECT_EQ(points.size(), 4U);
    EXPECT_EQ(points[0].key, "train_logloss");
    EXPECT_EQ(points[1].key, "train_auc");
    EXPECT_EQ(points[2].key, "validation_logloss");
    EXPECT_EQ(points[3].key, "validation_auc");
    losses.push_back(points[2].value);
    return true;
  });
  EXPECT_LT(model.rounds_run, 200);
  EXPECT_EQ(static_cast<size_t>(model.rounds_run), losses.size());
  EXPECT_EQ(model.rounds_run, model.best_round + 6);
  EXPECT_EQ(model.best.at("validation_logloss"), *std::min_element(losses.begin(), losses.end()));
  EXPECT_GT(model.best.at("validation_auc"), 0.6);
}

TEST(XgboostTrainer, SavesABoosterThatMeasuresAsReported) {
  const TrainedModel model = Train({.rounds_max = 30, .early_stopping_rounds = 5});
  const TempDir dir;
  WriteFileDurably(dir.path() / "model.ubj", model.ubj);
  const auto booster = inference::Booster::Load(dir.path() / "model.ubj");
  EXPECT_EQ(booster.rounds(), model.best_round + 1);
  EXPECT_EQ(booster.feature_names(), ReadFlights().train.columns);
  const Flights flights = ReadFlights();
  std::vector<float> scores;
  booster.PredictDense(flights.validation.values, flights.validation.columns.size(), &scores);
  const auto doubles = [](std::span<const float> numbers) {
    return std::vector<double>(numbers.begin(), numbers.end());
  };
  const auto labels = doubles(flights.validation.labels);
  EXPECT_NEAR(metrics::RocAuc(labels, doubles(scores)), model.best.at("validation_auc"), 1e-6);
  EXPECT_NEAR(metrics::LogLoss(labels, doubles(scores)), model.best.at("validation_logloss"), 1e-6);
  EXPECT_GT(model.gain.at("origin_prev_hour_late_share"), 0);
}

TEST(XgboostTrainer, TrainsTheSameForASeed) {
  const TrainerConfig config{.params = {{"subsample", "0.7"}}, .rounds_max = 10, .seed = 3};
  TrainerConfig other = config;
  other.seed = 4;
  const std::string bytes = Train(config).ubj;
  EXPECT_EQ(Train(config).ubj, bytes);
  EXPECT_NE(Train(other).ubj, bytes);
}

TEST(XgboostTrainer, TrainsRegressions) {
  const TrainedModel model =
      Train({.params = {{"objective", "reg:squarederror"}}, .rounds_max = 5});
  EXPECT_TRUE(model.best.contains("validation_rmse"));
  EXPECT_TRUE(model.best.contains("train_mae"));
}

TEST(XgboostTrainer, StopsWhenTold) {
  const TrainedModel model = Train({.rounds_max = 50}, [](const std::vector<MetricPoint>& points) {
    return points[0].step < 3;
  });
  EXPECT_EQ(model.rounds_run, 4);
}

TEST(XgboostTrainer, NamesWhatIsWrongInItsConfig) {
  const struct {
    TrainerConfig config;
    const char* message;
  } kCases[] = {
      {{.params = {{"max_detph", "3"}}}, "Unknown XGBoost parameter: max_detph"},
      {{.params = {{"n_estimators", "3"}}}, "Set rounds_max instead of the parameter n_estimators"},
      {{.params = {{"objective", "rank:pairwise"}}},
       "Only binary:logistic and reg:* can be trained: rank:pairwise"},
      {{.rounds_max = 0}, "rounds_max must be 1 to 100000: 0"},
      {{.threads = 0}, "threads must be 1 to 256: 0"},
  };
  for (const auto& one : kCases) {
    try {
      Train(one.config);
      FAIL() << one.message;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidArgument);
      EXPECT_EQ(error.message(), one.message);
    }
  }
  EXPECT_THROW(Train({.params = {{"max_depth", "deep"}}}), Error);
}

TEST(XgboostTrainer, RefusesTablesThatDoNotMatch) {
  const Flights flights = ReadFlights();
  LabeledTable renamed = flights.validation;
  renamed.columns[0] = "other";
  EXPECT_THROW(TrainXgboost({}, flights.train.view(), renamed.view(), nullptr), Error);
  EXPECT_THROW(TrainXgboost({}, flights.train.view(), {flights.train.columns, {}, {}}, nullptr),
               Error);
}

}  // namespace
}  // namespace millwright::training

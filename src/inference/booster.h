#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millwright::inference {

// A table of features with labels as XGBoost keeps it for training. It copies the values, so that
// the caller's may go. Not thread-safe.
class BoosterData {
 public:
  // `values` is row-major, NaN is missing; one label a row. Throws kInvalidArgument when sizes do
  // not agree or a label is not finite.
  BoosterData(std::span<const float> values, size_t column_count, std::span<const float> labels,
              int threads);
  ~BoosterData();
  BoosterData(BoosterData&& other) noexcept;

  size_t row_count() const { return row_count_; }

 private:
  friend class Booster;
  void* handle_ = nullptr;
  size_t row_count_ = 0;
};

// A metric of one table after one round: {"train", "auc", 0.71}.
struct RoundMetric {
  std::string table;
  std::string metric;
  double value = 0;
};

// An XGBoost model. PredictDense may be called from many threads at once, everything else by one
// thread at a time. XGBoost's own refusals throw kInvalidArgument with its message; a missing
// library kUnavailable.
class Booster {
 public:
  // Makes an untrained booster; parameters by XGBoost's own names ("max_depth", "eta").
  Booster(const std::vector<std::pair<std::string, std::string>>& parameters,
          std::span<const BoosterData* const> tables);
  // Reads a model as XGBoost writes it: .ubj, .json or its old binary form. The library follows
  // what the file says: pass files from outside through CheckBoosterFile first, as LoadEngine does.
  static Booster Load(const std::filesystem::path& path);
  ~Booster();
  Booster(Booster&& other) noexcept;
  Booster& operator=(Booster&& other) noexcept;

  void Set(const std::string& parameter, const std::string& value);
  // Adds one round of trees.
  void Update(int round, const BoosterData& train);
  // Measures the metrics named by the parameter eval_metric on each table.
  std::vector<RoundMetric> Evaluate(int round, std::span<const BoosterData* const> tables,
                                    std::span<const std::string> table_names);
  // Copies the model's first rounds.
  Booster FirstRounds(int rounds) const;

  // Predicts row by row into `out`: `group_count` numbers a row, probabilities for classifiers.
  // `column_count` must be that of the model.
  void PredictDense(std::span<const float> values, size_t column_count,
                    std::vector<float>* out) const;

  size_t feature_count() const;
  int rounds() const;
  // Names of features as the model file holds them; empty when it has none.
  std::vector<std::string> feature_names() const;
  void SetFeatureNames(const std::vector<std::string>& names);
  // Names the objective: "binary:logistic".
  std::string objective() const;
  // 1 for regression and binary models, else the number of classes.
  size_t group_count() const;
  // The gain of the splits on each feature that the model uses, by name ("f3" when unnamed): of one
  // on average, or of all together.
  enum class Gain { kMean, kTotal };
  std::map<std::string, double> GainByFeature(Gain gain = Gain::kMean) const;

  enum class Format { kUbj, kJson };
  std::string Save(Format format) const;

 private:
  explicit Booster(void* handle) : handle_(handle) {}
  std::string Config() const;

  void* handle_ = nullptr;
};

}  // namespace millwright::inference

#include "training/trial.h"

#include <cmath>
#include <limits>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "inference/booster.h"
#include "metrics/binary.h"

namespace millwright::training {
namespace {

constexpr size_t kRocPointsMax = 200;

// XGBoost takes texts: numbers and strings as they print, booleans as 1 and 0.
std::map<std::string, std::string> ParamTexts(const Json& params) {
  std::map<std::string, std::string> texts;
  for (const auto& [name, value] : params.AsObject("params")) {
    if (value.is_string()) {
      texts[name] = value.AsString();
    } else if (value.is_bool()) {
      texts[name] = value.AsBool() ? "1" : "0";
    } else if (value.is_number()) {
      texts[name] = value.Dump();
    } else {
      throw InvalidArgument("The parameter {} is not a scalar", name).WithField(name);
    }
  }
  return texts;
}

Json MetricsJson(const std::map<std::string, double>& metrics) {
  Json json = Json::MakeObject();
  for (const auto& [name, value] : metrics) json.Set(name, value);
  return json;
}

Json DoublesJson(const std::vector<double>& values) {
  Json json = Json::MakeArray();
  for (const double value : values) json.Append(value);
  return json;
}

// Writes a trial's files and tells the sink of each.
class Artifacts {
 public:
  Artifacts(std::filesystem::path folder, MetricSink* sink)
      : folder_(std::move(folder)), sink_(sink) {}

  std::filesystem::path Write(const char* name, std::string_view bytes) const {
    const auto path = folder_ / name;
    WriteFileDurably(path, bytes);
    if (sink_ != nullptr) sink_->OnArtifact(path);
    return path;
  }

 private:
  std::filesystem::path folder_;
  MetricSink* sink_;
};

// Scores a table with the model that is kept, which early stopping may have cut.
std::vector<float> Score(const std::filesystem::path& model, const TableView& table) {
  const auto booster = inference::Booster::Load(model);
  std::vector<float> scores;
  booster.PredictDense(table.values, table.columns.size(), &scores);
  return scores;
}

std::vector<double> DoublesOf(std::span<const float> numbers) {
  return std::vector<double>(numbers.begin(), numbers.end());
}

void WriteRoc(const Artifacts& artifacts, const TableView& table,
              const std::vector<float>& scores) {
  const auto labels = DoublesOf(table.labels);
  std::vector<double> false_positive_rates;
  std::vector<double> true_positive_rates;
  if (metrics::HasBothClasses(labels)) {
    for (const auto& point :
         metrics::Thinned(metrics::RocCurve(labels, DoublesOf(scores)), kRocPointsMax)) {
      false_positive_rates.push_back(point.false_positive_rate);
      true_positive_rates.push_back(point.true_positive_rate);
    }
  }
  const Json json = Json::Of(
      {{"fpr", DoublesJson(false_positive_rates)}, {"tpr", DoublesJson(true_positive_rates)}});
  artifacts.Write("roc.json", json.Dump());
}

// Adds test_auc and test_logloss and writes the curve of the best table there is.
void Judge(const TrialSpec& spec, const std::filesystem::path& model, const Artifacts& artifacts,
           const TableView& validation, TrialResult* result) {
  if (spec.test_table.empty()) {
    WriteRoc(artifacts, validation, Score(model, validation));
    return;
  }
  const MappedTable test(spec.test_table);
  const std::vector<float> scores = Score(model, test.view());
  const auto labels = DoublesOf(test.view().labels);
  result->metrics["test_auc"] = metrics::HasBothClasses(labels)
                                    ? metrics::RocAuc(labels, DoublesOf(scores))
                                    : std::numeric_limits<double>::quiet_NaN();
  result->metrics["test_logloss"] = metrics::LogLoss(labels, DoublesOf(scores));
  WriteRoc(artifacts, test.view(), scores);
}

// Adds test_mae and test_rmse.
void JudgeRegression(const TrialSpec& spec, const std::filesystem::path& model,
                     TrialResult* result) {
  if (spec.test_table.empty()) return;
  const MappedTable test(spec.test_table);
  const std::vector<float> answers = Score(model, test.view());
  const std::span<const float> labels = test.view().labels;
  if (labels.empty()) return;
  double absolute = 0, squared = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const double error = static_cast<double>(answers[i]) - static_cast<double>(labels[i]);
    absolute += std::abs(error);
    squared += error * error;
  }
  const auto rows = static_cast<double>(labels.size());
  result->metrics["test_mae"] = absolute / rows;
  result->metrics["test_rmse"] = std::sqrt(squared / rows);
}

TrialResult Train(const TrialSpec& spec, MetricSink* sink) {
  TrainerConfig config = spec.trainer;
  config.params = ParamTexts(spec.params);
  if (sink != nullptr) sink->OnStart(spec, config.params);
  const MappedTable train(spec.train_table);
  const MappedTable validation(spec.validation_table);
  const TrainedModel model = TrainXgboost(
      config, train.view(), validation.view(),
      [&](const std::vector<MetricPoint>& points) { return !sink || sink->OnMetrics(points); });
  TrialResult result{.succeeded = true, .metrics = model.best};
  result.best_round = model.best_round;
  result.rounds_run = model.rounds_run;
  const Artifacts artifacts(spec.folder, sink);
  const auto model_file = artifacts.Write("model.ubj", model.ubj);
  artifacts.Write("feature_importance.json", MetricsJson(model.gain).Dump(2));
  const auto objective = config.params.find("objective");
  const bool classifies =
      objective == config.params.end() || objective->second == "binary:logistic";
  if (classifies) {
    Judge(spec, model_file, artifacts, validation.view(), &result);
  } else {
    JudgeRegression(spec, model_file, &result);
  }
  artifacts.Write("metrics.json", MetricsJson(result.metrics).Dump(2));
  return result;
}

}  // namespace

TrialSpec ReadTrialSpec(const std::filesystem::path& file) {
  const Json json = ParseJson(ReadFile(file));
  TrialSpec spec;
  spec.number = static_cast<int>(json.GetInt("number"));
  spec.params = json.At("params");
  if (const Json* trainer = json.Find("trainer")) spec.trainer = TrainerConfigFromJson(*trainer);
  spec.train_table = json.At("train_table").AsString("train_table");
  spec.validation_table = json.At("validation_table").AsString("validation_table");
  spec.test_table = json.GetString("test_table");
  spec.folder = json.At("folder").AsString("folder");
  if (const Json* context = json.Find("context")) spec.context = *context;
  return spec;
}

Json TrialSpecToJson(const TrialSpec& spec) {
  Json json = Json::Of({{"number", spec.number},
                        {"params", spec.params},
                        {"trainer", TrainerConfigToJson(spec.trainer)},
                        {"train_table", spec.train_table.string()},
                        {"validation_table", spec.validation_table.string()},
                        {"test_table", spec.test_table.string()},
                        {"folder", spec.folder.string()}});
  json.Set("context", spec.context);
  return json;
}

TrialResult TrialResultFromJson(const Json& json) {
  TrialResult result;
  result.succeeded = json.At("state").AsString("state") == "succeeded";
  for (const auto& [name, value] : json.At("metrics").AsObject("metrics")) {
    // A metric may be NaN, which JSON cannot say: it stands as a text and is left out here.
    if (value.is_number()) result.metrics[name] = value.AsDouble(name);
  }
  result.best_round = static_cast<int>(json.GetInt("best_round"));
  result.rounds_run = static_cast<int>(json.GetInt("rounds_run"));
  result.duration_ms = json.GetInt("duration_ms");
  result.error = json.GetString("error");
  return result;
}

Json TrialResultToJson(const TrialResult& result) {
  return Json::Of({{"state", result.succeeded ? "succeeded" : "failed"},
                   {"metrics", MetricsJson(result.metrics)},
                   {"best_round", result.best_round},
                   {"rounds_run", result.rounds_run},
                   {"duration_ms", result.duration_ms},
                   {"error", result.error}});
}

TrialResult RunTrial(const TrialSpec& spec, MetricSink* sink) {
  const int64_t begin_us = MonotonicUs();
  const auto finish = [&](TrialResult& result) {
    result.duration_ms = (MonotonicUs() - begin_us) / 1000;
    if (sink != nullptr) sink->OnEnd(result);
    WriteFileDurably(spec.folder / kTrialResultFile, TrialResultToJson(result).Dump(2));
  };
  try {
    TrialResult result = Train(spec, sink);
    finish(result);
    return result;
  } catch (const Error& error) {
    TrialResult result{.error = error.message()};
    finish(result);
    throw;
  }
}

}  // namespace millwright::training

#include "monitoring/window_health.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "drift/loss_estimate.h"
#include "drift/performance_estimate.h"
#include "drift/sampling_error.h"
#include "metrics/binary.h"
#include "metrics/confusion.h"
#include "monitoring/prediction_reader.h"

namespace millwright::monitoring {

using analytics::Column;
using analytics::ColumnType;
using analytics::NumberSpan;
using analytics::QuoteName;
using analytics::Session;
using analytics::Table;

namespace {

constexpr char kAnswers[] = "health_answers";  // w, p, a, y, outcome and inputs
constexpr size_t kInputsMax = 50;              // that the loss of a regression is learnt from
// Rows that are estimated at a time: what they take of memory is some 50 bytes each.
constexpr size_t kRowsPerEstimate = 2'000'000;

constexpr std::string_view kBinaryFigures[] = {"roc_auc", "accuracy", "f1", "precision", "recall"};
constexpr std::string_view kLossFigures[] = {"mae", "rmse"};

// One window's answers.
struct Answers {
  std::vector<double> predicted;  // the probability, or the number
  std::vector<double> truth;      // NaN where it is not known
  std::vector<std::vector<double>> inputs;
};

std::string WindowSql(const MonitorSpec& spec) {
  return fmt::format("CAST(floor((event_time_ms - {}) / {}) AS BIGINT)", spec.window_origin_ms,
                     spec.window_ms);
}

int64_t WindowNumber(const MonitorSpec& spec, int64_t start_ms) {
  return (start_ms - spec.window_origin_ms) / spec.window_ms;
}

std::string Listed(const MonitorSpec& spec, const std::set<int64_t>& starts) {
  std::string list;
  for (int64_t start : starts) {
    list += fmt::format("{}{}", list.empty() ? "" : ", ", WindowNumber(spec, start));
  }
  return list;
}

TimeRange Span(const MonitorSpec& spec, const std::set<int64_t>& starts) {
  return {*starts.begin(), *starts.rbegin() + spec.window_ms};
}

std::optional<double> NumberOrNothing(const Table& table, size_t row, size_t column) {
  if (table.IsNull(row, column)) return std::nullopt;
  return table.Double(row, column);
}

void MeasureService(Session& session, const LogSnapshot& snapshot, const MonitorSpec& spec,
                    const std::set<int64_t>& starts, std::map<int64_t, WindowHealth>* windows) {
  const TimeRange range = Span(spec, starts);
  const Table table = session.Query(fmt::format(
      "SELECT {0} AS w, count(*), count(*) FILTER (WHERE error <> ''), "
      "quantile_cont(latency_us, 0.5) / 1000, quantile_cont(latency_us, 0.9) / 1000, "
      "quantile_cont(latency_us, 0.99) / 1000, min(time_ms), max(time_ms) FROM {1} "
      "WHERE role <> 'shadow' AND time_ms >= {2} AND event_time_ms >= {3} AND event_time_ms < {4} "
      "AND {0} IN ({5}) GROUP BY 1",
      WindowSql(spec), snapshot.predictions, spec.since_ms, range.from_ms, range.to_ms,
      Listed(spec, starts)));
  for (size_t row = 0; row < table.row_count(); ++row) {
    const auto found = windows->find(table.Int(row, 0) * spec.window_ms + spec.window_origin_ms);
    if (found == windows->end()) continue;
    ServiceFigures& service = found->second.service;
    service.requests = table.Int(row, 1);
    service.errors = table.Int(row, 2);
    service.latency_p50_ms = NumberOrNothing(table, row, 3);
    service.latency_p90_ms = NumberOrNothing(table, row, 4);
    service.latency_p99_ms = NumberOrNothing(table, row, 5);
    service.asked_first_ms = table.Int(row, 6);
    service.asked_last_ms = table.Int(row, 7);
  }
}

// Numeric inputs that the monitor watches.
std::vector<std::string> NumericInputs(const MonitorSpec& spec,
                                       const std::vector<Column>& columns) {
  std::vector<std::string> inputs;
  for (const Column& column : columns) {
    const bool is_number =
        column.type == ColumnType::kDouble || column.type == ColumnType::kInteger;
    if (!is_number || !column.name.starts_with(kInputPrefix)) continue;
    const std::string name = column.name.substr(sizeof kInputPrefix - 1);
    const bool is_watched =
        spec.features.empty() ||
        std::find(spec.features.begin(), spec.features.end(), name) != spec.features.end();
    if (is_watched && inputs.size() < kInputsMax) inputs.push_back(column.name);
  }
  return inputs;
}

// The answers of some windows, and what they are. Answers without a probability are none.
class AnswerTable {
 public:
  AnswerTable(Session& session, const LogSnapshot& snapshot, const MonitorSpec& spec,
              const std::set<int64_t>& starts)
      : session_(session), spec_(spec) {
    const LabelRule rule = spec.Rule();
    const std::vector<Column> columns = session.Describe("SELECT * FROM " + snapshot.predictions);
    const auto answer = ProbabilitySql(rule, columns);
    if (!answer) return;
    inputs_ = NumericInputs(spec, columns);
    std::string inputs;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      inputs += fmt::format(", CAST({} AS DOUBLE) AS x{}", QuoteName(inputs_[i]), i);
    }
    session.Execute(fmt::format(
        "CREATE OR REPLACE TEMP TABLE {} AS SELECT {} AS w, CAST({} AS DOUBLE) AS p, CAST({} AS "
        "DOUBLE) AS a, {} AS y, outcome{} FROM {} WHERE role <> 'shadow' AND error = "
        "'' AND time_ms >= {} AND isfinite({}) AND {} IN ({})",
        kAnswers, WindowSql(spec), *answer, ActualSql(rule), TruthSql(rule, ModelTask::kRegression),
        inputs, KnownPredictionsSql(Narrowed(snapshot, Span(spec, starts))), spec.since_ms, *answer,
        WindowSql(spec), Listed(spec, starts)));
    const Table found =
        session.Query(fmt::format("SELECT count(*), {} FROM {}", IsBinarySql("p"), kAnswers));
    if (found.Int(0, 0) == 0) return;
    task_ = rule.task != ModelTask::kNone ? rule.task
            : found.Text(0, 1) == "true"  ? ModelTask::kBinary
                                          : ModelTask::kRegression;
    if (task_ == ModelTask::kBinary) inputs_.clear();
  }

  ModelTask task() const { return task_; }

  Answers Read(int64_t start_ms) const {
    Answers answers;
    answers.inputs.resize(inputs_.size());
    if (task_ == ModelTask::kNone) return answers;
    std::string columns = task_ == ModelTask::kBinary ? "p, a" : "p, y";
    for (size_t i = 0; i < inputs_.size(); ++i) columns += fmt::format(", x{}", i);
    const auto number = [](const NumberSpan& span, size_t row) {
      return span.Has(row) ? span.reals[row] : std::nan("");
    };
    session_.StreamNumbers(fmt::format("SELECT {} FROM {} WHERE w = {}", columns, kAnswers,
                                       WindowNumber(spec_, start_ms)),
                           [&](const std::vector<NumberSpan>& spans, size_t rows) {
                             for (size_t row = 0; row < rows; ++row) {
                               answers.predicted.push_back(number(spans[0], row));
                               answers.truth.push_back(number(spans[1], row));
                               for (size_t i = 0; i < inputs_.size(); ++i) {
                                 answers.inputs[i].push_back(number(spans[2 + i], row));
                               }
                             }
                             return true;
                           });
    return answers;
  }

 private:
  Session& session_;
  const MonitorSpec& spec_;
  ModelTask task_ = ModelTask::kNone;
  std::vector<std::string> inputs_;
};

HealthFigure* FindFigure(WindowHealth* health, std::string_view name) {
  for (HealthFigure& figure : health->figures) {
    if (figure.name == name) return &figure;
  }
  return nullptr;
}

void SetRealised(WindowHealth* health, std::string_view name, std::optional<double> value) {
  FindFigure(health, name)->realised = value;
}

void Realise(const MonitorSpec& spec, const Answers& answers, WindowHealth* health) {
  std::vector<double> truth, predicted;
  for (size_t i = 0; i < answers.truth.size(); ++i) {
    if (std::isnan(answers.truth[i])) continue;
    truth.push_back(answers.truth[i]);
    predicted.push_back(answers.predicted[i]);
  }
  if (truth.empty() || static_cast<int64_t>(truth.size()) < spec.outcomes_min) return;
  const auto rows = static_cast<double>(truth.size());
  if (health->task == ModelTask::kRegression) {
    double absolute = 0, squared = 0;
    for (size_t i = 0; i < truth.size(); ++i) {
      absolute += std::abs(truth[i] - predicted[i]);
      squared += (truth[i] - predicted[i]) * (truth[i] - predicted[i]);
    }
    SetRealised(health, "mae", absolute / rows);
    SetRealised(health, "rmse", std::sqrt(squared / rows));
    return;
  }
  if (metrics::HasBothClasses(truth)) {
    SetRealised(health, "roc_auc", metrics::RocAuc(truth, predicted));
  }
  const metrics::ClassCounts counts = metrics::CountsAt(truth, predicted, spec.label.threshold);
  const auto share = [](double part, double whole) { return whole > 0 ? part / whole : 0; };
  const double positives = counts.true_positive + counts.false_positive;
  SetRealised(health, "accuracy", (counts.true_positive + counts.true_negative) / rows);
  SetRealised(health, "precision", share(counts.true_positive, positives));
  SetRealised(health, "recall", share(counts.true_positive, counts.Support()));
  SetRealised(health, "f1", share(2 * counts.true_positive, positives + counts.Support()));
}

// Rows of several windows for both kinds of estimate.
struct EstimateRows {
  drift::ScoredRows scored;
  drift::PredictedRows predicted;
  size_t rows = 0;

  // Without truth all rows count, else those whose truth is known.
  void Add(const MonitorSpec& spec, const std::string& period, const Answers& answers,
           bool with_truth) {
    if (predicted.features.empty()) predicted.features.resize(answers.inputs.size());
    for (size_t i = 0; i < answers.predicted.size(); ++i) {
      if (with_truth && std::isnan(answers.truth[i])) continue;
      ++rows;
      scored.probability.push_back(answers.predicted[i]);
      scored.predicted.push_back(answers.predicted[i] >= spec.label.threshold ? 1 : 0);
      scored.period.push_back(period);
      if (with_truth) scored.truth.push_back(answers.truth[i]);
      for (size_t k = 0; k < answers.inputs.size(); ++k) {
        predicted.features[k].push_back(answers.inputs[k][i]);
      }
    }
  }

  drift::PredictedRows Predicted() const {
    drift::PredictedRows all = predicted;
    all.predicted = scored.probability;
    all.truth = scored.truth;
    all.period = scored.period;
    return all;
  }
};

drift::PerformanceEstimate Estimate(ModelTask task, const EstimateRows& reference,
                                    const EstimateRows& analysis) {
  if (task == ModelTask::kBinary) {
    return drift::EstimatePerformance(reference.scored, analysis.scored);
  }
  const drift::PredictedRows known = reference.Predicted(), asked = analysis.Predicted();
  try {
    return drift::EstimateLoss(known, asked);
  } catch (const Error& error) {
    // Trees need a library that may not be installed; a plane says less and needs nothing.
    if (error.code() != Code::kUnavailable) throw;
    drift::EstimateOptions options;
    options.loss_learner = drift::LossLearner::kLinear;
    return drift::EstimateLoss(known, asked, options);
  }
}

void TakeEstimate(const drift::PerformanceEstimate& estimate, EstimateReference reference,
                  std::map<int64_t, WindowHealth>* windows) {
  reference.is_calibrated = estimate.is_calibrated;
  for (const drift::EstimatedChunk& chunk : estimate.chunks) {
    const auto found = windows->find(std::stoll(chunk.key));
    // A window of the reference is estimated over all of its rows where it is among the analysed.
    if (found == windows->end() || chunk.is_reference) continue;
    found->second.reference = reference;
    for (const drift::EstimateFigure& one : chunk.figures) {
      HealthFigure* figure = FindFigure(&found->second, one.name);
      if (figure == nullptr || !one.estimated) continue;
      figure->estimated = one.estimated;
      figure->lower = one.lower;
      if (std::isfinite(one.upper)) figure->upper = one.upper;
      figure->estimated_error = one.sampling_error;
      // Fewer rows have a known outcome, and the error goes with their root.
      const int64_t known = found->second.window.outcomes;
      if (figure->realised && one.sampling_error && known > 0) {
        figure->realised_error = *one.sampling_error * std::sqrt(static_cast<double>(chunk.rows) /
                                                                 static_cast<double>(known));
      }
      figure->alert = one.alert;
    }
  }
}

void EstimateAll(const MonitorSpec& spec, const AnswerTable& table,
                 const std::vector<int64_t>& reference_starts,
                 std::map<int64_t, WindowHealth>* windows) {
  if (reference_starts.empty() || table.task() == ModelTask::kNone) return;
  EstimateRows reference;
  for (int64_t start : reference_starts) {
    reference.Add(spec, std::to_string(start), table.Read(start), true);
  }
  if (reference.rows < drift::kEstimateRowsMin) return;
  const EstimateReference about{.from_ms = reference_starts.front(),
                                .to_ms = reference_starts.back() + spec.window_ms,
                                .windows = static_cast<int64_t>(reference_starts.size()),
                                .rows = static_cast<int64_t>(reference.rows)};
  EstimateRows analysis;
  const auto flush = [&] {
    if (analysis.rows == 0) return;
    TakeEstimate(Estimate(table.task(), reference, analysis), about, windows);
    analysis = {};
  };
  for (const auto& entry : *windows) {
    analysis.Add(spec, std::to_string(entry.first), table.Read(entry.first), false);
    if (analysis.rows >= kRowsPerEstimate) flush();
  }
  flush();
}

}  // namespace

namespace {

std::optional<HealthFigure::Band> BandOf(const HealthFigure& figure,
                                         const std::optional<double>& value,
                                         const std::optional<double>& error) {
  if (!value || !error) return std::nullopt;
  const auto* last = std::end(kLossFigures);
  const bool is_loss = std::find(std::begin(kLossFigures), last, figure.name) != last;
  const double reach = drift::kBandErrors * *error;
  return HealthFigure::Band{std::max(0.0, *value - reach),
                            is_loss ? *value + reach : std::min(1.0, *value + reach)};
}

}  // namespace

std::optional<HealthFigure::Band> HealthFigure::EstimatedBand() const {
  return BandOf(*this, estimated, estimated_error);
}

std::optional<HealthFigure::Band> HealthFigure::RealisedBand() const {
  return BandOf(*this, realised, realised_error);
}

std::vector<int64_t> EstimateWindows(const MonitorSpec& spec,
                                     const std::vector<MonitorWindow>& all) {
  std::vector<int64_t> starts;
  for (const MonitorWindow& window : all) {
    const bool is_known = window.outcomes >= spec.outcomes_min &&
                          static_cast<double>(window.outcomes) >=
                              spec.coverage_min * static_cast<double>(window.predictions);
    if (!window.complete || !is_known) continue;
    starts.push_back(window.start_ms);
    if (starts.size() == kEstimateWindowsMax) break;
  }
  if (starts.size() < kEstimateWindowsMin) starts.clear();
  return starts;
}

std::vector<WindowHealth> MeasureHealth(Session& session, const LogSnapshot& snapshot,
                                        const MonitorSpec& spec,
                                        const std::vector<MonitorWindow>& all,
                                        const std::vector<int64_t>& starts) {
  if (starts.empty()) return {};
  const std::set<int64_t> due(starts.begin(), starts.end());
  const std::vector<int64_t> reference = EstimateWindows(spec, all);
  std::set<int64_t> read = due;
  read.insert(reference.begin(), reference.end());

  std::map<int64_t, WindowHealth> windows;
  for (const MonitorWindow& window : all) {
    if (due.contains(window.start_ms)) windows[window.start_ms].window = window;
  }
  MeasureService(session, snapshot, spec, due, &windows);
  const AnswerTable table(session, snapshot, spec, read);
  for (auto& [start, health] : windows) {
    health.task = table.task();
    if (health.task == ModelTask::kBinary) {
      for (std::string_view name : kBinaryFigures) health.figures.push_back({std::string(name)});
    } else if (health.task == ModelTask::kRegression) {
      for (std::string_view name : kLossFigures) health.figures.push_back({std::string(name)});
    }
    if (health.task != ModelTask::kNone) Realise(spec, table.Read(start), &health);
  }
  EstimateAll(spec, table, reference, &windows);
  std::vector<WindowHealth> measured;
  for (auto& entry : windows) measured.push_back(std::move(entry.second));
  return measured;
}

namespace {

void SetNumber(Json* json, const char* key, const std::optional<double>& value) {
  if (value) json->Set(key, *value);
}

std::optional<double> GetNumber(const Json& json, std::string_view key) {
  const Json* value = json.Find(key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->AsDouble();
}

}  // namespace

Json HealthToJson(const WindowHealth& health) {
  Json service = Json::Of({{"requests", health.service.requests},
                           {"errors", health.service.errors},
                           {"asked_first_ms", health.service.asked_first_ms},
                           {"asked_last_ms", health.service.asked_last_ms}});
  SetNumber(&service, "p50", health.service.latency_p50_ms);
  SetNumber(&service, "p90", health.service.latency_p90_ms);
  SetNumber(&service, "p99", health.service.latency_p99_ms);
  Json figures = Json::MakeArray();
  for (const HealthFigure& figure : health.figures) {
    Json one = Json::Of({{"name", figure.name}, {"alert", figure.alert}});
    SetNumber(&one, "realised", figure.realised);
    SetNumber(&one, "estimated", figure.estimated);
    SetNumber(&one, "lower", figure.lower);
    SetNumber(&one, "upper", figure.upper);
    SetNumber(&one, "estimated_error", figure.estimated_error);
    SetNumber(&one, "realised_error", figure.realised_error);
    figures.Append(std::move(one));
  }
  Json json = Json::Of({{"service", std::move(service)},
                        {"task", ModelTaskName(health.task)},
                        {"figures", std::move(figures)}});
  if (const auto& about = health.reference) {
    json.Set("reference", Json::Of({{"from_ms", about->from_ms},
                                    {"to_ms", about->to_ms},
                                    {"windows", about->windows},
                                    {"rows", about->rows},
                                    {"calibrated", about->is_calibrated}}));
  }
  return json;
}

void ReadHealth(const Json& json, WindowHealth* health) {
  const Json& service = json.At("service");
  health->service = {.requests = service.GetInt("requests"),
                     .errors = service.GetInt("errors"),
                     .latency_p50_ms = GetNumber(service, "p50"),
                     .latency_p90_ms = GetNumber(service, "p90"),
                     .latency_p99_ms = GetNumber(service, "p99"),
                     .asked_first_ms = service.GetInt("asked_first_ms"),
                     .asked_last_ms = service.GetInt("asked_last_ms")};
  const std::string task = json.GetString("task");
  for (ModelTask one : {ModelTask::kBinary, ModelTask::kRegression}) {
    if (task == ModelTaskName(one)) health->task = one;
  }
  for (const Json& one : json.At("figures").AsArray()) {
    health->figures.push_back(
        {one.GetString("name"), GetNumber(one, "realised"), GetNumber(one, "estimated"),
         GetNumber(one, "lower"), GetNumber(one, "upper"), one.GetBool("alert"),
         GetNumber(one, "estimated_error"), GetNumber(one, "realised_error")});
  }
  if (const Json* about = json.Find("reference")) {
    health->reference = EstimateReference{.from_ms = about->GetInt("from_ms"),
                                          .to_ms = about->GetInt("to_ms"),
                                          .windows = about->GetInt("windows"),
                                          .rows = about->GetInt("rows"),
                                          .is_calibrated = about->GetBool("calibrated")};
  }
}

}  // namespace millwright::monitoring

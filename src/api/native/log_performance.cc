#include "api/native/log_performance.h"

#include <algorithm>
#include <charconv>
#include <fstream>

#include "api/native/datasets.h"
#include "api/native/prediction_logs.h"
#include "api/native/predictions.h"
#include "api/native/request_reader.h"
#include "base/error.h"
#include "base/file.h"
#include "data/dataset_store.h"
#include "monitoring/health_report.h"
#include "monitoring/monitors.h"
#include "monitoring/prediction_reader.h"
#include "monitoring/slice_performance.h"

namespace millwright::api::native {
namespace {

constexpr int64_t kRowsPerPage = 100;

Json Number(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

Json ClassFiguresJson(const monitoring::ClassFigures& figures,
                      const monitoring::CostMatrix& costs) {
  const double cost = figures.Cost(costs);
  return Json::Of(
      {{"rows", figures.rows()},
       {"true_positives", figures.true_positive},
       {"false_positives", figures.false_positive},
       {"true_negatives", figures.true_negative},
       {"false_negatives", figures.false_negative},
       {"error_rate", Number(figures.error_rate())},
       {"precision", Number(figures.precision())},
       {"selection_rate", Number(figures.selection_rate())},
       {"true_positive_rate", Number(figures.true_positive_rate())},
       {"false_positive_rate", Number(figures.false_positive_rate())},
       {"cost", cost},
       {"cost_per_row",
        figures.rows() == 0 ? Json() : Json(cost / static_cast<double>(figures.rows()))}});
}

Json LossFiguresJson(const monitoring::LossFigures& figures, const monitoring::CostMatrix& costs) {
  const double cost = figures.Cost(costs);
  return Json::Of({{"rows", figures.rows},
                   {"mae", Number(figures.mae())},
                   {"rmse", Number(figures.rmse())},
                   {"bias", Number(figures.bias())},
                   {"mean_predicted", Number(figures.mean_predicted())},
                   {"mean_actual", Number(figures.mean_actual())},
                   {"cost", cost},
                   {"cost_per_row",
                    figures.rows == 0 ? Json() : Json(cost / static_cast<double>(figures.rows))}});
}

double QueryNumber(const http::Request& request, std::string_view name, double fallback) {
  const std::string text = QueryText(request, name);
  if (text.empty()) return fallback;
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
    throw InvalidArgument("{} must be a number: {}", name, text).WithField(std::string(name));
  return value;
}

// How answers are held against what happened: as a monitor does it, or as the query says.
struct Judgement {
  monitoring::LabelRule rule;
  monitoring::SliceOptions options;
};

Judgement ReadJudgement(Context& context, const http::Request& request) {
  Judgement judgement;
  auto& [rule, options] = judgement;
  if (const std::string name = QueryText(request, "monitor"); !name.empty()) {
    const auto monitor = context.monitors.Get(name);
    rule = monitor.spec.Rule();
    options = monitoring::SlicesOf(monitor);
  }
  if (const std::string output = QueryText(request, "output"); !output.empty())
    rule.probability_output = output;
  if (const std::string positive = QueryText(request, "positive"); !positive.empty())
    rule.positive_label = positive;
  if (const std::string task = QueryText(request, "task"); !task.empty())
    rule.task = monitoring::ParseModelTask(task);
  rule.threshold = QueryNumber(request, "threshold", rule.threshold);
  const std::string by = QueryText(request, "by");
  if (!by.empty()) options.inputs.clear();
  for (size_t at = 0; at < by.size();) {
    const size_t comma = std::min(by.find(',', at), by.size());
    if (comma > at) options.inputs.push_back(by.substr(at, comma - at));
    at = comma + 1;
  }
  options.rows_min = QueryInt(request, "rows_min", options.rows_min, 2, 1'000'000'000);
  monitoring::CostMatrix& costs = options.costs;
  costs.true_positive = QueryNumber(request, "true_positive", costs.true_positive);
  costs.false_positive = QueryNumber(request, "false_positive", costs.false_positive);
  costs.true_negative = QueryNumber(request, "true_negative", costs.true_negative);
  costs.false_negative = QueryNumber(request, "false_negative", costs.false_negative);
  costs.over = QueryNumber(request, "over", costs.over);
  costs.under = QueryNumber(request, "under", costs.under);
  return judgement;
}

}  // namespace

http::Response GetLogPerformance(Context& context, const http::Request& request) {
  const std::string name = LogOf(context, request.PathValue("name"));
  const auto [rule, options] = ReadJudgement(context, request);
  const auto performance =
      context.prediction_reader.Performance(name, ReadSlice(request), rule, options);
  const bool is_regression = performance.task == monitoring::ModelTask::kRegression;
  const monitoring::CostMatrix& costs = options.costs;
  const auto figures = [&](const auto& counts, const auto& losses) {
    return is_regression ? LossFiguresJson(losses, costs) : ClassFiguresJson(counts, costs);
  };
  Json slices = Json::MakeArray(), disparities = Json::MakeArray();
  for (const auto& slice : performance.slices) {
    Json json =
        Json::Of({{"input", slice.input}, {"value", slice.value}, {"worse", slice.is_worse}});
    if (slice.p) json.Set("p", *slice.p).Set("adjusted_p", *slice.adjusted_p);
    slices.Append(json.Set("figures", figures(slice.figures, slice.losses)));
  }
  for (const auto& one : performance.disparities) {
    Json json = Json::Of({{"input", one.input}, {"groups", one.groups}});
    if (is_regression) {
      json.Set("mae", Number(one.mae)).Set("bias", Number(one.bias));
    } else {
      json.Set("selection_rate", Number(one.selection_rate))
          .Set("true_positive_rate", Number(one.true_positive_rate))
          .Set("false_positive_rate", Number(one.false_positive_rate));
    }
    disparities.Append(std::move(json));
  }
  return Answer(Json::Of({{"task", monitoring::ModelTaskName(performance.task)},
                          {"all", figures(performance.all, performance.losses)},
                          {"slices", slices},
                          {"disparities", disparities}}));
}

http::Response ListLoggedRows(Context& context, const http::Request& request) {
  const auto limit =
      static_cast<int>(QueryInt(request, "limit", kRowsPerPage, 1, monitoring::kRecentMax));
  Json predictions = Json::MakeArray();
  for (const auto& prediction : context.prediction_reader.Rows(
           LogOf(context, request.PathValue("name")), ReadSlice(request), limit))
    predictions.Append(PredictionJson(prediction));
  return Answer(Json::Of({{"predictions", predictions}}));
}

http::Response CollectMistakes(Context& context, const http::Request& request) {
  const std::string name = LogOf(context, request.PathValue("name"));
  const std::string dataset = QueryText(request, "dataset");
  if (dataset.empty()) throw InvalidArgument("Missing parameter: dataset").WithField("dataset");
  const auto [rule, options] = ReadJudgement(context, request);
  const std::string kind = QueryText(request, "kind");
  monitoring::MistakeOptions mistakes{
      .positives = kind.empty() || kind == "both" || kind == "false_positive" || kind == "too_high",
      .negatives = kind.empty() || kind == "both" || kind == "false_negative" || kind == "too_low",
      .beyond = QueryNumber(request, "beyond", 0)};
  if (!mistakes.positives && !mistakes.negatives)
    throw InvalidArgument(
        "kind is false_positive or too_high, false_negative or too_low, or both, not \"{}\"", kind)
        .WithField("kind");
  const TempDir folder;
  const auto file = folder.path() / "mistakes.parquet";
  const int64_t rows =
      context.prediction_reader.ExportMistakes(name, ReadSlice(request), rule, mistakes, file);
  if (rows == 0) throw FailedPrecondition("{} made no such mistake there", name);
  std::ifstream in(file, std::ios::binary);
  const auto read = [&](char* buffer, size_t size) {
    in.read(buffer, static_cast<std::streamsize>(size));
    return static_cast<size_t>(in.gcount());
  };
  const auto made = context.datasets.Upload(dataset, "mistakes.parquet", read, request.principal);
  return Answer(VersionedJson(dataset, made.version, made.is_unchanged));
}

}  // namespace millwright::api::native

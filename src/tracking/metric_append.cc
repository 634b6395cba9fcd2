#include "tracking/metric_append.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <unordered_map>

#include "base/json.h"
#include "tracking/metric_codec.h"
#include "tracking/sql.h"

namespace millwright::tracking {
namespace {

using storage::Connection;
using storage::Value;

// From so many rows on PostgreSQL gets them in one statement, for each costs work of its server.
constexpr size_t kRowsAtOnceMin = 8;

// The value as the tables of rows keep it, which SQL can compare: finite, and 0 for NaN.
double RowValue(double value) {
  return RankOf(ClampedToFinite(Canonical(value)));
}

// The order in which a latest metric is chosen; NaN counts as 0, as it is stored.
std::tuple<int64_t, int64_t, double> Rank(const Metric& metric) {
  return {metric.step, metric.timestamp_ms, RowValue(metric.value)};
}

std::vector<const Metric*> LatestOfEachKey(const std::vector<Metric>& metrics) {
  std::unordered_map<std::string_view, const Metric*> latest;
  latest.reserve(metrics.size());
  for (const auto& metric : metrics) {
    const Metric*& best = latest[metric.key];
    if (best == nullptr || Rank(metric) > Rank(*best)) best = &metric;
  }
  std::vector<const Metric*> sorted;
  sorted.reserve(latest.size());
  for (const auto& [key, metric] : latest) sorted.push_back(metric);
  // In the order of the table: neighbours are found fast, and writers to one run take its rows in
  // the same order.
  std::sort(sorted.begin(), sorted.end(),
            [](const Metric* a, const Metric* b) { return a->key < b->key; });
  return sorted;
}

}  // namespace

MetricAppend::MetricAppend(const std::vector<Metric>& metrics)
    : points_(metrics.size()), data_{metrics.empty() ? std::string() : EncodeAppend(metrics)} {
  for (const Metric* metric : LatestOfEachKey(metrics)) {
    latest_.push_back({Value(), metric->key, metric->timestamp_ms, metric->step,
                       RowValue(metric->value), int64_t{std::isnan(metric->value)}});
  }
  for (const auto& metric : metrics) {
    if (metric.model_id.empty()) continue;
    of_models_.push_back({metric.model_id, metric.key, Value(), metric.dataset_name,
                          metric.dataset_digest, metric.timestamp_ms, metric.step,
                          RowValue(metric.value), int64_t{std::isnan(metric.value)}});
  }
}

void MetricAppend::Write(Connection& connection, const RunId& run, int64_t run_seq,
                         int64_t now_ms) {
  if (points_ == 0) return;
  connection.Execute(sql::kInsertMetricAppend,
                     {run_seq, static_cast<int64_t>(points_), now_ms, data_});
  RaiseLatest(connection, run_seq);
  if (connection.dialect() == storage::Dialect::kSqlite)
    connection.Execute(sql::kMarkUnranked, {run_seq});
  for (auto& row : of_models_) row[2] = run.str();
  if (!of_models_.empty()) connection.ExecuteMany(sql::kSetLoggedModelMetric, of_models_);
}

void MetricAppend::RaiseLatest(Connection& connection, int64_t run_seq) {
  if (connection.dialect() == storage::Dialect::kSqlite || latest_.size() < kRowsAtOnceMin) {
    for (auto& row : latest_) row[0] = run_seq;
    connection.ExecuteMany(sql::kRaiseLatestMetric, latest_);
    return;
  }
  std::string json;
  JsonWriter writer(&json);
  writer.BeginArray();
  for (const auto& row : latest_) {
    writer.BeginObject()
        .Field("k", std::get<std::string>(row[1]))
        .Field("t", std::get<int64_t>(row[2]))
        .Field("s", std::get<int64_t>(row[3]))
        .Field("v", std::get<double>(row[4]))
        .Field("n", std::get<int64_t>(row[5]))
        .EndObject();
  }
  writer.EndArray();
  connection.Execute(sql::kRaiseLatestMetrics, {run_seq, std::move(json)});
}

}  // namespace millwright::tracking

#include "tracking/metric_append.h"

#include <cmath>

#include "tracking/metric_codec.h"
#include "tracking/sql.h"

namespace millwright::tracking {

using storage::Connection;
using storage::Value;

MetricAppend::MetricAppend(const std::vector<Metric>& metrics, Raise raise)
    : points_(metrics.size()),
      raise_(raise),
      data_{metrics.empty() ? std::string() : EncodeAppend(metrics)} {
  if (raise == Raise::kNow) latest_ = LatestOf(metrics);
  for (const auto& metric : metrics) {
    if (metric.model_id.empty()) continue;
    const double value = RankOf(ClampedToFinite(Canonical(metric.value)));
    of_models_.push_back({metric.model_id, metric.key, Value(), metric.dataset_name,
                          metric.dataset_digest, metric.timestamp_ms, metric.step, value,
                          int64_t{std::isnan(metric.value)}});
  }
}

void MetricAppend::Write(Connection& connection, const RunId& run, int64_t run_seq,
                         int64_t now_ms) {
  if (points_ == 0) return;
  connection.Execute(sql::kInsertMetricAppend,
                     {run_seq, static_cast<int64_t>(points_), now_ms, data_});
  if (raise_ == Raise::kNow) {
    RaiseLatest(connection, run_seq, latest_);
  } else {
    connection.Execute(sql::kMarkUnraised, {run_seq});
  }
  for (auto& row : of_models_) row[2] = run.str();
  if (!of_models_.empty()) connection.ExecuteMany(sql::kSetLoggedModelMetric, of_models_);
}

}  // namespace millwright::tracking

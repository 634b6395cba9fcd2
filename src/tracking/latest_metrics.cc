#include "tracking/latest_metrics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <unordered_map>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "tracking/sql.h"

namespace millwright::tracking {
namespace {

using storage::Connection;
using storage::Row;
using storage::Value;

// A transaction takes so many runs, or fewer when they have many metrics: it holds other writers up
// for some 10 ms.
constexpr int64_t kRaisedRunsMax = 256;
constexpr size_t kRaisedRowsMax = 4096;
// From so many rows on PostgreSQL gets them in one statement, for each costs work of its server.
constexpr size_t kRowsAtOnceMin = 8;

// The value as the tables of rows keep it, which SQL can compare: finite, and 0 for NaN.
double RowValue(double value) {
  return RankOf(ClampedToFinite(Canonical(value)));
}

bool IsLater(const MetricPoint& a, const MetricPoint& b) {
  const auto rank = [](const MetricPoint& point) {
    return std::make_tuple(point.step, point.timestamp_ms, RowValue(point.value));
  };
  return rank(a) > rank(b);
}

void RaiseTogether(Connection& connection, int64_t run_seq, const LatestPoints& points) {
  std::string json;
  JsonWriter writer(&json);
  writer.BeginArray();
  for (const auto& [key, point] : points) {
    writer.BeginObject()
        .Field("k", key)
        .Field("t", point.timestamp_ms)
        .Field("s", point.step)
        .Field("v", RowValue(point.value))
        .Field("n", int64_t{std::isnan(point.value)})
        .EndObject();
  }
  writer.EndArray();
  connection.Execute(sql::kRaiseLatestMetrics, {run_seq, std::move(json)});
}

}  // namespace

LatestPoints LatestOf(const std::vector<Metric>& metrics) {
  std::unordered_map<std::string_view, const Metric*> latest;
  latest.reserve(metrics.size());
  const auto point = [](const Metric& metric) {
    return MetricPoint{metric.timestamp_ms, metric.step, metric.value};
  };
  for (const auto& metric : metrics) {
    const Metric*& best = latest[metric.key];
    if (best == nullptr || IsLater(point(metric), point(*best))) best = &metric;
  }
  LatestPoints sorted;
  sorted.reserve(latest.size());
  for (const auto& [key, metric] : latest) sorted.emplace_back(key, point(*metric));
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return sorted;
}

LatestPoints LatestOf(const PointsByKey& points) {
  LatestPoints latest;
  latest.reserve(points.size());
  for (const auto& [key, series] : points) {
    latest.emplace_back(
        key, *std::max_element(series.begin(), series.end(),
                               [](const auto& a, const auto& b) { return IsLater(b, a); }));
  }
  return latest;
}

bool IsUnraised(Connection& connection, int64_t run_seq) {
  return connection.SelectOne(sql::kUnraisedOfRuns, {fmt::format("[{}]", run_seq)}).has_value();
}

// In the order of the table: neighbours are found fast, and writers to one run take its rows in the
// same order.
void RaiseLatest(Connection& connection, int64_t run_seq, const LatestPoints& points) {
  if (connection.dialect() == storage::Dialect::kPostgres && points.size() >= kRowsAtOnceMin) {
    return RaiseTogether(connection, run_seq, points);
  }
  std::vector<std::vector<Value>> rows;
  rows.reserve(points.size());
  for (const auto& [key, point] : points) {
    rows.push_back({run_seq, key, point.timestamp_ms, point.step, RowValue(point.value),
                    int64_t{std::isnan(point.value)}});
  }
  connection.ExecuteMany(sql::kRaiseLatestMetric, rows);
}

void AddWaiting(Connection& connection, int64_t run_seq,
                const std::unordered_set<std::string>* keys, std::vector<Metric>* metrics) {
  std::map<std::string_view, MetricPoint> waiting;
  const PointsByKey points = ReadAppends(connection, run_seq);
  const LatestPoints latest = LatestOf(points);
  for (const auto& [key, point] : latest) {
    if (keys == nullptr || keys->contains(key)) waiting[key] = point;
  }
  for (auto& metric : *metrics) {
    const auto found = waiting.find(metric.key);
    if (found == waiting.end()) continue;
    const MetricPoint& point = found->second;
    if (IsLater(point, {metric.timestamp_ms, metric.step, metric.value})) {
      metric.timestamp_ms = point.timestamp_ms;
      metric.step = point.step;
      metric.value = ClampedToFinite(Canonical(point.value));
    }
    waiting.erase(found);
  }
  for (const auto& [key, point] : waiting) {
    metrics->push_back({std::string(key), ClampedToFinite(Canonical(point.value)),
                        point.timestamp_ms, point.step});
  }
  std::sort(metrics->begin(), metrics->end(),
            [](const Metric& a, const Metric& b) { return a.key < b.key; });
}

void LatestMetrics::CatchUp() {
  if (IsCaughtUp()) return;
  const uint64_t before = begun_;
  const std::lock_guard turn(turn_);
  // A pass that began after this call, and came to its end, has done what this call wants.
  if (done_ > before) return;
  const uint64_t number = ++begun_;
  try {
    while (RaiseSome()) {
    }
  } catch (const Error& error) {
    if (error.code() != Code::kResourceExhausted) throw;
    Log(LogLevel::kWarning, "tracking", "cannot raise latest metrics",
        {{"error", error.message()}});
  }
  done_ = number;
}

bool LatestMetrics::IsCaughtUp() {
  return database_.Read([](Connection& connection) {
    return !connection.SelectOne(sql::kUnraisedRuns, {int64_t{1}});
  });
}

bool LatestMetrics::RaiseSome() {
  return database_.Write([](Connection& connection) {
    const std::vector<Row> runs = connection.Select(sql::kUnraisedRuns, {kRaisedRunsMax});
    size_t rows = 0;
    for (const Row& run : runs) {
      if (rows >= kRaisedRowsMax) return true;
      const int64_t run_seq = run.Int(0);
      const LatestPoints latest = LatestOf(ReadAppends(connection, run_seq));
      RaiseLatest(connection, run_seq, latest);
      connection.Execute(sql::kUnmarkUnraised, {run_seq});
      rows += latest.size();
    }
    return static_cast<int64_t>(runs.size()) == kRaisedRunsMax;
  });
}

}  // namespace millwright::tracking

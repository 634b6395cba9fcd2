// Measures the storage of metrics without HTTP, and rows a point in the same run, the way that a
// schema with one row for each point would keep them:
//   tracking_store [POSTGRES-URI]
// Batches of 1,000 metrics by four writers while the compactor works; pages of 25,000 points;
// charts. SQLite files are made in a temporary folder and take up to 600 MB.
#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <random>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "events/event_log.h"
#include "storage/database.h"
#include "tracking/experiment_store.h"
#include "tracking/metric_chart.h"
#include "tracking/metric_compactor.h"
#include "tracking/metric_history.h"
#include "tracking/metric_segment.h"
#include "tracking/run_store.h"
#include "tracking/sql.h"

namespace millwright::tracking {
namespace {

using storage::Connection;
using storage::Dialect;
using storage::Query;
using storage::Value;

constexpr int kWriters = 4;
constexpr int kBatch = 1000;
constexpr int64_t kLoadUs = 2'500'000;
constexpr int64_t kPagePoints = 25'000;
constexpr int kHistoryPoints = 1'000'000;
constexpr int kWholeLines = 20;
constexpr auto kCompactionPause = std::chrono::milliseconds(500);  // as the server's

constexpr Query kMakeRows{
    "bench.make_rows",
    "CREATE TABLE bench_rows (run BIGINT, key TEXT, time BIGINT, step BIGINT, value DOUBLE "
    "PRECISION, is_nan BIGINT, PRIMARY KEY (run, key, time, step, value, is_nan)) WITHOUT ROWID",
    "CREATE TABLE bench_rows (run BIGINT, key TEXT, time BIGINT, step BIGINT, value DOUBLE "
    "PRECISION, is_nan BIGINT, PRIMARY KEY (run, key, time, step, value, is_nan))"};
constexpr Query kMakeLatest{
    "bench.make_latest",
    "CREATE TABLE bench_latest (run BIGINT, key TEXT, time BIGINT, step BIGINT, value DOUBLE "
    "PRECISION, is_nan BIGINT, PRIMARY KEY (run, key)) WITHOUT ROWID",
    "CREATE TABLE bench_latest (run BIGINT, key TEXT, time BIGINT, step BIGINT, value DOUBLE "
    "PRECISION, is_nan BIGINT, PRIMARY KEY (run, key))"};
constexpr Query kInsertRow{
    "bench.insert_row",
    "INSERT INTO bench_rows VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING", ""};
constexpr Query kInsertRows{
    "bench.insert_rows", "",
    "INSERT INTO bench_rows SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], "
    "$4::bigint[], $5::double precision[], $6::bigint[]) ON CONFLICT DO NOTHING"};
constexpr std::string_view kRaise =
    "INSERT INTO bench_latest VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (run, key) DO UPDATE SET "
    "time = excluded.time, step = excluded.step, value = excluded.value, is_nan = excluded.is_nan "
    "WHERE (excluded.step, excluded.time, excluded.value) > (bench_latest.step, bench_latest.time, "
    "bench_latest.value)";
constexpr Query kRaiseRow{"bench.raise_row", kRaise, ""};
constexpr Query kSelectRows{
    "bench.select_rows",
    "SELECT time, step, value, is_nan FROM bench_rows WHERE run = $1 AND key = $2 "
    "ORDER BY time, step, value LIMIT $3",
    ""};

// The metrics of the n-th batch of a writer: `keys` names, one step after another.
std::vector<Metric> MakeBatch(int64_t number, int keys) {
  std::vector<Metric> metrics;
  metrics.reserve(kBatch);
  std::mt19937 random(static_cast<unsigned>(number));
  for (int i = 0; i < kBatch; ++i) {
    const int64_t step = (number * kBatch + i) / keys;
    metrics.push_back({fmt::format("layer/{:04}/gradient", i % keys), random() * 1e-9,
                       1'700'000'000'000 + step * 50, step});
  }
  return metrics;
}

// Lets four writers call `write(writer, batch number)` for a while; returns metrics a second.
double Load(const std::function<void(int, int64_t)>& write) {
  std::atomic<int64_t> batches = 0;
  const int64_t start_us = MonotonicUs();
  {
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < kWriters; ++writer) {
      writers.emplace_back([&, writer] {
        for (int64_t number = 0; MonotonicUs() - start_us < kLoadUs; ++number) {
          write(writer, number);
          ++batches;
        }
      });
    }
  }
  return static_cast<double>(batches * kBatch) * 1e6 /
         static_cast<double>(MonotonicUs() - start_us);
}

std::vector<Value> RowOf(int64_t run, const Metric& metric) {
  return {run, metric.key, metric.timestamp_ms, metric.step, metric.value, int64_t{0}};
}

// Writes a batch the fastest way that a row a point has: prepared statements on SQLite, arrays
// through unnest on PostgreSQL.
void WriteRows(Connection& connection, int64_t run, const std::vector<Metric>& metrics, int keys) {
  if (connection.dialect() == Dialect::kSqlite) {
    std::vector<std::vector<Value>> rows;
    for (const auto& metric : metrics) rows.push_back(RowOf(run, metric));
    connection.ExecuteMany(kInsertRow, rows);
  } else {
    std::string columns[6];
    for (const auto& metric : metrics) {
      const std::string parts[] = {std::to_string(run),
                                   metric.key,
                                   std::to_string(metric.timestamp_ms),
                                   std::to_string(metric.step),
                                   fmt::format("{}", metric.value),
                                   "0"};
      for (int i = 0; i < 6; ++i) columns[i] += (columns[i].empty() ? "{" : ",") + parts[i];
    }
    std::vector<Value> parameters;
    for (auto& column : columns) parameters.emplace_back(column + "}");
    connection.Execute(kInsertRows, parameters);
  }
  std::vector<std::vector<Value>> latest;
  for (size_t i = metrics.size() - keys; i < metrics.size(); ++i) {
    latest.push_back(RowOf(run, metrics[i]));
  }
  connection.ExecuteMany(kRaiseRow, latest);
}

struct Stores {
  explicit Stores(const std::string& uri) : database(storage::OpenDatabase(uri)) {
    database->Write([](Connection& connection) {
      connection.Execute(kMakeRows);
      connection.Execute(kMakeLatest);
    });
  }
  RunId NewRun() {
    return runs.Create({.experiment_id = ExperimentId("0"), .name = "r"}, "bench").info.id;
  }

  std::unique_ptr<storage::Database> database;
  SystemClock clock;
  events::EventLog events{*database, clock};
  ExperimentStore experiments{*database, events, clock, {}};
  RunStore runs{*database, events, clock};
  MetricHistory history{*database};
  ChartReader charts{*database};
  MetricCompactor compactor{*database, clock};
};

void MeasureWrites(Stores& stores, const char* rows_name) {
  for (const int keys : {1, 10, 100, 1000}) {
    const double rows = Load([&](int writer, int64_t number) {
      const auto metrics = MakeBatch(number, keys);
      stores.database->Write([&](Connection& connection) {
        WriteRows(connection, keys * 10 + writer, metrics, keys);
      });
    });
    std::vector<RunId> runs;
    for (int i = 0; i < kWriters; ++i) runs.push_back(stores.NewRun());
    std::jthread compacting([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        stores.compactor.CompactDue(stop);
        std::this_thread::sleep_for(kCompactionPause);
      }
    });
    const double appends = Load([&](int writer, int64_t number) {
      stores.runs.LogBatch(runs[writer], {.metrics = MakeBatch(number, keys)});
    });
    fmt::print("log-batch of {} metrics, {:4} keys: {:7.0f} metrics/s; {} {:7.0f}; ratio {:.1f}\n",
               kBatch, keys, appends, rows_name, rows, appends / rows);
    std::fflush(stdout);
  }
}

template <typename F>
double MedianMs(int times, F&& call) {
  std::vector<int64_t> took;
  for (int i = 0; i < times; ++i) {
    const int64_t start_us = MonotonicUs();
    call();
    took.push_back(MonotonicUs() - start_us);
  }
  std::sort(took.begin(), took.end());
  return static_cast<double>(took[took.size() / 2]) / 1000;
}

void MeasurePages(Stores& stores) {
  const RunId run = stores.NewRun();
  for (int64_t number = 0; number < kHistoryPoints / kBatch; ++number) {
    const auto metrics = MakeBatch(number, 1);
    stores.runs.LogBatch(run, {.metrics = metrics});
    if (number * kBatch > 2 * kPagePoints) continue;
    stores.database->Write([&](Connection& connection) { WriteRows(connection, 1, metrics, 1); });
  }
  stores.compactor.CompactDue();
  const std::string key = MakeBatch(0, 1)[0].key;
  const double rows = MedianMs(9, [&] {
    stores.database->Read([&](Connection& connection) {
      return connection.Select(kSelectRows, {int64_t{1}, key, kPagePoints}).size();
    });
  });
  const double first = MedianMs(9, [&] { stores.history.Page(run, key, kPagePoints); });
  const int64_t deep = kHistoryPoints - kPagePoints - 1;
  const MetricPoint after{1'700'000'000'000 + deep * 50, deep, 0};
  const double last = MedianMs(9, [&] { stores.history.Page(run, key, kPagePoints, after); });
  fmt::print("page of {} of {} points: {:.2f} ms, the last one {:.2f} ms; as rows {:.2f} ms\n",
             kPagePoints, kHistoryPoints, first, last, rows);
}

// Stores histories of a million points by their segments; without parts only the summaries are
// there, which is all that a chart of the whole reads.
std::vector<RunId> StoreLines(Stores& stores, int runs, int keys, bool with_parts) {
  std::vector<MetricPoint> points;
  std::mt19937 random(3);
  for (int64_t i = 0; i < kHistoryPoints; ++i) {
    points.push_back({1'700'000'000'000 + i * 50, i, random() * 1e-9});
  }
  std::vector<RunId> ids;
  for (int run = 0; run < runs; ++run) ids.push_back(stores.NewRun());
  std::vector<SegmentRows> made;
  for (size_t start = 0; start < points.size(); start += kSegmentPointsMax) {
    const size_t size = std::min(kSegmentPointsMax, points.size() - start);
    made.push_back(MakeSegment({0, ""}, static_cast<int64_t>(made.size()),
                               std::span(points).subspan(start, size)));
  }
  for (const auto& id : ids) {
    stores.database->Write([&](Connection& connection) {
      const int64_t seq = FindMetricRun(connection, id)->seq;
      for (int key = 0; key < keys; ++key) {
        for (SegmentRows rows : made) {
          rows.segment[0] = seq;
          rows.segment[1] = fmt::format("k{}", key);
          if (!with_parts) rows.segment[11] = storage::Bytes{};
          connection.Execute(sql::kInsertMetricSegment, rows.segment);
          for (auto& part : rows.parts) {
            part[0] = seq;
            part[1] = rows.segment[1];
          }
          if (with_parts) connection.ExecuteMany(sql::kInsertMetricPart, rows.parts);
        }
      }
    });
  }
  return ids;
}

void MeasureChart(Stores& stores, ChartRequest request, const char* what) {
  size_t buckets = 0;
  const double took = MedianMs(5, [&] {
    buckets = 0;
    for (const auto& series : stores.charts.Read(request).series) buckets += series.buckets.size();
  });
  fmt::print("chart of {} lines of {} points, {} pixels, {}: {:.1f} ms, {} buckets\n",
             request.runs.size() * request.keys.size(), kHistoryPoints, request.width, what, took,
             buckets);
  std::fflush(stdout);
}

void MeasureCharts(Stores& stores) {
  std::vector<std::string> keys;
  for (int i = 0; i < 10; ++i) keys.push_back(fmt::format("k{}", i));
  ChartRequest whole{.runs = StoreLines(stores, 100, 10, false), .keys = keys, .width = 100};
  MeasureChart(stores, whole, "the whole");
  whole.width = 300;
  MeasureChart(stores, whole, "the whole");
  ChartRequest zoomed{
      .runs = StoreLines(stores, kWholeLines, 1, true), .keys = {"k0"}, .width = 300};
  for (const int64_t part : {1, 4, 20, 100, 1000, 10'000}) {
    zoomed.from = 123'457;
    zoomed.to = *zoomed.from + kHistoryPoints / part - 1;
    MeasureChart(stores, zoomed, fmt::format("1/{} of it", part).c_str());
  }
}

}  // namespace
}  // namespace millwright::tracking

int main(int argc, char** argv) {
  using namespace millwright;
  try {
    if (argc > 1) {
      fmt::print("-- PostgreSQL\n");
      tracking::Stores stores(argv[1]);
      tracking::MeasureWrites(stores, "rows by unnest");
      return 0;
    }
    const TempDir dir;
    fmt::print("-- SQLite\n");
    tracking::Stores stores("sqlite:///" + (dir.path() / "bench.db").string());
    tracking::MeasureWrites(stores, "rows");
    tracking::MeasurePages(stores);
    tracking::MeasureCharts(stores);
    return 0;
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.message());
    return 1;
  }
}

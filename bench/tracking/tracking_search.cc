// Measures searching runs beside the same answers by hand-written SQL on the same database.
//
//   tracking_search [RUNS,RUNS…] [FOLDER | postgresql://…]
//
// Every run has six metrics, four params and two tags; all are of one experiment. A page is 100
// runs with three named columns, as the web UI asks. "by hand" is the page and the columns by SQL
// that somebody wrote for this one question. A SQLite file is made once for each number of runs and
// kept in FOLDER; a PostgreSQL database is filled once and must be empty before.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <sstream>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "events/event_log.h"
#include "storage/database.h"
#include "tracking/experiment_store.h"
#include "tracking/run_store.h"

namespace {

using namespace millwright;
using storage::Connection;
using storage::Query;
using tracking::RunSearch;

constexpr int64_t kPage = 100;
constexpr int64_t kStartMs = 1'700'000'000'000;
constexpr int64_t kMeasureUs = 400'000;  // of a question
constexpr size_t kAsksMin = 200;         // that a 99th percentile may be spoken of
constexpr size_t kAsksByHandMin = 5;
constexpr int kClients = 8;
constexpr int kReaders = 8;
// Each spreads consecutive numbers evenly and without repetition over 0 … 1000003.
constexpr int64_t kFactors[] = {7919, 104729, 224737, 350377, 479909, 611953};

struct Question {
  std::string name;
  std::string filter;
  std::vector<std::string> order_by;
  int64_t depth = 0;  // rows before the page
  std::string by_hand;
};

std::string Series(storage::Dialect dialect, int64_t runs) {
  if (dialect == storage::Dialect::kPostgres) {
    return fmt::format("(SELECT generate_series(1, {}::bigint) AS n) s", runs);
  }
  return fmt::format(
      "(WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {}) SELECT n "
      "FROM c) s",
      runs);
}

std::vector<std::string> FillStatements(storage::Dialect dialect, int64_t runs) {
  const std::string series = Series(dialect, runs);
  const std::string padded = dialect == storage::Dialect::kPostgres
                                 ? "lpad((n * 48271 % 2147483647)::text, 32, '0')"
                                 : "printf('%032d', n * 48271 % 2147483647)";
  std::vector<std::string> all = {fmt::format(
      "INSERT INTO runs (run_seq, run_id, experiment_id, run_name, user_id, status, start_ms, "
      "end_ms, artifact_uri, lifecycle, written_by) SELECT n, {}, 0, 'run ' || n, 'ada', "
      "'FINISHED', {} + n * 1000, {} + n * 1000 + 500, 'mlflow-artifacts:/0/' || n, 'active', '' "
      "FROM {}",
      padded, kStartMs, kStartMs, series)};
  std::string kinds;
  for (size_t i = 0; i < std::size(kFactors); ++i) {
    kinds += fmt::format("{}SELECT {} AS i, {} AS f", i == 0 ? "" : " UNION ALL ", i, kFactors[i]);
  }
  all.push_back(fmt::format(
      "INSERT INTO latest_metrics (run_seq, key, timestamp_ms, step, value, is_nan) SELECT n, 'm' "
      "|| k.i, {}, 0, ((n * k.f) % 1000003) / 1000003.0, 0 FROM {} CROSS JOIN ({}) k",
      kStartMs, series, kinds));
  const std::pair<const char*, std::string> params[] = {
      {"p0", "'v' || (n % 5)"},
      {"p1", fmt::format("'v' || (n % {})", std::max<int64_t>(1, runs / 10))},
      {"p2", "'adam'"},
      {"p3", "'0.' || n"}};
  for (const auto& [key, value] : params) {
    all.push_back(
        fmt::format("INSERT INTO run_params (run_seq, key, value) SELECT n, '{}', {} FROM {}", key,
                    value, series));
  }
  all.push_back(
      "INSERT INTO run_tags (run_seq, key, value) SELECT n, 'team', 't' || (n % 3) FROM " + series);
  return all;
}

// Fills an empty database; one that has the runs stays.
void Fill(storage::Database& database, int64_t runs) {
  const Query count = {"bench.count", "SELECT count(*) FROM runs", ""};
  const auto have = database.Read([&](Connection& c) { return c.SelectOne(count)->Int(0); });
  if (have == runs) return;
  for (const std::string& statement : FillStatements(database.dialect(), runs)) {
    database.Write([&](Connection& c) { c.Execute({"bench.fill", statement, statement}); });
  }
  if (database.dialect() == storage::Dialect::kPostgres) {
    database.Write([&](Connection& c) { c.Execute({"bench.analyze", "ANALYZE", ""}); });
  }
}

std::vector<Question> Questions(int64_t runs) {
  const std::string columns =
      "SELECT r.run_seq, r.run_id, r.run_name, r.status, r.user_id, r.start_ms, r.end_ms FROM ";
  const std::string scope = "r.experiment_id = 0 AND r.lifecycle = 'active'";
  const std::string newest = fmt::format(" ORDER BY r.start_ms DESC, r.run_id LIMIT {}", kPage);
  const auto walk = [&](std::string_view key, std::string_view more) {
    return fmt::format(
        "{}latest_metrics m JOIN runs r ON r.run_seq = m.run_seq WHERE m.key = '{}' AND m.is_nan = "
        "0 AND {}{}",
        columns, key, scope, more);
  };
  const auto by_value = [&](std::string_view direction) {
    return fmt::format(" ORDER BY m.value {}, r.start_ms DESC, r.run_id LIMIT {}", direction,
                       kPage);
  };
  const auto metric = [](std::string_view key, std::string_view test) {
    return fmt::format(
        "EXISTS (SELECT 1 FROM latest_metrics f WHERE f.run_seq = r.run_seq AND f.key = '{}' AND "
        "f.value {})",
        key, test);
  };
  const auto text = [](std::string_view table, std::string_view key, std::string_view value) {
    return fmt::format(
        "EXISTS (SELECT 1 FROM {} f WHERE f.run_seq = r.run_seq AND f.key = '{}' AND f.value = "
        "'{}')",
        table, key, value);
  };
  const std::string all = fmt::format("{}runs r WHERE {}", columns, scope);
  const std::string few = fmt::format("< {:.9f}", 30.0 / static_cast<double>(runs));
  const std::string some = fmt::format("v{}", std::max<int64_t>(1, runs / 10) / 2);
  const int64_t depth = std::min<int64_t>(50'000, runs / 2);
  return {
      {"newest first", "", {}, 0, all + newest},
      {"order by a metric", "", {"metrics.m1 DESC"}, 0, walk("m1", "") + by_value("DESC")},
      {"metric, half of the runs",
       "metrics.m0 < 0.5",
       {},
       0,
       all + " AND " + metric("m0", "< 0.5") + newest},
      {"metric, 30 runs", "metrics.m0 " + few, {}, 0, walk("m0", " AND m.value " + few) + newest},
      {"param, a fifth of the runs",
       "params.p0 = 'v1'",
       {},
       0,
       all + " AND " + text("run_params", "p0", "v1") + newest},
      {"param, 10 runs",
       fmt::format("params.p1 = '{}'", some),
       {},
       0,
       fmt::format("{}run_params p JOIN runs r ON r.run_seq = p.run_seq WHERE p.key = 'p1' AND "
                   "substr(p.value, 1, 200) = '{}' AND {}{}",
                   columns, some, scope, newest)},
      {"tag, a third of the runs",
       "tags.team = 't1'",
       {},
       0,
       all + " AND " + text("run_tags", "team", "t1") + newest},
      {"a metric, by another",
       "metrics.m0 < 0.5",
       {"metrics.m1 DESC"},
       0,
       walk("m1", " AND " + metric("m0", "< 0.5")) + by_value("DESC")},
      {"two metrics and a param, by a metric",
       "metrics.m0 < 0.5 AND metrics.m2 > 0.9 AND params.p0 = 'v1'",
       {"metrics.m1"},
       0,
       walk("m1", " AND " + metric("m0", "< 0.5") + " AND " + metric("m2", "> 0.9") + " AND " +
                      text("run_params", "p0", "v1")) +
           by_value("ASC")},
      {"either of two metrics, by a metric",
       "metrics.m0 < 0.01 OR metrics.m2 > 0.9",
       {"metrics.m1"},
       0,
       walk("m1", " AND (" + metric("m0", "< 0.01") + " OR " + metric("m2", "> 0.9") + ")") +
           by_value("ASC")},
      {fmt::format("by a metric, page at {}", depth),
       "",
       {"metrics.m1 DESC"},
       depth,
       walk("m1", "") + by_value("DESC") + fmt::format(" OFFSET {}", depth)}};
}

// Sorted milliseconds of asking over and over.
template <typename F>
std::vector<double> Measure(size_t asks_min, const F& ask) {
  std::vector<double> times;
  const int64_t end_us = MonotonicUs() + kMeasureUs;
  while (MonotonicUs() < end_us || times.size() < asks_min) {
    const int64_t begin_us = MonotonicUs();
    ask();
    times.push_back(static_cast<double>(MonotonicUs() - begin_us) / 1000);
  }
  std::sort(times.begin(), times.end());
  return times;
}

template <typename F>
std::vector<double> MeasureTogether(const F& ask) {
  std::vector<std::vector<double>> lists(kClients);
  {
    std::vector<std::jthread> threads;
    for (auto& list : lists)
      threads.emplace_back([&] { list = Measure(kAsksMin / kClients, ask); });
  }
  std::vector<double> all;
  for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
  std::sort(all.begin(), all.end());
  return all;
}

double At(const std::vector<double>& sorted, double share) {
  return sorted[std::min(sorted.size() - 1,
                         static_cast<size_t>(share * static_cast<double>(sorted.size())))];
}

void AskByHand(storage::Database& database, const std::string& sql) {
  database.Read([&](Connection& connection) {
    std::string keys;
    for (const auto& row : connection.Select({"bench.page", sql, sql})) {
      keys += fmt::format("{}{}", keys.empty() ? "" : ",", row.Int(0));
    }
    if (keys.empty()) return;
    for (const std::string rest :
         {"latest_metrics WHERE key IN ('m0', 'm1')", "run_params WHERE key = 'p0'"}) {
      const std::string values =
          fmt::format("SELECT run_seq, key, value FROM {} AND run_seq IN ({})", rest, keys);
      connection.Select({"bench.values", values, values});
    }
  });
}

void Report(storage::Database& database, int64_t runs) {
  const SystemClock clock;
  events::EventLog events(database, clock);
  tracking::ExperimentStore experiments(database, events, clock, {});
  const tracking::RunStore store(database, events, clock);
  Fill(database, runs);
  const bool sqlite = database.dialect() == storage::Dialect::kSqlite;
  fmt::print("\n{}, {} runs, pages of {}; milliseconds\n", sqlite ? "SQLite" : "PostgreSQL", runs,
             kPage);
  fmt::print("| {:36} | p50 | p99 | {} clients: p50 | p99 | by hand: p50 | ratio |\n", "question",
             kClients);
  fmt::print("| --- | --- | --- | --- | --- | --- | --- |\n");
  for (const Question& question : Questions(runs)) {
    RunSearch search{.experiment_ids = {tracking::ExperimentId("0")},
                     .filter = question.filter,
                     .order_by = question.order_by,
                     .limit = kPage,
                     .columns = tracking::RunColumns{}};
    if (question.depth > 0) {
      search.limit = question.depth;
      search.page_token = store.Search(search).next_token;
      search.limit = kPage;
    }
    search.columns = tracking::RunColumns{{"m0", "m1"}, {"p0"}, {}};
    const auto ask = [&] { store.Search(search); };
    const auto one = Measure(kAsksMin, ask);
    const auto many = MeasureTogether(ask);
    const auto raw = Measure(kAsksByHandMin, [&] { AskByHand(database, question.by_hand); });
    fmt::print("| {:36} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {:.2f} |\n", question.name,
               At(one, 0.5), At(one, 0.99), At(many, 0.5), At(many, 0.99), At(raw, 0.5),
               At(one, 0.5) / At(raw, 0.5));
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::istringstream sizes(argc > 1 ? argv[1] : "10000,100000");
  const std::string place =
      argc > 2 ? argv[2]
               : (std::filesystem::temp_directory_path() / "millwright-bench-search").string();
  for (std::string size; std::getline(sizes, size, ',');) {
    const std::string uri =
        place.starts_with("postgresql:") ? place : "sqlite:///" + place + "/" + size + ".db";
    const auto database = storage::OpenDatabase(uri, {.readers = kReaders});
    Report(*database, std::stoll(size));
  }
}

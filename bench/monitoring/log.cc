// Measures the prediction log: what handing a prediction over costs the request, how many a second
// reach Parquet, and what questions over many rows take.
//
// usage: prediction_log [OFFERED [STORED]]
//
// OFFERED predictions of 20 inputs (default 1,000,000) are offered by one thread as fast as the log
// takes them. STORED predictions and as many outcomes (default 10,000,000) are written by DuckDB
// into the files that a log of 30 days has; questions are asked of these.
#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "analytics/session.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "events/event_log.h"
#include "monitoring/health.h"
#include "monitoring/monitors.h"
#include "monitoring/prediction_reader.h"
#include "storage/database.h"

namespace millwright::monitoring {
namespace {

constexpr int kInputs = 20;
constexpr int kDays = 30;
constexpr int kRounds = 3;
constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kStartMs = 1'790'000'000'000 / kHourMs * kHourMs;

template <typename F>
double Seconds(F&& work) {
  const int64_t start_us = MonotonicUs();
  work();
  return static_cast<double>(MonotonicUs() - start_us) / 1e6;
}

template <typename F>
double MedianSeconds(F&& work) {
  std::vector<double> took;
  for (int i = 0; i < kRounds; ++i) took.push_back(Seconds(work));
  std::sort(took.begin(), took.end());
  return took[took.size() / 2];
}

Prediction MakePrediction(int64_t number, int64_t now_ms) {
  Prediction prediction;
  prediction.id = fmt::format("prediction-{:012}", number);
  prediction.endpoint = "flights";
  prediction.model_version = "3";
  prediction.revision = "r1";
  prediction.time_ms = now_ms;
  prediction.latency_us = 100 + number % 977;
  for (int i = 0; i < kInputs; ++i) {
    prediction.inputs.emplace_back(fmt::format("feature_{}", i),
                                   static_cast<double>(number * (i + 3) % 10'007) / 7);
  }
  prediction.outputs.emplace_back("probability", static_cast<double>(number % 1000) / 1000);
  return prediction;
}

// The predictions are made before, so that only handing them over is measured.
void MeasureOffers(int64_t count) {
  const TempDir folder;
  const SystemClock clock;
  PredictionLog log(folder.path(), clock);
  std::vector<int64_t> took_ns;
  took_ns.reserve(count);
  int64_t refused = 0;
  const int64_t start_us = MonotonicUs();
  constexpr int64_t kMadeAtOnce = 4096;
  for (int64_t first = 0; first < count; first += kMadeAtOnce) {
    std::vector<Prediction> made;
    for (int64_t i = first; i < std::min(count, first + kMadeAtOnce); ++i) {
      made.push_back(MakePrediction(i, clock.NowMs()));
    }
    for (Prediction& prediction : made) {
      for (;;) {
        Prediction offered = prediction;
        const auto before = std::chrono::steady_clock::now();
        const bool taken = log.Offer(std::move(offered));
        const auto after = std::chrono::steady_clock::now();
        took_ns.push_back(std::chrono::nanoseconds(after - before).count());
        if (taken) break;
        ++refused;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    }
  }
  log.Flush();
  const double durable = static_cast<double>(MonotonicUs() - start_us) / 1e6;
  log.Compact();
  const double parquet = static_cast<double>(MonotonicUs() - start_us) / 1e6;
  std::sort(took_ns.begin(), took_ns.end());
  const auto at = [&](double share) {
    return static_cast<double>(took_ns[static_cast<size_t>(share * (took_ns.size() - 1))]) / 1000;
  };
  fmt::print("offer: {:.2f} us p50, {:.2f} us p99, {:.1f} us p99.9; the queue was full {} times\n",
             at(0.5), at(0.99), at(0.999), refused);
  fmt::print("{} predictions of {} inputs: {:.0f} a second durable, {:.0f} a second to Parquet\n",
             count, kInputs, count / durable, count / parquet);
  std::fflush(stdout);
}

// Files as compaction leaves them: one an hour for predictions, one a day for outcomes.
void StoreRows(const std::filesystem::path& folder, int64_t count) {
  analytics::Session session;
  constexpr int kHours = kDays * 24;
  const int64_t an_hour = count / kHours;
  std::string inputs;
  for (int i = 0; i < kInputs; ++i) {
    inputs += fmt::format("(n * {} % 10007)::DOUBLE / 7 AS input_feature_{}, ", i + 3, i);
  }
  for (int hour = 0; hour < kHours; ++hour) {
    const int64_t start_ms = kStartMs + hour * kHourMs;
    std::string name = FormatTime(start_ms).substr(0, 13);
    name[10] = '-';
    const auto place = folder / "predictions/flights" / name;
    std::filesystem::create_directories(place);
    session.Execute(fmt::format(
        "COPY (SELECT printf('prediction-%012d', n) AS id, 'flights' AS endpoint, '3' AS "
        "model_version, 'r1' AS revision, 'live' AS role, {0} + (n - {1}) * {2} // {3} AS time_ms, "
        "{0} + (n - {1}) * {2} // {3} AS event_time_ms, 100 + n % 977 AS latency_us, NULL::VARCHAR "
        "AS caller, '' AS error, FALSE AS cached, {4} (n % 1000)::DOUBLE / 1000 AS "
        "output_probability FROM range({1}, {1} + {3}) r(n)) TO '{5}' (FORMAT parquet, COMPRESSION "
        "zstd)",
        start_ms, hour * an_hour, kHourMs, an_hour, inputs,
        (place / fmt::format("{0:08d}-{0:08d}.parquet", hour + 1)).string()));
  }
  const auto outcomes = folder / "outcomes/flights";
  std::filesystem::create_directories(outcomes);
  for (int day = 0; day < kDays; ++day) {
    session.Execute(fmt::format(
        "COPY (SELECT printf('prediction-%012d', n) AS prediction_id, 'flights' AS endpoint, {0} "
        "AS "
        "time_ms, 'bench' AS who, (hash(n) % 3 = 0)::DOUBLE AS number, NULL::VARCHAR AS text, n AS "
        "sequence, 'label' AS kind, NULL::VARCHAR AS comment, NULL::VARCHAR AS key_input, "
        "NULL::VARCHAR AS key_value, NULL::BIGINT AS within_ms FROM range({1}, {2}) r(n)) TO '{3}' "
        "(FORMAT parquet, COMPRESSION zstd)",
        kStartMs + (day + 1) * 24 * kHourMs, day * 24 * an_hour, (day + 1) * 24 * an_hour,
        (outcomes / fmt::format("{0:08d}-{0:08d}.parquet", kHours + day + 1)).string()));
  }
}

// What a page about a model's health asks, out of windows of a day that were measured beforehand.
void MeasureDashboard(const PredictionLog& log, const std::filesystem::path& folder) {
  const SystemClock clock;
  auto database = storage::OpenDatabase("sqlite:///" + (folder / "bench.db").string());
  events::EventLog events(*database, clock);
  Monitors monitors(*database, events, clock, log);
  HealthReader health(*database, events, monitors, log);
  MonitorSpec spec;
  spec.name = "bench";
  spec.endpoint = "flights";
  spec.window_ms = kDayMs;
  const auto reference = monitors.MeasureReference(spec, kStartMs, kStartMs + kDayMs);
  monitors.Put(spec, reference.reference, "bench");
  const double evaluated = Seconds([&] { monitors.EvaluateNow("bench"); });
  const double refreshed = Seconds([&] { health.Refresh(); });
  fmt::print("  windows of a day of {} features: measured in {:.1f} s, their health in {:.1f} s\n",
             kInputs, evaluated, refreshed);
  const double page = MedianSeconds([&] { health.Read("bench"); });
  fmt::print("  the health of {} windows: {:.3f} s\n", health.Read("bench").windows.size(), page);
  const double kept = MedianSeconds([&] { monitors.Summary("bench"); });
  fmt::print("  the five questions, kept: {:.3f} s\n", kept);
  const int64_t from_ms = kStartMs + (kDays - 2) * kDayMs;
  const double distribution = MedianSeconds([&] {
    health.Distribution("bench", "feature_7", {{from_ms, from_ms + kDayMs}, ""});
  });
  fmt::print("  a feature's distribution in a window beside its reference: {:.3f} s\n",
             distribution);
}

void MeasureQuestions(int64_t count) {
  const TempDir folder;
  StoreRows(folder.path(), count);
  const SystemClock clock;
  std::optional<PredictionLog> log;
  const double opened = Seconds([&] { log.emplace(folder.path(), clock); });
  PredictionReader reader(*log);
  fmt::print("{} predictions with outcomes: opened in {:.2f} s\n", log->Totals().predictions,
             opened);
  const double joined = MedianSeconds([&] { reader.Summary("flights"); });
  fmt::print("  every prediction joined with its outcome, figures of all: {:.2f} s\n", joined);
  const double day = MedianSeconds([&] {
    const int64_t from_ms = kStartMs + (kDays - 1) * 24 * kHourMs;
    reader.Summarize("flights", {{from_ms, from_ms + 24 * kHourMs}, ""});
  });
  fmt::print("  the five questions of one day of {}: {:.2f} s\n", kDays, day);
  const double recent = MedianSeconds([&] { reader.Recent("flights", 100); });
  fmt::print("  the newest 100: {:.3f} s\n", recent);
  const double traffic = MedianSeconds(
      [&] { reader.Traffic("flights", 24, kHourMs, kStartMs + (kDays * 24 - 1) * kHourMs); });
  fmt::print("  traffic of a day by the hour: {:.3f} s\n", traffic);
  MeasureDashboard(*log, folder.path());
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("  peak of memory {} MB\n", usage.ru_maxrss / 1024);
  std::fflush(stdout);
}

}  // namespace
}  // namespace millwright::monitoring

int main(int argc, char** argv) {
  using namespace millwright;
  try {
    monitoring::MeasureOffers(argc > 1 ? std::atoll(argv[1]) : 1'000'000);
    monitoring::MeasureQuestions(argc > 2 ? std::atoll(argv[2]) : 10'000'000);
    return 0;
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.message());
    return 1;
  }
}

// Measures the prediction log: what handing a prediction over costs the request, how many a second
// reach Parquet, and what questions over many rows take.
//
// usage: prediction_log [OFFERED [STORED [INPUTS [FOLDER]]]]
//
// OFFERED predictions of 20 inputs (default 1,000,000) are offered by one thread as fast as the log
// takes them. STORED predictions of INPUTS inputs (default 10,000,000 of 20) and as many outcomes
// are written by DuckDB into the files that a log of hours has, 333,360 a day; questions are asked
// of these, first with the files of an earlier release, then after the log's own tidying. A FOLDER
// is kept, and asked as it is when it has rows already.
#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <limits>
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
#include "monitoring/slice_performance.h"
#include "storage/database.h"

namespace millwright::monitoring {
namespace {

constexpr int kInputs = 20;
constexpr int kRounds = 3;
constexpr int64_t kRowsPerHour = 13'890;
constexpr int64_t kStartMs = 1'735'689'600'000;  // 2025-01-01

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

int64_t DaysOf(int64_t count) {
  return std::max<int64_t>(2, count / (24 * kRowsPerHour));
}

// Files as earlier releases leave them: one an hour for predictions, one a day for outcomes.
void StoreRows(const std::filesystem::path& folder, int64_t days, int input_count) {
  analytics::Session session;
  std::string inputs;
  for (int i = 0; i < input_count; ++i) {
    inputs += fmt::format("(n * {} % 10007)::DOUBLE / 7 AS input_feature_{}, ", i + 3, i);
  }
  for (int64_t hour = 0; hour < days * 24; ++hour) {
    const int64_t start_ms = kStartMs + hour * kHourMs;
    const auto place = folder / "predictions/flights" / FolderName({HourAt(start_ms), 1});
    std::filesystem::create_directories(place);
    session.Execute(fmt::format(
        "COPY (SELECT md5('p' || n) AS id, 'flights' AS endpoint, '3' AS model_version, 'r1' AS "
        "revision, 'live' AS role, {0} + (n - {1}) * {2} // {3} AS time_ms, {0} + (n - {1}) * {2} "
        "// {3} AS event_time_ms, 100 + n % 977 AS latency_us, NULL::VARCHAR AS caller, '' AS "
        "error, FALSE AS cached, {4} (n % 1000)::DOUBLE / 1000 AS output_probability FROM "
        "range({1}, {1} + {3}) r(n)) TO '{5}' (FORMAT parquet, COMPRESSION zstd)",
        start_ms, hour * kRowsPerHour, kHourMs, kRowsPerHour, inputs,
        (place / ParquetName({hour + 1, hour + 1})).string()));
  }
  const auto outcomes = folder / "outcomes/flights";
  std::filesystem::create_directories(outcomes);
  for (int64_t day = 0; day < days; ++day) {
    const int64_t number = days * 24 + day + 1;
    session.Execute(fmt::format(
        "COPY (SELECT md5('p' || n) AS prediction_id, 'flights' AS endpoint, {0} AS time_ms, "
        "'bench' AS who, (hash(n) % 3 = 0)::DOUBLE AS number, NULL::VARCHAR AS text, n AS "
        "sequence, 'label' AS kind, NULL::VARCHAR AS comment, NULL::VARCHAR AS key_input, "
        "NULL::VARCHAR AS key_value, NULL::BIGINT AS within_ms FROM range({1}, {2}) r(n)) TO '{3}' "
        "(FORMAT parquet, COMPRESSION zstd)",
        kStartMs + (day + 1) * kDayMs, day * 24 * kRowsPerHour, (day + 1) * 24 * kRowsPerHour,
        (outcomes / ParquetName({number, number})).string()));
  }
}

// Of this process, on all processors: others that use the machine do not change it.
double SecondsOfWork() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int64_t PeakMegabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

// The first time, and the median of three more, passed and of work.
template <typename F>
void Ask(std::string_view what, F&& question) {
  const double first = Seconds(question);
  const double before = SecondsOfWork();
  const double then = MedianSeconds(question);
  fmt::print("  {}: {:.3f} s at first, then {:.3f} s ({:.3f} s of work)\n", what, first, then,
             (SecondsOfWork() - before) / kRounds);
  std::fflush(stdout);
}

// What a page about a model's health asks, out of windows of a day that were measured beforehand.
void MeasureDashboard(const PredictionLog& log, const std::filesystem::path& folder,
                      const TimeRange& day) {
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
  fmt::print("  windows of a day: measured in {:.1f} s, their health in {:.1f} s\n", evaluated,
             refreshed);
  Ask("the health of all windows", [&] { health.Read("bench"); });
  Ask("the figures of all, kept", [&] { monitors.Summary("bench"); });
  Ask("a feature's distribution in a window beside its reference", [&] {
    health.Distribution("bench", "feature_2", {day, ""});
  });
  Ask("the same of a slice", [&] {
    health.Distribution("bench", "feature_2", {day, "input_feature_1 < 100"});
  });
  Ask("the health of a slice of a day", [&] {
    health.Read("bench", {day, "input_feature_1 < 100"});
  });
}

void AskForRows(const PredictionLog& log, const TimeRange& day) {
  PredictionReader reader(log);
  PredictionPage page;
  Ask("the newest 100", [&] { page = reader.Page("flights", 100); });
  Ask("the 100 after them", [&] { reader.Page("flights", 100, {}, page.next); });
  Ask("the newest 100 of a day", [&] { reader.Page("flights", 100, {day, ""}); });
  Ask("the newest 100 of a slice of a tenth", [&] {
    reader.Page("flights", 100, {{}, "input_feature_1 < 143"});
  });
  Ask("a page that finds none of a slice", [&] {
    reader.Page("flights", 100, {{}, "input_feature_1 < 0"});
  });
  Ask("the newest 100 with an outcome of 1", [&] {
    reader.Page("flights", 100, {{}, "outcome = 1"});
  });
  const std::string id = page.predictions.empty() ? "" : page.predictions.front().id;
  Ask("one prediction by its id", [&] { reader.Find("flights", id); });
  Ask("an id that is not there", [&] { reader.Find("flights", "nobody"); });
  Ask("the five questions of a day", [&] { reader.Summarize("flights", {day, ""}); });
  PredictionReader reading(log, nullptr, std::numeric_limits<int64_t>::max());
  Ask("the same without sums", [&] { reading.Summarize("flights", {day, ""}); });
  Ask("the five questions of a slice of a day", [&] {
    reader.Summarize("flights", {day, "input_feature_1 < 143"});
  });
  Ask("the worst slices of a day by 3 inputs", [&] {
    SliceOptions options;
    options.inputs = {"feature_0", "feature_1", "feature_2"};
    reader.Performance("flights", {day, ""}, {}, options);
  });
  Ask("traffic of a day by the hour",
      [&] { reader.Traffic("flights", 24, kHourMs, day.to_ms - 1); });
  Ask("counts and times, as lists and /metrics ask", [&] {
    log.Totals();
    for (const std::string& name : log.Endpoints()) log.Happened(name);
  });
}

void MeasureQuestions(int64_t count, int inputs, const std::filesystem::path& folder) {
  const int64_t days = DaysOf(count);
  double stored = 0;
  if (!std::filesystem::exists(folder / "predictions")) {
    stored = Seconds([&] { StoreRows(folder, days, inputs); });
  }
  const TempDir temporary;
  const SystemClock clock;
  const TimeRange day{kStartMs + (days - 1) * kDayMs, kStartMs + days * kDayMs};
  fmt::print("{} predictions of {} inputs with outcomes, {} days (written in {:.0f} s)\n",
             days * 24 * kRowsPerHour, inputs, days, stored);
  {
    std::optional<PredictionLog> log;
    const double opened = Seconds([&] { log.emplace(folder, clock); });
    const int64_t files = log->file_count();
    const double tidied = Seconds([&] { log->Compact(); });
    const int64_t tidy_files = log->file_count();
    const double before = SecondsOfWork();
    const double summed = Seconds([&] { log->Sum(); });
    const double work = SecondsOfWork() - before;
    fmt::print(
        "  {} files of an earlier release: opened in {:.2f} s, {} after {:.0f} s of tidying\n",
        files, opened, tidy_files, tidied);
    fmt::print("  summed in {:.0f} s ({:.1f} s of work)\n", summed, work);
    std::fflush(stdout);
  }
  std::optional<PredictionLog> log;
  const double opened = Seconds([&] { log.emplace(folder, clock); });
  fmt::print("  opened again in {:.3f} s; {} MB at the peak so far\n", opened, PeakMegabytes());
  AskForRows(*log, day);
  fmt::print("  {} MB at the peak so far\n", PeakMegabytes());
  PredictionReader reader(*log);
  Ask("the figures of all, out of sums", [&] { reader.Summary("flights"); });
  Ask("the five questions of all, out of sums", [&] { reader.Summarize("flights", {}); });
  PredictionReader joining(*log, nullptr, std::numeric_limits<int64_t>::max());
  const double before = SecondsOfWork();
  const double joined = Seconds([&] { joining.Summary("flights"); });
  fmt::print("  every prediction joined with its outcome: {:.2f} s ({:.2f} s of work), {} MB\n",
             joined, SecondsOfWork() - before, PeakMegabytes());
  std::fflush(stdout);
  MeasureDashboard(*log, temporary.path(), day);
  fmt::print("  {} MB at the peak\n", PeakMegabytes());
}

}  // namespace
}  // namespace millwright::monitoring

int main(int argc, char** argv) {
  using namespace millwright;
  try {
    monitoring::MeasureOffers(argc > 1 ? std::atoll(argv[1]) : 1'000'000);
    const TempDir temporary;
    monitoring::MeasureQuestions(argc > 2 ? std::atoll(argv[2]) : 10'000'000,
                                 argc > 3 ? std::atoi(argv[3]) : monitoring::kInputs,
                                 argc > 4 ? std::filesystem::path(argv[4]) : temporary.path());
    return 0;
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.message());
    return 1;
  }
}

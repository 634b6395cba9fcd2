// What there is to see of all runs of an experiment: beside other experiments, in files, as they
// come.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>

#include "base/clock.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/interruption.h"
#include "cli/metric_history.h"
#include "cli/progress.h"
#include "cli/run_export.h"
#include "cli/run_finder.h"
#include "cli/run_table.h"
#include "cli/stop_signals.h"
#include "cli/terminal_text.h"

namespace millwright::cli {
namespace {

constexpr int kRunsPerPage = 200;
constexpr size_t kRunsLookedAt = 100;  // for the metrics that most runs have

const Json::Array& RunsOf(const Json& result) {
  static const Json kNone = Json::MakeArray();
  const Json* runs = result.Find("runs");
  return runs == nullptr ? kNone.AsArray() : runs->AsArray();
}

Json NewestRuns(Client& client, const std::string& experiment, int count) {
  return client.MlflowPost("runs/search",
                           Json::Of({{"experiment_ids", Json(Json::Array{experiment})},
                                     {"max_results", count},
                                     {"order_by", Json(Json::Array{"start_time DESC"})}}));
}

// What a metric amounts to over runs.
struct Figures {
  int64_t count = 0;
  double mean = 0, squares = 0;  // squares of the distances from the mean
  double min = 0, max = 0;

  // Adds what a group of runs amounts to, by Chan's formula.
  void Add(const Json& group) {
    const int64_t more = group.GetInt("count");
    if (more == 0) return;
    const double other = group.GetDouble("mean");
    const double std = group.Has("std") ? group.GetDouble("std") : 0;
    min = count == 0 ? group.GetDouble("min") : std::min(min, group.GetDouble("min"));
    max = count == 0 ? group.GetDouble("max") : std::max(max, group.GetDouble("max"));
    const auto n = static_cast<double>(count), m = static_cast<double>(more);
    const double distance = other - mean;
    squares += std * std * (m - 1) + distance * distance * n * m / (n + m);
    mean += distance * m / (n + m);
    count += more;
  }
  std::optional<double> Std() const {
    if (count < 2) return std::nullopt;
    return std::sqrt(squares / static_cast<double>(count - 1));
  }
  Json ToJson() const {
    Json json = Json::Of({{"count", count}});
    if (count == 0) return json;
    json.Set("mean", mean).Set("min", min).Set("max", max);
    if (const auto std = Std()) json.Set("std", *std);
    return json;
  }
  std::string Text() const {
    if (count == 0) return "";
    const auto std = Std();
    return std ? fmt::format("{} ± {}", FormatMetricValue(mean), FormatMetricValue(*std))
               : FormatMetricValue(mean);
  }
};

struct Compared {
  std::string id, name;
  int64_t runs = 0;
  std::map<std::string, int64_t> statuses;
  std::map<std::string, Figures> metrics;

  Json ToJson() const {
    Json counts = Json::MakeObject(), figures = Json::MakeObject();
    for (const auto& [status, count] : statuses) counts.Set(status, count);
    for (const auto& [key, one] : metrics) figures.Set(key, one.ToJson());
    return Json::Of({{"experiment_id", id},
                     {"name", name},
                     {"runs", runs},
                     {"by_status", counts},
                     {"metrics", figures}});
  }
};

Compared Measure(Client& client, const Json& experiment, const std::vector<std::string>& metrics) {
  Compared compared{.id = experiment.GetString("experiment_id"),
                    .name = experiment.GetString("name")};
  Json keys = Json::MakeArray();
  for (const std::string& key : metrics) keys.Append(key);
  const Json groups = client.Post("/api/v1/runs/groups",
                                  Json::Of({{"experiment_ids", Json(Json::Array{compared.id})},
                                            {"group_by", Json(Json::Array{"status"})},
                                            {"metrics", keys}}));
  compared.runs = groups.GetInt("runs_total");
  for (const Json& group : groups.At("groups").AsArray()) {
    compared.statuses[group.At("by").GetString("status")] += group.GetInt("runs");
    for (const std::string& key : metrics) compared.metrics[key].Add(group.At("metrics").At(key));
  }
  return compared;
}

struct CompareOptions {
  std::vector<std::string> names, metrics;
};
constexpr Option<CompareOptions> kCompareOptions[] = {
    {"", "NAME", "Two or more experiments, by name or id", &CompareOptions::names, "", 0, 0,
     Option<CompareOptions>::Kind::kRequired},
    {"", "--metrics", "The metrics to compare, as auc,loss; those that most runs have if not given",
     &CompareOptions::metrics, "KEYS"},
};

int Compare(const CompareOptions& options, Console& console) {
  Client& client = console.client();
  if (options.names.size() < 2)
    throw InvalidArgument("Name two experiments or more to compare").WithField("NAME");
  std::vector<Json> experiments;
  for (const std::string& name : options.names) experiments.push_back(FindExperiment(client, name));
  std::vector<std::string> metrics = SplitKeys(options.metrics);
  if (metrics.empty()) {
    Json::Array runs;
    for (const Json& one : experiments) {
      const Json newest = NewestRuns(client, one.GetString("experiment_id"), kRunsLookedAt);
      runs.insert(runs.end(), RunsOf(newest).begin(), RunsOf(newest).end());
    }
    metrics = UsualMetrics(runs);
  }
  Json answer = Json::MakeArray();
  std::vector<Column> columns = {"EXPERIMENT",
                                 {"RUNS", Column::Align::kRight},
                                 {"FINISHED", Column::Align::kRight},
                                 {"FAILED", Column::Align::kRight}};
  for (const std::string& key : metrics) {
    columns.emplace_back(key, Column::Align::kRight);
    columns.emplace_back("min … max", Column::Align::kRight);
  }
  Rows rows;
  for (const Json& one : experiments) {
    Compared compared = Measure(client, one, metrics);
    answer.Append(compared.ToJson());
    auto& row = rows.emplace_back();
    row = {compared.name, FormatCount(compared.runs), FormatCount(compared.statuses["FINISHED"]),
           FormatCount(compared.statuses["FAILED"] + compared.statuses["KILLED"])};
    for (const std::string& key : metrics) {
      const Figures& figures = compared.metrics[key];
      row.push_back(figures.Text());
      row.push_back(figures.count == 0 ? ""
                                       : fmt::format("{} … {}", FormatMetricValue(figures.min),
                                                     FormatMetricValue(figures.max)));
    }
  }
  console.Answer(Json::Of({{"experiments", answer}}));
  console.PrintTable(columns, rows);
  return 0;
}

struct ExportOptions {
  std::string name, output, format = "json";
};
constexpr Option<ExportOptions> kExportOptions[] = {
    {"", "NAME", "The experiment's name or id", &ExportOptions::name, "", 0, 0,
     Option<ExportOptions>::Kind::kRequired},
    {"", "--output", "A folder to write a file for each run into", &ExportOptions::output, "DIR", 0,
     0, Option<ExportOptions>::Kind::kRequired, "-o"},
    {"", "--format", "json or csv", &ExportOptions::format, "FORMAT"},
};

// Whether a file was written after its run had ended; that of a run that goes on is never whole.
bool IsWrittenSince(const std::filesystem::path& file, const Json& info) {
  std::error_code none;
  const auto written = std::filesystem::last_write_time(file, none);
  if (none || info.GetString("status") == "RUNNING" || !info.Has("end_time")) return false;
  const auto time = std::chrono::file_clock::to_sys(written).time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  return ms > info.GetInt("end_time");
}

int Export(const ExportOptions& options, Console& console) {
  const RunExporter exporter = FindRunExporter(options.format);
  Client& client = console.client();
  const Json experiment = FindExperiment(client, options.name);
  const std::string id = experiment.GetString("experiment_id");
  const std::filesystem::path folder = options.output;
  std::filesystem::create_directories(folder);
  WriteWhole(folder / "experiment.json", [&](std::ostream& out) {
    out << experiment.Dump(2) << "\n";
    return 0;
  });
  const int64_t all =
      client.Post("/api/v1/runs/count", Json::Of({{"experiment_ids", Json(Json::Array{id})}}))
          .GetInt("runs");
  const Interruption interruption;
  const auto bar = console.StartProgress("export " + experiment.GetString("name"));
  int64_t written = 0, present = 0, points = 0;
  Json body = Json::Of({{"experiment_ids", Json(Json::Array{id})}, {"max_results", kRunsPerPage}});
  for (bool is_last = false; !is_last && !Interruption::asked();) {
    const Json page = client.MlflowPost("runs/search", body);
    for (const Json& run : RunsOf(page)) {
      if (Interruption::asked()) break;
      const std::string run_id = run.At("info").GetString("run_id");
      const auto file = folder / (run_id + "." + options.format);
      if (IsWrittenSince(file, run.At("info"))) {
        ++present;
      } else {
        points += WriteWhole(file, [&](std::ostream& out) { return exporter(client, run, out); });
        ++written;
      }
      bar->Update(
          static_cast<double>(written + present) / static_cast<double>(std::max<int64_t>(all, 1)),
          fmt::format("{}/{} runs", written + present, all));
    }
    const std::string token = page.GetString("next_page_token");
    is_last = token.empty();
    body.Set("page_token", token);
  }
  const bool stopped = Interruption::asked();
  bar->Finish(stopped ? "stopped" : fmt::format("{} runs", written + present));
  console.Answer(Json::Of({{"experiment_id", id},
                           {"folder", options.output},
                           {"runs", written},
                           {"already_there", present},
                           {"points", points},
                           {"stopped", stopped}}));
  console.Line(fmt::format("Wrote {} runs with {} points to {}; {} were there already",
                           FormatCount(written), FormatCount(points), options.output,
                           FormatCount(present)));
  if (stopped) console.Hint("Stopped. The same command again goes on where it ended.");
  return stopped ? 1 : 0;
}

struct TailOptions {
  std::string name;
  std::vector<std::string> metrics;
  bool follow = false;
  int runs = 10;
  int64_t interval_ms = 1000;
};
constexpr Option<TailOptions> kTailOptions[] = {
    {"", "NAME", "The experiment's name or id", &TailOptions::name, "", 0, 0,
     Option<TailOptions>::Kind::kRequired},
    {"", "--follow", "Go on until Ctrl-C: a line when a run begins and when it ends",
     &TailOptions::follow, "", 0, 0, Option<TailOptions>::Kind::kPlain, "-f"},
    {"", "--metrics", "The metrics to show, as auc,loss; all if not given", &TailOptions::metrics,
     "KEYS"},
    {"", "--runs", "How many of the newest runs to begin with", &TailOptions::runs, "N", 1,
     kRunsPerPage, Option<TailOptions>::Kind::kPlain, "-n"},
    {"", "--interval-ms", "How often to ask for what is new", &TailOptions::interval_ms, "MS", 10,
     3'600'000},
};

void PrintRun(const Json& run, const std::vector<std::string>& keys, const Console& console) {
  if (console.json) {
    fmt::print("{}\n", run.Dump());
  } else {
    const Json& info = run.At("info");
    const bool is_over = info.GetString("status") != "RUNNING" && info.Has("end_time");
    fmt::print("{}  {:<9}  {}", FormatTime(info.GetInt(is_over ? "end_time" : "start_time")),
               info.GetString("status"), RunTitle(run));
    for (const auto& [key, value] : TextsOf(run, "metrics")) {
      const bool is_wanted = keys.empty() || std::find(keys.begin(), keys.end(), key) != keys.end();
      if (is_wanted) fmt::print("  {}={}", Printable(key), value);
    }
    fmt::print("\n");
  }
  std::fflush(stdout);
}

// The newest runs, of which those are told that are new or in another state than before.
class RunFeed {
 public:
  RunFeed(Client& client, std::string experiment, std::vector<std::string> metrics)
      : client_(client), experiment_(std::move(experiment)), metrics_(std::move(metrics)) {}

  // The oldest first, at most `count`. Of more than a page of runs that begin between two calls the
  // oldest are not seen.
  void Show(size_t count, const Console& console) {
    const Json page = NewestRuns(client_, experiment_, kRunsPerPage);
    const auto& runs = RunsOf(page);
    for (size_t i = runs.size(); i-- > 0;) {
      const Json& info = runs[i].At("info");
      std::string& status = statuses_[info.GetString("run_id")];
      const bool is_news = status != info.GetString("status");
      status = info.GetString("status");
      if (is_news && i < count && !console.quiet) PrintRun(runs[i], metrics_, console);
    }
  }

 private:
  Client& client_;
  const std::string experiment_;
  const std::vector<std::string> metrics_;
  std::map<std::string, std::string> statuses_;  // by run
};

int Tail(const TailOptions& options, Console& console) {
  Client& client = console.client();
  RunFeed feed(client, FindExperiment(client, options.name).GetString("experiment_id"),
               SplitKeys(options.metrics));
  feed.Show(static_cast<size_t>(options.runs), console);
  if (!options.follow) return 0;
  StopSignals signals;
  for (bool is_lost = false; !signals.WaitFor(options.interval_ms);) {
    try {
      feed.Show(kRunsPerPage, console);
      is_lost = false;
    } catch (const Error& error) {
      if (error.code() != Code::kUnavailable) throw;
      if (!is_lost)
        fmt::print(stderr, "The server does not answer; waiting: {}\n", error.message());
      is_lost = true;
    }
  }
  return 0;
}

}  // namespace

void AddExperimentViewCommands(Commands& commands) {
  commands.push_back(MakeCommand("experiments compare", "Show how experiments differ in their runs",
                                 kCompareOptions, Compare));
  commands.push_back(MakeCommand("experiments export",
                                 "Write each run of an experiment with its metrics' histories",
                                 kExportOptions, Export));
  commands.push_back(
      MakeCommand("experiments tail", "Show the newest runs, or follow", kTailOptions, Tail));
}

}  // namespace millwright::cli

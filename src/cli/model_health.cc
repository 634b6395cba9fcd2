// The health of a model over time, reports of it, and what a monitor would have said.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/clock.h"
#include "base/file.h"
#include "base/yaml.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/progress.h"

namespace millwright::cli {
namespace {

struct HealthOptions {
  std::string monitor, from, to, where, output, window, shape = "0.7";
};
constexpr Option<HealthOptions> kHealthOptions[] = {
    {"", "NAME", "The monitor", &HealthOptions::monitor, "", 0, 0,
     Option<HealthOptions>::Kind::kRequired},
    {"", "--from", "Windows that begin at this time or later", &HealthOptions::from, "TIME"},
    {"", "--to", "Windows that begin before this time", &HealthOptions::to, "TIME"},
    {"", "--where", "A condition in SQL, such as \"input_carrier = 'UA'\"", &HealthOptions::where,
     "SQL"},
};
constexpr Option<HealthOptions> kReportOptions[] = {
    {"", "--monitor", "The monitor", &HealthOptions::monitor, "NAME", 0, 0,
     Option<HealthOptions>::Kind::kRequired},
    {"", "--from", "Windows that begin at this time or later", &HealthOptions::from, "TIME"},
    {"", "--to", "Windows that begin before this time", &HealthOptions::to, "TIME"},
    {"", "--where", "A condition in SQL, such as \"input_carrier = 'UA'\"", &HealthOptions::where,
     "SQL"},
    {"", "--output", "The HTML file to write", &HealthOptions::output, "FILE", 0, 0,
     Option<HealthOptions>::Kind::kRequired},
};
constexpr Option<HealthOptions> kEvidentlyOptions[] = {
    {"", "NAME", "The monitor", &HealthOptions::monitor, "", 0, 0,
     Option<HealthOptions>::Kind::kRequired},
    {"", "--window", "When the window begins; the newest that could be judged if not given",
     &HealthOptions::window, "TIME"},
    {"", "--shape", "0.7, or legacy for what was before", &HealthOptions::shape, "SHAPE"},
};

struct PreviewOptions {
  std::string file;
};
constexpr Option<PreviewOptions> kPreviewOptions[] = {
    {"", "FILE", "A YAML file that describes the monitor", &PreviewOptions::file, "", 0, 0,
     Option<PreviewOptions>::Kind::kRequired},
};

std::string MonitorPath(const std::string& name) {
  return "/api/v1/monitors/" + fetch::PercentEncode(name);
}

Query SliceOf(const HealthOptions& options) {
  Query query;
  if (!options.from.empty()) query.emplace_back("from_ms", std::to_string(ParseTime(options.from)));
  if (!options.to.empty()) query.emplace_back("to_ms", std::to_string(ParseTime(options.to)));
  if (!options.where.empty()) query.emplace_back("where", options.where);
  return query;
}

// Windows of hours need the hour.
std::string WindowName(const Json& window) {
  constexpr int64_t kDayMs = 86'400'000;
  const std::string time = FormatTime(window.GetInt("start_ms"));
  const bool is_short = window.GetInt("end_ms") - window.GetInt("start_ms") < kDayMs;
  return is_short ? time.substr(0, 10) + " " + time.substr(11, 5) : time.substr(0, 10);
}

std::string NumberOf(const Json& json, std::string_view key) {
  const Json* value = json.Find(key);
  return value == nullptr || !value->is_number() ? "-" : FormatMetric(value->AsDouble());
}

int64_t Drifted(const Json& window) {
  int64_t drifted = 0;
  for (const Json& feature : window.At("features").AsArray()) drifted += feature.GetBool("drifted");
  return drifted;
}

// A figure and how far it may be off by the draw of the window's rows.
std::string WithBand(const Json& figure, const std::string& name) {
  const std::string value = NumberOf(figure, name);
  const Json* band = figure.Find(name + "_band");
  if (band == nullptr || !band->is_object()) return value;
  return fmt::format("{} ({:.4g} to {:.4g})", value, band->GetDouble("lower"),
                     band->GetDouble("upper"));
}

int ShowHealth(const HealthOptions& options, Console& console) {
  const Json health =
      console.client().Get(MonitorPath(options.monitor) + "/health", SliceOf(options));
  console.Answer(health);
  std::vector<std::vector<std::string>> rows;
  std::string figure = "FIGURE";
  for (const Json& window : health.At("windows").AsArray()) {
    const auto& figures = window.At("figures").AsArray();
    const Json first = figures.empty() ? Json::MakeObject() : figures.front();
    if (!figures.empty()) figure = first.GetString("name");
    rows.push_back({"  " + WindowName(window), FormatCount(window.GetInt("requests")),
                    FormatCount(window.GetInt("errors")), NumberOf(window, "latency_p50_ms"),
                    NumberOf(window, "latency_p99_ms"),
                    fmt::format("{:.1f} %", 100 * window.GetDouble("coverage")),
                    WithBand(first, "realised"), WithBand(first, "estimated"),
                    window.GetBool("judged_for_drift") ? std::to_string(Drifted(window))
                    : window.GetBool("complete")       ? "not enough data"
                                                       : "not over yet"});
  }
  console.PrintTable({"  WINDOW", "REQUESTS", "FAILED", "P50 MS", "P99 MS", "KNOWN", figure,
                      "ESTIMATED", "DRIFTED"},
                     rows);
  console.Line(health.At("estimate").GetString("caveat"));
  return 0;
}

int WriteReport(const HealthOptions& options, Console& console) {
  auto progress = console.StartProgress("report " + options.monitor);
  std::string path = MonitorPath(options.monitor) + "/report";
  for (char separator = '?'; const auto& [key, value] : SliceOf(options)) {
    path += separator + key + "=" + fetch::PercentEncode(value);
    separator = '&';
  }
  console.client().Download(path, std::filesystem::absolute(options.output));
  const int64_t bytes = static_cast<int64_t>(std::filesystem::file_size(options.output));
  progress->Finish(fmt::format("{} ({} bytes)", options.output, FormatCount(bytes)));
  console.Answer(
      Json::Of({{"monitor", options.monitor}, {"output", options.output}, {"bytes", bytes}}));
  return 0;
}

int ShowEvidently(const HealthOptions& options, Console& console) {
  Query query{{"shape", options.shape}};
  if (!options.window.empty())
    query.emplace_back("start_ms", std::to_string(ParseTime(options.window)));
  const Json report = console.client().Get(MonitorPath(options.monitor) + "/evidently", query);
  console.Answer(report);
  // The report is JSON for scripts in either case.
  console.Line(report.Dump(2));
  return 0;
}

int PreviewMonitor(const PreviewOptions& options, Console& console) {
  const Json preview =
      console.client().Post("/api/v1/monitors/preview", ParseYaml(ReadFile(options.file)));
  console.Answer(preview);
  std::vector<std::vector<std::string>> rows;
  const auto& windows = preview.At("windows").AsArray();
  const bool is_regression = std::any_of(windows.begin(), windows.end(), [](const Json& window) {
    return window.At("mae").is_number();
  });
  const char* figure = is_regression ? "mae" : "auc";
  for (const Json& window : windows) {
    std::string verdict = window.GetString("verdict");
    std::replace(verdict.begin(), verdict.end(), '_', ' ');
    rows.push_back({"  " + WindowName(window), FormatCount(window.GetInt("predictions")),
                    FormatCount(window.GetInt("outcomes")), NumberOf(window, figure),
                    std::to_string(Drifted(window)), verdict});
  }
  console.PrintTable(
      {"  WINDOW", "PREDICTIONS", "OUTCOMES", is_regression ? "MAE" : "AUC", "DRIFTED", "VERDICT"},
      rows);
  const auto& alerts = preview.At("alerts").AsArray();
  console.Line(fmt::format("It would have opened {} alert{}{}", alerts.size(),
                           alerts.size() == 1 ? "" : "s", alerts.empty() ? "." : ":"));
  for (const Json& alert : alerts) console.Line("  " + alert.GetString("message"));
  if (preview.GetBool("partial")) console.Line("Older windows were not looked at.");
  return 0;
}

}  // namespace

void AddModelHealthCommands(Commands& commands) {
  commands.push_back(MakeCommand("monitors health",
                                 "Show traffic, latency, drift and performance by window",
                                 kHealthOptions, ShowHealth));
  commands.push_back(MakeCommand("monitors preview",
                                 "Say what a monitor would have said over what is logged",
                                 kPreviewOptions, PreviewMonitor));
  commands.push_back(MakeCommand("monitors report", "Write a model's health into one HTML file",
                                 kReportOptions, WriteReport));
  commands.push_back(MakeCommand("monitors evidently",
                                 "Show a window's drift in the JSON shape of Evidently",
                                 kEvidentlyOptions, ShowEvidently));
}

}  // namespace millwright::cli

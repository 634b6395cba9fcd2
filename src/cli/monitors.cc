#include <fmt/format.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/yaml.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/name_option.h"
#include "cli/progress.h"

namespace millwright::cli {
namespace {

std::string MonitorPath(const std::string& name) {
  return "/api/v1/monitors/" + fetch::PercentEncode(name);
}

struct CreateOptions {
  std::string file;
};
constexpr Option<CreateOptions> kCreateOptions[] = {
    {"", "FILE", "A YAML file that describes the monitor", &CreateOptions::file, "", 0, 0,
     Option<CreateOptions>::Kind::kRequired},
};

int CreateMonitor(const CreateOptions& options, Console& console) {
  const Json result = console.client().Post("/api/v1/monitors", ParseYaml(ReadFile(options.file)));
  console.Answer(result);
  console.Line(fmt::format("Monitor {} watches endpoint {} against {}", result.GetString("name"),
                           result.GetString("endpoint"), result.GetString("reference")));
  return 0;
}

int ListMonitors(const LimitOptions&, Console& console) {
  const Json result = console.client().Get("/api/v1/monitors");
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : result.At("monitors").AsArray())
    rows.push_back({one.GetString("name"), one.GetString("endpoint"), one.GetString("model"),
                    std::to_string(one.GetInt("open_alerts"))});
  console.PrintTable({"NAME", "ENDPOINT", "MODEL", "OPEN ALERTS"}, rows);
  return 0;
}

std::string DayOf(int64_t time_ms) {
  return FormatTime(time_ms).substr(0, 10);
}

std::string MetricOf(const Json& window, std::string_view key) {
  const Json* value = window.Find(key);
  return value == nullptr || !value->is_number() ? "-" : FormatMetric(value->AsDouble());
}

int ShowMonitor(const NameOptions& options, Console& console) {
  Json monitor = console.client().Get(MonitorPath(options.name));
  const Json performance = console.client().Get(MonitorPath(options.name) + "/performance");
  const Json drift = console.client().Get(MonitorPath(options.name) + "/drift");
  monitor.Set("performance", performance.At("windows")).Set("drift", drift.At("windows"));
  console.Answer(monitor);
  const Json& summary = monitor.At("summary");
  console.Line(fmt::format(
      "{} predictions, {} outcomes ({:.1f} % known)", FormatCount(summary.GetInt("predictions")),
      FormatCount(summary.GetInt("outcomes")), 100 * summary.GetDouble("coverage")));
  std::vector<std::vector<std::string>> rows;
  for (const Json& window : performance.At("windows").AsArray())
    rows.push_back({"  " + DayOf(window.GetInt("start_ms")),
                    FormatCount(window.GetInt("predictions")),
                    FormatCount(window.GetInt("outcomes")), MetricOf(window, "auc"),
                    MetricOf(window, "log_loss")});
  console.PrintTable({"  WINDOW", "PREDICTIONS", "OUTCOMES", "AUC", "LOG LOSS"}, rows);
  rows.clear();
  // Of the latest window that could be judged.
  for (const Json& feature : summary.At("features").AsArray())
    rows.push_back({"  " + feature.GetString("name"), feature.GetString("method"),
                    MetricOf(feature, "score"), MetricOf(feature, "threshold"),
                    feature.GetBool("drifted") ? "drifted" : ""});
  console.PrintTable({"  FEATURE", "METHOD", "SCORE", "THRESHOLD", ""}, rows);
  return 0;
}

int EvaluateMonitor(const NameOptions& options, Console& console) {
  auto progress = console.StartProgress("evaluate " + options.name);
  const Json result =
      console.client().Post(MonitorPath(options.name) + "/evaluate", Json::MakeObject());
  progress->Finish(fmt::format("{} windows", result.GetInt("windows")));
  console.Answer(result);
  return 0;
}

}  // namespace

void AddMonitorCommands(Commands& commands) {
  commands.push_back(
      MakeCommand("monitors create", "Watch an endpoint", kCreateOptions, CreateMonitor));
  commands.push_back(MakeCommand("monitors list", "List monitors", kLimitOptions, ListMonitors));
  commands.push_back(
      MakeCommand("monitors show", "Show drift and performance", kNameOptions, ShowMonitor));
  commands.push_back(
      MakeCommand("monitors evaluate", "Look at what came in, now", kNameOptions, EvaluateMonitor));
}

}  // namespace millwright::cli

#include <fmt/format.h>

#include <algorithm>
#include <map>

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

// Windows of hours need the hour.
std::string WindowOf(const Json& window) {
  constexpr int64_t kDayMs = 86'400'000;
  const std::string time = FormatTime(window.GetInt("start_ms"));
  const bool is_short = window.GetInt("end_ms") - window.GetInt("start_ms") < kDayMs;
  return is_short ? time.substr(0, 10) + " " + time.substr(11, 5) : time.substr(0, 10);
}

std::string JudgementOf(const Json& feature) {
  const std::string status = feature.GetString("status");
  if (status == "measured") return feature.GetBool("drifted") ? "drifted" : "";
  std::string words = status;
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

std::string MetricOf(const Json& window, std::string_view key) {
  const Json* value = window.Find(key);
  return value == nullptr || !value->is_number() ? "-" : FormatMetric(value->AsDouble());
}

// Whether some window has a figure, as windows of a regression have an error.
bool IsMeasured(const Json& windows, std::string_view key) {
  const auto& all = windows.AsArray();
  return std::any_of(all.begin(), all.end(), [&](const Json& window) {
    const Json* value = window.Find(key);
    return value != nullptr && value->is_number();
  });
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
  std::map<int64_t, std::string> verdicts;
  for (const Json& window : drift.At("windows").AsArray()) {
    std::string words = window.GetString("verdict");
    std::replace(words.begin(), words.end(), '_', ' ');
    verdicts[window.GetInt("start_ms")] = words;
  }
  std::vector<std::vector<std::string>> rows;
  const bool is_regression = IsMeasured(performance.At("windows"), "mae");
  const auto figures = is_regression ? std::vector<const char*>{"mae", "rmse", "bias"}
                                     : std::vector<const char*>{"auc", "log_loss"};
  const bool costs = IsMeasured(performance.At("windows"), "cost");
  for (const Json& window : performance.At("windows").AsArray()) {
    std::vector<std::string>& row = rows.emplace_back();
    row = {"  " + WindowOf(window), FormatCount(window.GetInt("predictions")),
           FormatCount(window.GetInt("outcomes"))};
    for (const char* figure : figures) row.push_back(MetricOf(window, figure));
    if (costs) row.push_back(MetricOf(window, "cost"));
    row.push_back(verdicts[window.GetInt("start_ms")]);
  }
  std::vector<Column> columns = {"  WINDOW", "PREDICTIONS", "OUTCOMES"};
  for (const char* title : is_regression ? std::vector<const char*>{"MAE", "RMSE", "BIAS"}
                                         : std::vector<const char*>{"AUC", "LOG LOSS"})
    columns.emplace_back(title);
  if (costs) columns.emplace_back("COST");
  columns.emplace_back("DRIFT");
  console.PrintTable(columns, rows);
  rows.clear();
  // Of the latest window that could be judged.
  for (const Json& feature : summary.At("features").AsArray())
    rows.push_back({"  " + feature.GetString("name"), feature.GetString("method"),
                    MetricOf(feature, "score"), MetricOf(feature, "threshold"),
                    MetricOf(feature, "adjusted_p"), JudgementOf(feature)});
  console.PrintTable({"  FEATURE", "METHOD", "SCORE", "THRESHOLD", "P", ""}, rows);
  return 0;
}

std::string BreachOf(const Json& feature) {
  std::vector<std::string> parts;
  for (const char* kind : {"missing", "new_category", "out_of_range", "type_changed", "stale"}) {
    if (feature.GetInt(kind) == 0) continue;
    std::string name = kind;
    std::replace(name.begin(), name.end(), '_', ' ');
    parts.push_back(fmt::format("{} {}", FormatCount(feature.GetInt(kind)), name));
  }
  if (feature.GetBool("constant")) parts.emplace_back("constant");
  if (feature.GetBool("absent")) parts.emplace_back("absent");
  return fmt::format("{}", fmt::join(parts, ", "));
}

void PrintLastQuality(const Json& window, Console& console) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& feature : window.At("breaches").AsArray())
    rows.push_back({"  " + feature.GetString("feature"), BreachOf(feature)});
  if (!rows.empty()) console.PrintTable({"  FEATURE", "ROWS IN THE LAST WINDOW"}, rows);
  rows.clear();
  for (const Json& row : window.At("worst").AsArray())
    rows.push_back({"  " + row.GetString("id"), FormatMetric(row.GetDouble("distance")),
                    row.GetString("reason"), row.GetString("value")});
  if (!rows.empty()) console.PrintTable({"  FARTHEST ROW", "DISTANCE", "BY", "VALUE"}, rows);
  for (const std::string& name : window.GetStrings("new_columns"))
    console.Line("  new column: " + name);
  if (const Json& validation = window.At("validation"); validation.Has("suite")) {
    for (const Json& check : validation.At("checks").AsArray()) {
      if (check.GetBool("success")) continue;
      console.Line(fmt::format("  broken in {:.3g} %: {} {}",
                               100 * check.GetDouble("unexpected_share"),
                               check.GetString("expectation"), check.GetString("message")));
    }
  }
  for (const Json& change : window.At("changes").AsArray()) {
    if (change.GetInt("alarms") == 0) continue;
    const Json* began = change.Find("began_ms");
    const bool is_known = began != nullptr && began->is_number();
    console.Line(
        fmt::format("  {} changed: {} → {} {}({}, {})", change.GetString("name"),
                    MetricOf(change, "before"), MetricOf(change, "after"),
                    is_known ? fmt::format("from {} ", FormatTime(began->AsInt("began_ms"))) : "",
                    change.At("detector").GetString("method"),
                    "sounded " + FormatTime(change.GetInt("first_ms"))));
  }
}

std::string BrokenOf(const Json& window) {
  const Json& validation = window.At("validation");
  if (!validation.Has("suite")) return "";
  return fmt::format("{} of {}", validation.GetInt("broken"),
                     validation.At("checks").AsArray().size());
}

int ShowQuality(const NameOptions& options, Console& console) {
  const Json result = console.client().Get(MonitorPath(options.name) + "/quality");
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  const Json* last = nullptr;
  for (const Json& window : result.At("windows").AsArray()) {
    int64_t alarms = 0;
    for (const Json& change : window.At("changes").AsArray()) alarms += change.GetInt("alarms");
    rows.push_back({"  " + WindowOf(window), FormatCount(window.GetInt("rows")),
                    FormatCount(window.GetInt("outliers")),
                    fmt::format("{:.2f} %", 100 * window.GetDouble("outlier_share")),
                    std::to_string(window.At("breaches").AsArray().size()), std::to_string(alarms),
                    BrokenOf(window)});
    if (window.GetInt("rows") > 0) last = &window;
  }
  console.PrintTable({"  WINDOW", "ROWS", "OUTLIERS", "SHARE", "FEATURES BROKEN", "CHANGES",
                      "EXPECTATIONS BROKEN"},
                     rows);
  if (last != nullptr) PrintLastQuality(*last, console);
  return 0;
}

int EvaluateMonitor(const NameOptions& options, Console& console) {
  auto progress = console.StartProgress("evaluate " + options.name);
  const Json result =
      console.client().Post(MonitorPath(options.name) + "/evaluate", Json::MakeObject());
  // Most were measured already, by the look that the server takes by itself.
  progress->Finish(fmt::format("{} windows are up to date, {} of them measured just now",
                               FormatCount(result.GetInt("up_to_date")),
                               FormatCount(result.GetInt("windows"))));
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
  commands.push_back(MakeCommand("monitors quality",
                                 "Show outliers, broken and stale features, and changes",
                                 kNameOptions, ShowQuality));
  commands.push_back(
      MakeCommand("monitors evaluate", "Look at what came in, now", kNameOptions, EvaluateMonitor));
}

}  // namespace millwright::cli

#include <fmt/format.h>

#include "base/clock.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/name_option.h"

namespace millwright::cli {
namespace {

int ListExperiments(const LimitOptions& options, Console& console) {
  const Json result =
      console.client().MlflowPost("experiments/search", Json::Of({{"max_results", options.limit}}));
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  if (const Json* experiments = result.Find("experiments"))
    for (const Json& one : experiments->AsArray())
      rows.push_back({one.GetString("experiment_id"), one.GetString("name"),
                      one.GetString("lifecycle_stage")});
  console.PrintTable({"ID", "NAME", "STAGE"}, rows);
  return 0;
}

struct RunsOptions {
  std::string experiment = "Default", filter;
  std::vector<std::string> order_by;
  int limit = 20;
};
constexpr Option<RunsOptions> kRunsOptions[] = {
    {"", "--experiment", "The experiment's name", &RunsOptions::experiment, "NAME"},
    {"", "--filter", "Such as \"metrics.test_auc > 0.6 AND params.eta = '0.1'\"",
     &RunsOptions::filter, "FILTER"},
    {"", "--order-by", "Such as \"metrics.test_auc DESC\"; repeatable", &RunsOptions::order_by,
     "KEY"},
    {"", "--limit", "How many to show", &RunsOptions::limit, "N", 1, 50000},
};

std::string JoinMetrics(const Json& data) {
  std::string text;
  if (const Json* metrics = data.Find("metrics"))
    for (const Json& metric : metrics->AsArray()) {
      const Json& value = metric.At("value");
      text += fmt::format("{}{}={}", text.empty() ? "" : " ", metric.GetString("key"),
                          value.is_number() ? FormatMetric(value.AsDouble()) : value.AsString());
    }
  return text;
}

int ListRuns(const RunsOptions& options, Console& console) {
  const Json experiment = console.client().MlflowGet("experiments/get-by-name",
                                                     {{"experiment_name", options.experiment}});
  Json ids = Json::MakeArray();
  ids.Append(experiment.At("experiment").GetString("experiment_id"));
  Json body = Json::Of({{"experiment_ids", ids}, {"max_results", options.limit}});
  if (!options.filter.empty()) body.Set("filter", options.filter);
  Json order = Json::MakeArray();
  for (const auto& key : options.order_by) order.Append(key);
  body.Set("order_by", order);
  const Json result = console.client().MlflowPost("runs/search", body);
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  if (const Json* runs = result.Find("runs"))
    for (const Json& run : runs->AsArray()) {
      const Json& info = run.At("info");
      rows.push_back({info.GetString("run_id"), info.GetString("run_name"),
                      info.GetString("status"), JoinMetrics(run.At("data"))});
    }
  console.PrintTable({"RUN", "NAME", "STATUS", "METRICS"}, rows);
  return 0;
}

int ShowRun(const NameOptions& options, Console& console) {
  const Json result = console.client().MlflowGet("runs/get", {{"run_id", options.name}});
  console.Answer(result);
  const Json& info = result.At("run").At("info");
  const Json& data = result.At("run").At("data");
  console.Line(fmt::format("{}  {}  {}  started {}", info.GetString("run_id"),
                           info.GetString("run_name"), info.GetString("status"),
                           FormatTime(info.GetInt("start_time"))));
  for (const char* kind : {"params", "metrics", "tags"}) {
    const Json* items = data.Find(kind);
    if (items == nullptr || items->AsArray().empty()) continue;
    std::vector<std::vector<std::string>> rows;
    for (const Json& item : items->AsArray()) {
      const Json& value = item.At("value");
      rows.push_back({"  " + item.GetString("key"),
                      value.is_number() ? FormatMetric(value.AsDouble()) : value.AsString()});
    }
    console.PrintTable({kind, ""}, rows);
  }
  return 0;
}

}  // namespace

void AddTrackingCommands(Commands& commands) {
  commands.push_back(
      MakeCommand("experiments list", "List experiments", kLimitOptions, ListExperiments));
  commands.push_back(
      MakeCommand("runs list", "List runs by filter and order", kRunsOptions, ListRuns));
  commands.push_back(MakeCommand("runs show", "Show a run", kNameOptions, ShowRun));
}

}  // namespace millwright::cli

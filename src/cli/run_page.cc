#include "cli/run_page.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/metric_history.h"
#include "cli/run_finder.h"
#include "cli/run_table.h"
#include "cli/sparkline.h"
#include "cli/terminal_text.h"
#include "tracking/run_lease.h"

namespace millwright::cli {
namespace {

// Each sparkline is a request; of a run with more metrics the others show their values alone.
constexpr size_t kSparklinesMax = 100;
constexpr size_t kSparkCells = 24;
constexpr int kChildrenMax = 100;

Json ListArtifacts(const std::string& run_id, Client& client) {
  try {
    const Json answer = client.MlflowGet("artifacts/list", {{"run_id", run_id}});
    if (const Json* files = answer.Find("files")) return *files;
  } catch (const Error& error) {
    // Where artifacts are not kept by the server there are none to list.
    if (error.code() != Code::kInvalidArgument && error.code() != Code::kUnimplemented) throw;
  }
  return Json::MakeArray();
}

Json ListChildren(const Json& info, Client& client) {
  const Json answer = client.MlflowPost(
      "runs/search", Json::Of({{"experiment_ids", Json(Json::Array{info.At("experiment_id")})},
                               {"filter", fmt::format("tags.`mlflow.parentRunId` = '{}'",
                                                      info.GetString("run_id"))},
                               {"max_results", kChildrenMax}}));
  const Json* runs = answer.Find("runs");
  return runs == nullptr ? Json::MakeArray() : *runs;
}

void PrintTexts(const Json& run, const char* kind, Console& console) {
  Rows rows;
  for (const auto& [key, value] : TextsOf(run, kind)) rows.push_back({"  " + key, value});
  if (!rows.empty()) console.PrintTable({kind, ""}, rows);
}

std::string HistoryLine(const std::string& run_id, const std::string& key, Client& client) {
  std::vector<double> values;
  for (const auto& point : SampleHistory(client, run_id, key, kSparkCells))
    values.push_back(point.value);
  return Sparkline(values, kSparkCells);
}

void PrintMetrics(const Json& run, Console& console) {
  const Json* metrics = run.At("data").Find("metrics");
  if (metrics == nullptr || metrics->AsArray().empty()) return;
  Rows rows;
  for (const Json& metric : metrics->AsArray()) {
    const auto key = metric.GetString("key");
    const MetricPoint latest = ReadMetricPoint(metric);
    rows.push_back({"  " + key, FormatMetricValue(latest.value), std::to_string(latest.step),
                    rows.size() < kSparklinesMax
                        ? HistoryLine(run.At("info").GetString("run_id"), key, console.client())
                        : ""});
  }
  console.PrintTable(
      {"metrics", {"LATEST", Column::Align::kRight}, {"STEP", Column::Align::kRight}, "HISTORY"},
      rows);
}

std::string TagOf(const Json& input, std::string_view key) {
  if (const Json* tags = input.Find("tags"))
    for (const Json& tag : tags->AsArray())
      if (tag.GetString("key") == key) return tag.GetString("value");
  return "";
}

void PrintInputsAndModels(const Json& run, Console& console) {
  Rows rows;
  const Json* inputs = run.Find("inputs");
  const Json* datasets = inputs == nullptr ? nullptr : inputs->Find("dataset_inputs");
  if (datasets != nullptr) {
    for (const Json& input : datasets->AsArray()) {
      const Json& dataset = input.At("dataset");
      rows.push_back({"  " + dataset.GetString("name"), dataset.GetString("digest"),
                      TagOf(input, "mlflow.data.context")});
    }
  }
  if (!rows.empty()) console.PrintTable({"inputs", "", ""}, rows);
  Rows models;
  const auto add_models = [&](const char* part, const char* list, const char* word) {
    const Json* holder = run.Find(part);
    const Json* items = holder == nullptr ? nullptr : holder->Find(list);
    if (items == nullptr) return;
    for (const Json& item : items->AsArray())
      models.push_back({"  " + item.GetString("model_id"), word});
  };
  add_models("inputs", "model_inputs", "taken in");
  add_models("outputs", "model_outputs", "made");
  if (!models.empty()) console.PrintTable({"models", ""}, models);
}

void PrintFiles(const Json& files, Console& console) {
  Rows rows;
  for (const Json& file : files.AsArray()) {
    const bool is_folder = file.GetBool("is_dir");
    rows.push_back({"  " + file.GetString("path") + (is_folder ? "/" : ""),
                    is_folder ? "" : FormatBytes(static_cast<uint64_t>(file.GetInt("file_size")))});
  }
  if (!rows.empty()) console.PrintTable({"artifacts", {"", Column::Align::kRight}}, rows);
}

void PrintChildren(const Json& children, Console& console) {
  Rows rows;
  for (const Json& child : children.AsArray()) {
    const Json& info = child.At("info");
    rows.push_back({"  " + ShortId(info.GetString("run_id")), info.GetString("run_name"),
                    info.GetString("status")});
  }
  if (!rows.empty()) console.PrintTable({"children", "", ""}, rows);
  if (rows.size() == kChildrenMax)
    console.Hint(fmt::format("Only the newest {} children are shown", kChildrenMax));
}

void PrintInfo(const Json& run, Console& console) {
  const Json& info = run.At("info");
  const int64_t now_ms = SystemClock().NowMs();
  const int64_t start_ms = info.GetInt("start_time");
  const bool is_deleted = info.GetString("lifecycle_stage") == "deleted";
  console.Line(fmt::format("{}  {}  {}{}", Printable(info.GetString("run_name")),
                           info.GetString("run_id"), info.GetString("status"),
                           is_deleted ? "  deleted" : ""));
  const bool is_running = info.GetString("status") == "RUNNING";
  const auto duration = RunDuration(info, now_ms);
  console.Line(fmt::format("experiment {}, started {} ({}){}", info.GetString("experiment_id"),
                           FormatTime(start_ms), FormatAge(start_ms, now_ms),
                           duration.empty() ? "" : (is_running ? ", for " : ", took ") + duration));
  const auto tags = TextsOf(run, "tags");
  if (const auto reason = tags.find(std::string(tracking::kEndReasonTag)); reason != tags.end())
    console.Line("ended: " + Printable(reason->second));
  console.Line("artifacts at " + Printable(info.GetString("artifact_uri")));
}

}  // namespace

void PrintRunPage(const Json& run, Console& console) {
  const Json& info = run.At("info");
  const Json files = ListArtifacts(info.GetString("run_id"), console.client());
  const Json children = ListChildren(info, console.client());
  console.Answer(Json::Of({{"run", run}, {"artifacts", files}, {"children", children}}));
  if (console.json || console.quiet) return;
  PrintInfo(run, console);
  PrintTexts(run, "params", console);
  PrintMetrics(run, console);
  PrintTexts(run, "tags", console);
  PrintInputsAndModels(run, console);
  PrintFiles(files, console);
  PrintChildren(children, console);
}

}  // namespace millwright::cli

#include <fmt/format.h>

#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/yaml.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/name_option.h"

namespace millwright::cli {
namespace {

struct RegisterOptions {
  std::string file;
  std::vector<std::string> params;
};
constexpr Option<RegisterOptions> kRegisterOptions[] = {
    {"", "FILE", "The pipeline's YAML file", &RegisterOptions::file, "", 0, 0,
     Option<RegisterOptions>::Kind::kRequired},
    {"", "--param", "NAME=VALUE, the parameter's default from now on; repeatable",
     &RegisterOptions::params, "PARAM"},
};

std::pair<std::string, std::string> SplitParam(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw InvalidArgument("Write NAME=VALUE, not \"{}\"", text);
  return {text.substr(0, equals), text.substr(equals + 1)};
}

// Fills in the folder of the file, so that a pipeline finds what stands beside it.
std::string ReadPipeline(const std::filesystem::path& path) {
  std::string yaml = ReadFile(path);
  const std::string mark = "${{ pipeline.folder }}";
  const std::string folder = std::filesystem::absolute(path).parent_path().string();
  for (size_t at; (at = yaml.find(mark)) != std::string::npos;)
    yaml.replace(at, mark.size(), folder);
  return yaml;
}

int Register(const RegisterOptions& options, Console& console) {
  std::string yaml = ReadPipeline(options.file);
  if (!options.params.empty()) {
    Json pipeline = ParseYaml(yaml);
    Json params = pipeline.At("params");
    for (const auto& text : options.params) {
      auto [name, value] = SplitParam(text);
      params.Set(name, value);
    }
    pipeline.Set("params", params);
    yaml = pipeline.Dump(2);  // JSON is YAML
  }
  const Json result = console.client().Post("/api/v1/pipelines", Json::Of({{"yaml", yaml}}));
  console.Answer(result);
  console.Line(fmt::format("Pipeline {} has {} tasks; it starts by {}", result.GetString("name"),
                           result.At("tasks").AsArray().size(), result.GetString("trigger")));
  return 0;
}

struct RunOptions {
  std::string name;
  std::vector<std::string> params;
};
constexpr Option<RunOptions> kRunOptions[] = {
    {"", "NAME", "The pipeline's name", &RunOptions::name, "", 0, 0,
     Option<RunOptions>::Kind::kRequired},
    {"", "--param", "NAME=VALUE; repeatable", &RunOptions::params, "PARAM"},
};

int StartRun(const RunOptions& options, Console& console) {
  Json params = Json::MakeObject();
  for (const auto& text : options.params) {
    auto [name, value] = SplitParam(text);
    params.Set(name, value);
  }
  const Json run =
      console.client().Post("/api/v1/pipelines/" + fetch::PercentEncode(options.name) + "/runs",
                            Json::Of({{"params", params}}));
  console.Answer(run);
  console.Line("Run " + run.GetString("id") + " is " + run.GetString("state"));
  console.Hint("next: millwright pipelines show " + run.GetString("id"));
  return 0;
}

int ListRuns(const LimitOptions& options, Console& console) {
  const Json result =
      console.client().Get("/api/v1/pipeline-runs", {{"limit", std::to_string(options.limit)}});
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  for (const Json& run : result.At("pipeline_runs").AsArray())
    rows.push_back({run.GetString("id"), run.GetString("pipeline"), run.GetString("state"),
                    run.GetString("trigger"), FormatTime(run.GetInt("created_ms"))});
  console.PrintTable({"RUN", "PIPELINE", "STATE", "TRIGGER", "CREATED"}, rows);
  return 0;
}

int ShowRun(const NameOptions& options, Console& console) {
  const Json run = console.client().Get("/api/v1/pipeline-runs/" + options.name);
  console.Answer(run);
  console.Line(fmt::format("{}  {}  {}  by {}", run.GetString("id"), run.GetString("pipeline"),
                           run.GetString("state"), run.GetString("trigger")));
  std::vector<std::vector<std::string>> rows;
  for (const Json& task : run.At("tasks").AsArray()) {
    const auto& attempts = task.At("attempts").AsArray();
    const bool ended = !attempts.empty() && attempts.back().GetInt("ended_ms") > 0;
    rows.push_back({"  " + task.GetString("name"), task.GetString("state"),
                    std::to_string(attempts.size()),
                    ended ? FormatDuration(attempts.back().GetInt("ended_ms") -
                                           attempts.back().GetInt("started_ms"))
                          : ""});
  }
  console.PrintTable({"  TASK", "STATE", "ATTEMPTS", "TIME"}, rows);
  return 0;
}

struct LogOptions {
  std::string run, task;
};
constexpr Option<LogOptions> kLogOptions[] = {
    {"", "RUN", "The run's id", &LogOptions::run, "", 0, 0, Option<LogOptions>::Kind::kRequired},
    {"", "TASK", "The task's name", &LogOptions::task, "", 0, 0,
     Option<LogOptions>::Kind::kRequired},
};

int PrintLog(const LogOptions& options, Console& console) {
  std::string text;
  for (size_t offset = 0;;) {
    const std::string piece = console.client().GetText(
        fmt::format("/api/v1/pipeline-runs/{}/tasks/{}/log", fetch::PercentEncode(options.run),
                    fetch::PercentEncode(options.task)),
        {{"offset", std::to_string(offset)}});
    if (piece.empty()) break;
    offset += piece.size();
    text += piece;
  }
  console.Answer(Json::Of({{"log", text}}));
  console.Line(text);
  return 0;
}

int Cancel(const NameOptions& options, Console& console) {
  console.Answer(console.client().Post("/api/v1/pipeline-runs/" + options.name + "/cancel",
                                       Json::MakeObject()));
  console.Line("Run " + options.name + " is cancelled");
  return 0;
}

}  // namespace

void AddPipelineCommands(Commands& commands) {
  commands.push_back(
      MakeCommand("pipelines register", "Store a pipeline", kRegisterOptions, Register));
  commands.push_back(MakeCommand("pipelines run", "Start a run", kRunOptions, StartRun));
  commands.push_back(MakeCommand("pipelines list", "List runs", kLimitOptions, ListRuns));
  commands.push_back(MakeCommand("pipelines show", "Show a run's tasks", kNameOptions, ShowRun));
  commands.push_back(MakeCommand("pipelines log", "Print a task's log", kLogOptions, PrintLog));
  commands.push_back(MakeCommand("pipelines cancel", "Stop a run", kNameOptions, Cancel));
}

}  // namespace millwright::cli

// A checkpoint: several validations and what follows from them, for schedulers and pipelines.
#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/judged_data.h"
#include "cli/progress.h"
#include "fetch/client.h"
#include "quality/checkpoint.h"
#include "quality/report.h"

namespace millwright::cli {
namespace {

constexpr int64_t kCallMsMax = 30'000;
constexpr int kFailedStatus = 3;

struct CheckpointOptions {
  std::string file;
  std::vector<std::string> data;
  int64_t memory_mb = kMemoryMb;
};
constexpr Option<CheckpointOptions> kCheckpointOptions[] = {
    {"", "FILE", "A checkpoint, JSON or YAML", &CheckpointOptions::file, "", 0, 0,
     Option<CheckpointOptions>::Kind::kRequired},
    {"", "--data", "What a validation definition judges, where the file does not say it",
     &CheckpointOptions::data, "NAME=DATA"},
    {"", "--memory-mb", "Memory to work in; what does not fit goes to the disk",
     &CheckpointOptions::memory_mb, "MB", kMemoryMbMin, kMemoryMbMax},
};

std::map<std::string, std::string> NamedData(const std::vector<std::string>& texts) {
  std::map<std::string, std::string> named;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
      throw InvalidArgument("--data takes NAME=DATA, not: {}", text);
    }
    named[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return named;
}

quality::CheckpointRun Run(const quality::Checkpoint& checkpoint,
                           const quality::ValidationDefinition& definition, const std::string& data,
                           int64_t memory_mb, Console& console) {
  if (data.empty()) {
    throw InvalidArgument("The data of {} is not known: --data {}=DATA", definition.name,
                          definition.name);
  }
  if (!IsLocalData(data)) throw NotFound("Data", data);
  auto progress = console.StartProgress("validate " + definition.name);
  const auto judged =
      OpenJudgedData({.data = data, .query = definition.query, .memory_mb = memory_mb}, *progress);
  quality::ValidationOptions options;
  options.format = checkpoint.format;
  options.partial_unexpected_count = checkpoint.partial_unexpected_count;
  options.parameters = definition.parameters;
  quality::CheckpointRun run{definition.name, Judge(*judged, definition.suite, options)};
  progress->Finish(fmt::format("{} of {} expectations met",
                               run.result.evaluated() - run.result.unsuccessful(),
                               run.result.evaluated()));
  return run;
}

bool IsDue(const quality::CheckpointAction& action, bool success) {
  using When = quality::CheckpointAction::When;
  return action.when == When::kAlways || (action.when == When::kSuccess) == success;
}

void Post(const std::string& url, const Json& body) {
  fetch::Client client;
  const auto response = client.Fetch({.method = "POST",
                                      .url = url,
                                      .headers = {{"Content-Type", "application/json"}},
                                      .body = body.Dump(),
                                      .timeout_ms = kCallMsMax});
  if (response.status / 100 != 2) {
    throw Error(Code::kUnavailable, fmt::format("{} answered {}", url, response.status));
  }
}

// A definition's name is a file's.
std::filesystem::path FileOf(const std::filesystem::path& folder, std::string name,
                             std::string_view extension) {
  for (char& c : name) {
    if (c == '/' || c == '\\' || c == '\0') c = '_';
  }
  if (name.empty() || name[0] == '.') name.insert(0, "_");
  std::filesystem::create_directories(folder);
  return folder / (name + std::string(extension));
}

void Act(const quality::Checkpoint& checkpoint, const quality::CheckpointAction& action,
         const std::vector<quality::CheckpointRun>& runs) {
  using Kind = quality::CheckpointAction::Kind;
  switch (action.kind) {
    case Kind::kStoreResult:
      for (const auto& run : runs) {
        WriteFileDurably(FileOf(action.folder, run.definition, ".json"),
                         run.result.ToJson().Dump(2) + "\n");
      }
      break;
    case Kind::kReport:
      for (const auto& run : runs) {
        WriteFileDurably(FileOf(action.folder, run.definition, ".html"),
                         quality::RenderReport(run.result));
      }
      break;
    case Kind::kWebhook:
      Post(action.url, quality::CheckpointResult(checkpoint, runs));
      break;
    case Kind::kSlack:
      Post(action.url, quality::SlackMessage(checkpoint, runs));
      break;
  }
}

// One action that cannot be done keeps no other from being done; the first error is told at last.
void ActAll(const quality::Checkpoint& checkpoint, const std::vector<quality::CheckpointRun>& runs,
            bool success) {
  std::optional<Error> first;
  for (const auto& action : checkpoint.actions) {
    if (!IsDue(action, success)) continue;
    try {
      Act(checkpoint, action, runs);
    } catch (const Error& error) {
      if (!first) first = Error(error.code(), action.name + ": " + error.message());
    }
  }
  if (first) throw *first;
}

int RunCheckpoint(const CheckpointOptions& options, Console& console) {
  const quality::Checkpoint checkpoint = quality::ReadCheckpoint(options.file);
  const auto named = NamedData(options.data);
  std::vector<quality::CheckpointRun> runs;
  for (const auto& definition : checkpoint.definitions) {
    const auto given = named.find(definition.name);
    runs.push_back(Run(checkpoint, definition,
                       given == named.end() ? definition.data : given->second, options.memory_mb,
                       console));
  }
  const Json result = quality::CheckpointResult(checkpoint, runs);
  const bool success = result.GetBool("success");
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  for (const auto& run : runs) {
    rows.push_back({run.definition, run.result.suite, run.result.success ? "passed" : "failed",
                    fmt::format("{}/{}", run.result.evaluated() - run.result.unsuccessful(),
                                run.result.evaluated())});
  }
  console.PrintTable({"VALIDATION", "SUITE", "RESULT", "MET"}, rows);
  ActAll(checkpoint, runs, success);
  return success ? 0 : kFailedStatus;
}

}  // namespace

void AddCheckpointCommands(Commands& commands) {
  commands.push_back(MakeCommand("quality checkpoint",
                                 "Run several validations and their actions; exit 3 if one fails",
                                 kCheckpointOptions, RunCheckpoint));
}

}  // namespace millwright::cli

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/log_folder.h"
#include "cli/stop_signals.h"
#include "cli/temporary_server.h"

namespace millwright::cli {
namespace {

namespace fs = std::filesystem;

struct FollowOptions {
  std::string folder;
  std::string experiment;
  bool once = false;
  int64_t interval_ms = 1000;
};
constexpr Option<FollowOptions> kFollowOptions[] = {
    {"", "LOGDIR", "The folder that SummaryWriters write to", &FollowOptions::folder, "", 0, 0,
     Option<FollowOptions>::Kind::kRequired},
    {"", "--experiment", "The experiment's name; the folder's name when not given",
     &FollowOptions::experiment, "NAME"},
    {"", "--once", "Read what is there and end, instead of following", &FollowOptions::once},
    {"", "--interval-ms", "How often to look for what is new", &FollowOptions::interval_ms, "MS",
     10, 3'600'000},
};

fs::path RequireFolder(const std::string& given) {
  std::error_code error;
  const fs::path folder = fs::canonical(given, error);
  if (error || !fs::is_directory(folder)) throw NotFound("Folder", given).WithField("LOGDIR");
  return folder;
}

std::string FindOrCreateExperiment(Client& client, const std::string& name) {
  try {
    return client.MlflowGet("experiments/get-by-name", {{"experiment_name", name}})
        .At("experiment")
        .GetString("experiment_id");
  } catch (const Error& error) {
    if (error.code() != Code::kNotFound) throw;
  }
  return client.MlflowPost("experiments/create", Json::Of({{"name", name}}))
      .GetString("experiment_id");
}

// Uses the server there is; following starts one of its own where none was asked for.
void RequireServer(const FollowOptions& options, Console& console, TemporaryServer* temporary) {
  if (Client(console.ServerUri()).WaitUntilReady(0)) return;
  const bool is_named = !console.uri.empty() || std::getenv("MILLWRIGHT_URI") != nullptr ||
                        std::getenv("MLFLOW_TRACKING_URI") != nullptr;
  if (is_named || options.once)
    throw Unavailable("No server answers at {}; start one: millwright server", console.ServerUri());
  console.uri = temporary->Start();
  console.Line("No server runs; a temporary one does on " + console.uri +
               " and forgets all at the end");
}

void PrintProblems(const LogFolder& folder, Console& console) {
  for (const auto& [file, problem] : folder.Problems())
    console.Line(fmt::format("{} is not read on: {}", file, problem));
}

// Reads until a signal comes; a server that does not answer is waited for.
int64_t Follow(const FollowOptions& options, Console& console, LogFolder* folder,
               StopSignals* signals) {
  int64_t records = 0;
  bool is_lost = false;
  do {
    try {
      const int64_t now = folder->Advance();
      records += now;
      if (now > 0) console.Hint(fmt::format("{} records", FormatCount(records)));
      is_lost = false;
    } catch (const Error& error) {
      if (error.code() != Code::kUnavailable || options.once) throw;
      if (!is_lost) console.Hint("The server does not answer; waiting: " + error.message());
      is_lost = true;
    }
  } while (!options.once && !signals->WaitFor(options.interval_ms));
  return records;
}

int FollowFolder(const FollowOptions& options, Console& console) {
  const fs::path path = RequireFolder(options.folder);
  TemporaryServer temporary;
  RequireServer(options, console, &temporary);
  const std::string experiment =
      options.experiment.empty() ? path.filename().string() : options.experiment;
  const std::string experiment_id = FindOrCreateExperiment(console.client(), experiment);
  console.Line(fmt::format("Experiment {}: {}/runs?experiment={}", experiment, console.ServerUri(),
                           experiment_id));
  StopSignals signals;
  LogFolder folder(
      console.client(), path, experiment_id,
      [&](const std::string& name, const std::string& id) {
        console.Line(fmt::format("  {}  {}/runs/{}", name, console.ServerUri(), id));
      },
      [&] { return signals.WaitFor(0); });
  const int64_t records = Follow(options, console, &folder, &signals);
  folder.Finish();
  PrintProblems(folder, console);
  console.Answer(Json::Of({{"experiment_id", experiment_id},
                           {"runs", folder.run_count()},
                           {"records", records},
                           {"problems", folder.Problems().size()}}));
  console.Line(fmt::format("Read {} records of {} runs", FormatCount(records), folder.run_count()));
  return 0;
}

}  // namespace

void AddTensorboardCommands(Commands& commands) {
  commands.push_back(MakeCommand("tensorboard", "Follow a folder of TensorBoard event files",
                                 kFollowOptions, FollowFolder));
}

}  // namespace millwright::cli

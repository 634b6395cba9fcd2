#include "cli/move.h"

#include <fmt/format.h>

#include "base/error.h"
#include "cli/client.h"
#include "cli/interruption.h"
#include "cli/millwright_target.h"
#include "cli/mlflow_server_source.h"
#include "cli/mlflow_server_target.h"
#include "cli/progress.h"
#include "moving/database_source.h"
#include "moving/file_store_source.h"
#include "moving/file_store_target.h"
#include "moving/move.h"

namespace millwright::cli {
namespace {

constexpr size_t kProblemsShown = 20;

struct MoveCommandOptions {
  std::string place;
  std::vector<std::string> experiments;
  std::string artifacts = "copy";
  std::string artifact_root;
  bool dry_run = false;
};
using Kind = Option<MoveCommandOptions>::Kind;
constexpr Option<MoveCommandOptions> kImportOptions[] = {
    {"", "FROM", "An mlruns folder, sqlite:///FILE, postgresql://…, or the http://… of a server",
     &MoveCommandOptions::place, "", 0, 0, Kind::kRequired},
    {"", "--experiment",
     "Only this experiment, by name, and not the registry; repeatable. All when not given",
     &MoveCommandOptions::experiments, "NAME"},
    {"", "--artifacts",
     "copy brings the files, reference leaves them and keeps their addresses, none forgets them",
     &MoveCommandOptions::artifacts, "MODE"},
    {"", "--artifact-root",
     "Where the old server kept the artifacts that it proxied; mlartifacts beside a SQLite file",
     &MoveCommandOptions::artifact_root, "DIR"},
    {"", "--dry-run", "Read and count everything, change nothing", &MoveCommandOptions::dry_run},
};
constexpr Option<MoveCommandOptions> kExportOptions[] = {
    {"", "TO", "A folder for mlruns, or the http://… of an MLflow server",
     &MoveCommandOptions::place, "", 0, 0, Kind::kRequired},
    {"", "--experiment",
     "Only this experiment, by name, and not the registry; repeatable. All when not given",
     &MoveCommandOptions::experiments, "NAME"},
    {"", "--artifacts",
     "copy writes the files too, reference leaves them and keeps their addresses, none forgets "
     "them",
     &MoveCommandOptions::artifacts, "MODE"},
    {"", "--dry-run", "Read and count everything, change nothing", &MoveCommandOptions::dry_run},
};

moving::FilesMode ParseMode(const std::string& text) {
  if (text == "copy") return moving::FilesMode::kCopy;
  if (text == "reference") return moving::FilesMode::kReference;
  if (text == "none") return moving::FilesMode::kNone;
  throw InvalidArgument("--artifacts is copy, reference or none, not '{}'", text);
}

Json TallyJson(const moving::Tally& tally) {
  return Json::Of({{"found", tally.found},
                   {"brought", tally.brought},
                   {"already_there", tally.present},
                   {"verified", tally.verified},
                   {"different", tally.different}});
}

struct Line {
  const char* key;
  const char* title;
  const moving::Tally& tally;
};
std::vector<Line> LinesOf(const moving::MoveReport& report) {
  return {{"experiments", "experiments", report.experiments},
          {"runs", "runs", report.runs},
          {"points", "metric points", report.points},
          {"logged_models", "logged models", report.logged_models},
          {"files", "files", report.files},
          {"models", "registered models", report.models},
          {"versions", "model versions", report.versions},
          {"aliases", "aliases", report.aliases}};
}

Json ReportJson(const moving::MoveReport& report, const moving::Problems& problems,
                const std::string& from, const std::string& to) {
  Json json = Json::Of({{"from", from}, {"to", to}});
  for (const auto& line : LinesOf(report)) json.Set(line.key, TallyJson(line.tally));
  json.Set("file_bytes", report.bytes);
  json.Set("files_out_of_reach", report.left_behind);
  json.Set("deleted_logged_models_not_shown", report.hidden);
  Json renumbered = Json::MakeObject();
  for (const auto& [old_id, new_id] : report.renumbered) renumbered.Set(old_id, new_id);
  json.Set("renumbered_experiments", renumbered);
  json.Set("stopped", report.stopped);
  Json list = Json::MakeArray();
  for (const auto& [what, why] : problems.kept()) {
    list.Append(Json::Of({{"what", what}, {"why", why}}));
  }
  json.Set("problem_count", problems.count());
  json.Set("problems", list);
  return json;
}

void PrintReport(Console& console, const moving::MoveReport& report,
                 const moving::Problems& problems, const std::string& to) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [key, title, tally] : LinesOf(report)) {
    rows.push_back({title, FormatCount(tally.found), FormatCount(tally.brought),
                    FormatCount(tally.present), FormatCount(tally.verified),
                    FormatCount(tally.different)});
  }
  console.PrintTable({"WHAT", "FOUND", "BROUGHT", "ALREADY THERE", "VERIFIED", "DIFFERENT"}, rows);
  for (const auto& [old_id, new_id] : report.renumbered) {
    console.Line(fmt::format("Experiment {} has the id {} there", old_id, new_id));
  }
  if (report.left_behind > 0) {
    console.Line(
        fmt::format("The files of {} runs and models stay where they are: out of reach "
                    "from here, their addresses are kept",
                    report.left_behind));
  }
  if (report.hidden > 0) {
    console.Line(
        fmt::format("Deleted logged models that were brought and that {} shows to nobody: {}", to,
                    report.hidden));
  }
  if (problems.count() == 0) return;
  console.Line(problems.count() == 1 ? "1 problem:" : FormatCount(problems.count()) + " problems:");
  for (size_t i = 0; i < std::min(problems.kept().size(), kProblemsShown); ++i) {
    console.Line("  " + problems.kept()[i].what + ": " + problems.kept()[i].why);
  }
  if (problems.kept().size() > kProblemsShown) {
    console.Line("  … --json has the first " + FormatCount(moving::Problems::kKept));
  }
}

int RunMove(Console& console, const MoveCommandOptions& options, moving::Source& source,
            moving::Target& target, moving::Problems& problems) {
  const Interruption interruption;
  const auto bar = console.StartProgress(options.dry_run ? "read" : "move");
  moving::Move move(source, target, problems,
                    {.experiments = options.experiments,
                     .files = ParseMode(options.artifacts),
                     .dry_run = options.dry_run},
                    {.progress = [&](const auto& now) { bar->Update(now.share, now.note); },
                     .stop = [] { return Interruption::asked(); }});
  const moving::MoveReport report = move.Run();
  bar->Finish(report.stopped ? "stopped" : fmt::format("{} runs", report.runs.found));
  console.Answer(ReportJson(report, problems, source.where(), target.where()));
  PrintReport(console, report, problems, target.where());
  if (report.stopped) console.Hint("Stopped. The same command again goes on where it ended.");
  return report.stopped || problems.count() > 0 ? 1 : 0;
}

bool IsServer(const std::string& place) {
  return place.starts_with("http://") || place.starts_with("https://");
}

std::unique_ptr<moving::Source> OpenSource(const MoveCommandOptions& options, Client& client,
                                           moving::Problems& problems) {
  const std::string& place = options.place;
  if (IsServer(place)) return std::make_unique<MlflowServerSource>(client, problems);
  if (place.starts_with("sqlite") || place.starts_with("postgres")) {
    return std::make_unique<moving::DatabaseSource>(
        moving::DatabaseSource::Options{place, options.artifact_root}, problems);
  }
  if (place.find("://") != std::string::npos && !place.starts_with("file://")) {
    throw InvalidArgument(
        "Cannot import from {}: give an mlruns folder, sqlite:///FILE, postgresql://… or http://…",
        place);
  }
  return std::make_unique<moving::FileStoreSource>(
      place.starts_with("file://") ? place.substr(7) : place, problems);
}

int ImportMlflow(const MoveCommandOptions& options, Console& console) {
  ParseMode(options.artifacts);
  moving::Problems problems;
  Client old_server(options.place);
  const auto source = OpenSource(options, old_server, problems);
  MillwrightTarget target(console.client(), problems);
  const int status = RunMove(console, options, *source, target, problems);
  if (status == 0 && !options.dry_run) {
    console.Hint("Next: set MLFLOW_TRACKING_URI=" + console.ServerUri() + " for your clients.");
  }
  return status;
}

// The server to export to, as a Millwright if it is one: there runs keep their ids.
std::unique_ptr<moving::Target> OpenServerTarget(Client& client, const Console& console,
                                                 moving::Problems& problems) {
  if (client.uri() == console.ServerUri()) {
    throw InvalidArgument("Cannot export from {} into itself", client.uri());
  }
  if (client.SendRaw({.url = "/api/v1/overview"}).status != 404) {
    return std::make_unique<MillwrightTarget>(client, problems);
  }
  return std::make_unique<MlflowServerTarget>(client, problems);
}

int ExportMlflow(const MoveCommandOptions& options, Console& console) {
  ParseMode(options.artifacts);
  if (!IsServer(options.place) && options.place.find("://") != std::string::npos) {
    throw InvalidArgument("Cannot export to {}: give a folder or http://…", options.place);
  }
  moving::Problems problems;
  MlflowServerSource source(console.client(), problems);
  Client other_server(options.place);
  const std::unique_ptr<moving::Target> target =
      IsServer(options.place) ? OpenServerTarget(other_server, console, problems)
                              : std::make_unique<moving::FileStoreTarget>(options.place, problems);
  const int status = RunMove(console, options, source, *target, problems);
  if (status == 0 && !options.dry_run) {
    console.Hint(IsServer(options.place)
                     ? "Next: set MLFLOW_TRACKING_URI=" + target->where() + " for your clients."
                     : "Next: mlflow ui --backend-store-uri " + target->where());
  }
  return status;
}

}  // namespace

void AddMoveCommands(Commands& commands) {
  commands.push_back(MakeCommand("import mlflow", "Bring over an MLflow store with its ids",
                                 kImportOptions, ImportMlflow));
  commands.push_back(MakeCommand("export mlflow",
                                 "Write an mlruns folder that MLflow opens, or into a server",
                                 kExportOptions, ExportMlflow));
}

}  // namespace millwright::cli

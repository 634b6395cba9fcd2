#include "cli/backup.h"

#include <fmt/format.h>

#include <filesystem>

#include "backup/backup.h"
#include "backup/repository.h"
#include "backup/restore.h"
#include "base/clock.h"
#include "base/error.h"
#include "cli/interruption.h"
#include "cli/progress.h"
#include "server/config.h"
#include "server/places.h"

namespace millwright::cli {
namespace {

namespace fs = std::filesystem;

struct BackupCommandOptions {
  std::string folder;
  std::string config_file;
  std::string data_dir = server::Config().data_dir;
  std::string backend_store_uri;
  std::string artifacts_destination;
  int keep = 0;
};
using BackupKind = Option<BackupCommandOptions>::Kind;
constexpr int kKeepMax = 100'000;
constexpr Option<BackupCommandOptions> kBackupOptions[] = {
    {"", "TO", "A folder of backups, made if absent", &BackupCommandOptions::folder, "", 0, 0,
     BackupKind::kRequired},
    {"", "--config", "The server's YAML file of options", &BackupCommandOptions::config_file,
     "FILE"},
    {"", "--data", "The server's data folder", &BackupCommandOptions::data_dir, "DIR"},
    {"", "--backend-store-uri", "The server's metadata database; in the data folder when not given",
     &BackupCommandOptions::backend_store_uri, "URI"},
    {"", "--artifacts-destination",
     "Where the server keeps artifacts; in the data folder when not given",
     &BackupCommandOptions::artifacts_destination, "URI"},
    {"", "--keep", "Remove all backups but the newest N when this one is whole; 0 keeps all",
     &BackupCommandOptions::keep, "N", 0, kKeepMax},
};

struct RestoreCommandOptions {
  std::string folder;
  std::string config_file;
  std::string data_dir = server::Config().data_dir;
  std::string backend_store_uri;
  std::string backup;
  bool check = false;
  bool replace = false;
};
using RestoreKind = Option<RestoreCommandOptions>::Kind;
constexpr Option<RestoreCommandOptions> kRestoreOptions[] = {
    {"", "FROM", "A folder of backups", &RestoreCommandOptions::folder, "", 0, 0,
     RestoreKind::kRequired},
    {"", "--config", "The server's YAML file of options", &RestoreCommandOptions::config_file,
     "FILE"},
    {"", "--data", "The data folder to make", &RestoreCommandOptions::data_dir, "DIR"},
    {"", "--backend-store-uri",
     "The database to fill: an empty PostgreSQL one or a new SQLite file; in the data folder when "
     "not given",
     &RestoreCommandOptions::backend_store_uri, "URI"},
    {"", "--backup", "Which one, as --check lists them; the newest when not given",
     &RestoreCommandOptions::backup, "ID"},
    {"", "--check", "List the backups and compare all checksums; restore nothing",
     &RestoreCommandOptions::check},
    {"", "--replace", "Put a data folder aside that is in the way",
     &RestoreCommandOptions::replace},
};

// What the server of this configuration file, environment and flags would have.
server::Config ServerConfig(const std::string& config_file, const Console& console) {
  server::Config config;
  server::LoadConfig(config_file, console.given, &config);
  return config;
}

backup::Hooks HooksFor(Progress& bar) {
  return {.progress = [&bar](const auto& now) { bar.Update(now.share, now.note); },
          .stop = [] { return Interruption::asked(); }};
}

Json TextsJson(const std::vector<std::string>& texts) {
  Json list = Json::MakeArray();
  for (const auto& text : texts) list.Append(text);
  return list;
}

std::string FilesText(int64_t files, uint64_t bytes) {
  return fmt::format("{} files of {}", FormatCount(files), FormatBytes(bytes));
}

void PrintMissing(Console& console, const std::vector<std::string>& missing) {
  if (missing.empty()) return;
  console.Line(fmt::format(
      "{} files are not what the database says of them, or were deleted while the backup ran:",
      FormatCount(static_cast<int64_t>(missing.size()))));
  constexpr size_t kShown = 20;
  for (size_t i = 0; i < std::min(missing.size(), kShown); ++i) console.Line("  " + missing[i]);
  if (missing.size() > kShown) console.Line("  … --json has all of them");
}

int RunBackup(const BackupCommandOptions& options, Console& console) {
  const server::Config config = ServerConfig(options.config_file, console);
  const std::string artifacts = server::ArtifactStoreUri(config);
  const bool holds_artifacts = !server::IsInBucket(artifacts);
  const backup::Places places{server::DataFolder(config),
                              holds_artifacts ? server::LocalFolder(artifacts) : fs::path(),
                              server::DatabaseUri(config)};
  if (!fs::is_directory(places.data)) throw NotFound("Data folder", places.data.string());
  const Interruption interruption;
  backup::Repository repository(fs::absolute(options.folder).lexically_normal(),
                                backup::Repository::Use::kWrite);
  const auto bar = console.StartProgress("back up");
  const SystemClock clock;
  const auto report = backup::Backup(repository, places, clock, HooksFor(*bar)).Run();
  const size_t removed =
      options.keep > 0 ? repository.KeepNewest(static_cast<size_t>(options.keep)) : 0;
  bar->Finish(FilesText(report.files, report.file_bytes));
  console.Answer(Json::Of({{"backup", report.id},
                           {"folder", repository.folder().string()},
                           {"files", report.files},
                           {"file_bytes", static_cast<int64_t>(report.file_bytes)},
                           {"files_read", report.read_files},
                           {"rows", report.rows},
                           {"objects_added", report.added_objects},
                           {"bytes_added", static_cast<int64_t>(report.added_bytes)},
                           {"backups_removed", removed},
                           {"artifacts", artifacts},
                           {"holds_artifacts", holds_artifacts},
                           {"missing", TextsJson(report.missing)}}));
  console.Line(fmt::format("Backup {} holds {} rows and {}", report.id, FormatCount(report.rows),
                           FilesText(report.files, report.file_bytes)));
  console.Line(fmt::format("{} were new to the folder", FormatBytes(report.added_bytes)));
  if (removed > 0) console.Line(fmt::format("{} older backups were removed", removed));
  if (!holds_artifacts)
    console.Line(fmt::format(
        "The artifacts are in {} and not in this backup: keep the bucket's versions, and start the "
        "restored server with the same --artifacts-destination",
        artifacts));
  PrintMissing(console, report.missing);
  console.Hint("Next: millwright restore " + options.folder + " --check");
  return 0;
}

int CheckAll(const RestoreCommandOptions& options, const backup::Repository& repository,
             Console& console) {
  const auto bar = console.StartProgress("check");
  const auto checked = backup::CheckBackups(repository, options.backup, HooksFor(*bar));
  bar->Finish(fmt::format("{} backups", checked.size()));
  Json list = Json::MakeArray();
  std::vector<std::vector<std::string>> rows;
  const int64_t now_ms = SystemClock().NowMs();
  int64_t damaged = 0;
  for (const auto& each : checked) {
    damaged += each.damaged_count;
    list.Append(Json::Of({{"backup", each.id},
                          {"program", each.program},
                          {"created_ms", each.created_ms},
                          {"files", each.files},
                          {"file_bytes", static_cast<int64_t>(each.file_bytes)},
                          {"damaged_count", each.damaged_count},
                          {"damaged", TextsJson(each.damaged)}}));
    rows.push_back({each.id, FormatAge(each.created_ms, now_ms), each.program,
                    FormatCount(each.files), FormatBytes(each.file_bytes),
                    each.damaged_count == 0
                        ? "whole"
                        : fmt::format("{} damaged", FormatCount(each.damaged_count))});
  }
  console.Answer(Json::Of({{"backups", list}}));
  console.PrintTable({"BACKUP", "MADE", "BY", "FILES", "SIZE", "STATE"}, rows);
  for (const auto& each : checked) {
    for (const auto& what : each.damaged) console.Line("damaged in " + each.id + ": " + what);
  }
  return damaged == 0 ? 0 : 1;
}

int RunRestore(const RestoreCommandOptions& options, Console& console) {
  const server::Config config = ServerConfig(options.config_file, console);
  const Interruption interruption;
  const backup::Repository repository(fs::absolute(options.folder).lexically_normal(),
                                      backup::Repository::Use::kRead);
  if (options.check) return CheckAll(options, repository, console);
  const auto bar = console.StartProgress("restore");
  const auto data = server::DataFolder(config);
  const auto report = backup::Restore(repository,
                                      {.data = data,
                                       .database_uri = config.backend_store_uri,
                                       .id = options.backup,
                                       .replace = options.replace},
                                      HooksFor(*bar))
                          .Run();
  bar->Finish(FilesText(report.files, report.file_bytes));
  console.Answer(Json::Of({{"backup", report.id},
                           {"program", report.program},
                           {"created_ms", report.created_ms},
                           {"data", data.string()},
                           {"files", report.files},
                           {"file_bytes", static_cast<int64_t>(report.file_bytes)},
                           {"rows", report.rows},
                           {"replaced", report.replaced},
                           {"missing", TextsJson(report.missing)}}));
  console.Line(fmt::format("{} holds {} rows and {} of backup {}", data.string(),
                           FormatCount(report.rows), FilesText(report.files, report.file_bytes),
                           report.id));
  if (!report.replaced.empty()) console.Line("What was there is in " + report.replaced);
  PrintMissing(console, report.missing);
  console.Hint("Next: millwright server --data " + data.string());
  return 0;
}

}  // namespace

void AddBackupCommands(Commands& commands) {
  commands.push_back(
      MakeCommand("backup", "Copy what a server has, while it serves", kBackupOptions, RunBackup));
  commands.push_back(MakeCommand("restore",
                                 "Make a server's data folder from a backup, or check it",
                                 kRestoreOptions, RunRestore));
}

}  // namespace millwright::cli

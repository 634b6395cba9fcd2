#include <fmt/format.h>

#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/yaml.h"
#include "cli/artifact_transfer.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/name_option.h"
#include "cli/progress.h"
#include "cli/reference.h"

namespace millwright::cli {
namespace {

constexpr int64_t kMsPerDay = 86'400'000;

std::string DatasetPath(const std::string& name) {
  return "/api/v1/datasets/" + fetch::PercentEncode(name);
}

void PrintVersion(Console& console, const std::string& name, const Json& version) {
  console.Line(fmt::format("{}@{}  {} rows, {} columns, {}  sha256 {}", name,
                           version.GetInt("version"), FormatCount(version.GetInt("row_count")),
                           version.At("columns").AsArray().size(),
                           FormatBytes(static_cast<uint64_t>(version.GetInt("bytes"))),
                           version.GetString("sha256").substr(0, 12)));
}

// Tells what became of a new version. One that is held ends a pipeline's run as held.
int FinishVersion(Console& console, const Json& result) {
  const std::string name = result.GetString("dataset");
  const Json& version = result.At("version");
  Json answer = result;
  answer.Set("dataset_version", version.GetInt("version"));
  console.Answer(answer);
  PrintVersion(console, name, version);
  const std::string state = version.GetString("state", "ready");
  if (state == "ready" || state == "released") {
    const std::string reason = version.GetString("state_reason");
    if (!reason.empty()) console.Line(reason);
    return 0;
  }
  console.Line(fmt::format("{}@{} is {}: {}", name, version.GetInt("version"),
                           state == "pending" ? "still being judged" : state,
                           version.GetString("state_reason")));
  if (state == "quarantined")
    console.Hint(
        fmt::format("next: millwright data release {}@{} --reason TEXT, or judge it again "
                    "when its suite was changed",
                    name, version.GetInt("version")));
  return kHold;
}

struct SourceOptions {
  std::string name, file, url, dataset;
};
constexpr Option<SourceOptions> kSourceOptions[] = {
    {"", "NAME", "The source's name", &SourceOptions::name, "", 0, 0,
     Option<SourceOptions>::Kind::kRequired},
    {"", "--file", "Collect from this file", &SourceOptions::file, "PATH"},
    {"", "--url", "Collect from this http or https address", &SourceOptions::url, "URL"},
    {"", "--dataset", "The dataset that its versions go to; the source's name if not given",
     &SourceOptions::dataset, "NAME"},
};

int AddSource(const SourceOptions& options, Console& console) {
  if (options.file.empty() == options.url.empty())
    throw InvalidArgument("Give either --file or --url");
  Json body = Json::Of({{"name", options.name},
                        {"kind", options.file.empty() ? "http" : "file"},
                        {"dataset", options.dataset.empty() ? options.name : options.dataset}});
  if (options.file.empty()) {
    body.Set("url", options.url);
  } else {
    body.Set("path", std::filesystem::absolute(options.file).string());
  }
  console.Answer(console.client().Post("/api/v1/sources", body));
  console.Line(fmt::format("Source {} reads {}", options.name,
                           options.file.empty() ? options.url : options.file));
  console.Hint(fmt::format("next: millwright data collect {}", options.name));
  return 0;
}

int Collect(const NameOptions& options, Console& console) {
  auto progress = console.StartProgress("collect " + options.name);
  const Json result = console.client().Post(
      "/api/v1/sources/" + fetch::PercentEncode(options.name) + "/collect", Json::MakeObject());
  const Json& version = result.At("version");
  const bool unchanged = result.GetBool("unchanged");
  progress->Finish(fmt::format("{}{}@{}: {} rows, {}", unchanged ? "unchanged since " : "",
                               result.GetString("dataset"), version.GetInt("version"),
                               FormatCount(version.GetInt("row_count")),
                               FormatBytes(static_cast<uint64_t>(version.GetInt("bytes")))));
  return FinishVersion(console, result);
}

struct UploadOptions {
  std::string name, file;
};
constexpr Option<UploadOptions> kUploadOptions[] = {
    {"", "NAME", "The dataset's name", &UploadOptions::name, "", 0, 0,
     Option<UploadOptions>::Kind::kRequired},
    {"", "FILE", "A Parquet, CSV or JSON lines file", &UploadOptions::file, "", 0, 0,
     Option<UploadOptions>::Kind::kRequired},
};

int UploadDataset(const UploadOptions& options, Console& console) {
  const Json result = console.client().Upload(
      DatasetPath(options.name) + "/upload", options.file,
      {{"filename", std::filesystem::path(options.file).filename().string()}});
  return FinishVersion(console, result);
}

struct DeriveOptions {
  std::string name, sql_file;
  std::vector<std::string> inputs, settings;
};
constexpr Option<DeriveOptions> kDeriveOptions[] = {
    {"", "NAME", "The dataset to make a version of", &DeriveOptions::name, "", 0, 0,
     Option<DeriveOptions>::Kind::kRequired},
    {"", "--sql", "A file with one SELECT over the inputs", &DeriveOptions::sql_file, "FILE", 0, 0,
     Option<DeriveOptions>::Kind::kRequired},
    {"", "--input", "VIEW=DATASET[@VERSION]; repeatable", &DeriveOptions::inputs, "INPUT"},
    {"", "--set", "NAME=VALUE for ${NAME} in the SQL; repeatable", &DeriveOptions::settings, "SET"},
};

std::pair<std::string, std::string> SplitAssignment(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw InvalidArgument("Write NAME=VALUE, not \"{}\"", text);
  return {text.substr(0, equals), text.substr(equals + 1)};
}

int Derive(const DeriveOptions& options, Console& console) {
  auto progress = console.StartProgress("derive " + options.name);
  std::string sql = ReadFile(options.sql_file);
  for (const auto& setting : options.settings) {
    const auto [name, value] = SplitAssignment(setting);
    const std::string mark = "${" + name + "}";
    for (size_t at; (at = sql.find(mark)) != std::string::npos;)
      sql.replace(at, mark.size(), value);
  }
  Json inputs = Json::MakeObject();
  for (const auto& input : options.inputs) {
    const auto [view, dataset] = SplitAssignment(input);
    const Reference reference = ParseReference(dataset);
    inputs.Set(view, fmt::format("{}@{}", reference.name,
                                 ResolveDatasetVersion(console.client(), reference)));
  }
  const Json result = console.client().Post(DatasetPath(options.name) + "/derive",
                                            Json::Of({{"sql", sql}, {"inputs", inputs}}));
  const Json& version = result.At("version");
  progress->Finish(fmt::format("{}@{}: {} rows", options.name, version.GetInt("version"),
                               FormatCount(version.GetInt("row_count"))));
  return FinishVersion(console, result);
}

int ListDatasets(const LimitOptions& options, Console& console) {
  const Json result =
      console.client().Get("/api/v1/datasets", {{"limit", std::to_string(options.limit)}});
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  for (const Json& dataset : result.At("datasets").AsArray())
    rows.push_back({dataset.GetString("name"), std::to_string(dataset.GetInt("latest_version")),
                    FormatCount(dataset.GetInt("row_count")),
                    FormatBytes(static_cast<uint64_t>(dataset.GetInt("bytes"))),
                    dataset.GetString("state"), dataset.GetString("source")});
  console.PrintTable({"NAME", "VERSION", "ROWS", "SIZE", "STATE", "SOURCE"}, rows);
  return 0;
}

int ShowDataset(const NameOptions& options, Console& console) {
  const Reference reference = ParseReference(options.name);
  const Json dataset = console.client().Get(DatasetPath(reference.name));
  console.Answer(dataset);
  for (const Json& version : dataset.At("versions").AsArray()) {
    if (!reference.version.empty() &&
        std::to_string(version.GetInt("version")) != reference.version)
      continue;
    PrintVersion(console, reference.name, version);
    if (const std::string reason = version.GetString("state_reason"); !reason.empty())
      console.Line(fmt::format("  {}: {}", version.GetString("state"), reason));
    std::vector<std::vector<std::string>> rows;
    for (const Json& column : version.At("columns").AsArray())
      rows.push_back({"  " + column.GetString("name"), column.GetString("type")});
    console.PrintTable({"  COLUMN", "TYPE"}, rows);
  }
  for (const Json& split : dataset.At("splits").AsArray()) {
    std::string parts;
    for (const Json& part : split.At("parts").AsArray())
      parts += fmt::format("  {}: {} rows", part.GetString("name"),
                           FormatCount(part.GetInt("row_count")));
    console.Line(fmt::format("split {} of @{} by {}:{}", split.GetString("name"),
                             split.GetInt("version"), split.GetString("kind"), parts));
  }
  return 0;
}

struct SplitOptions {
  std::string dataset, name, file, kind = "time", column, until;
  std::vector<std::string> parts;
  int64_t seed = 0;
};
constexpr Option<SplitOptions> kSplitOptions[] = {
    {"", "DATASET", "NAME or NAME@VERSION", &SplitOptions::dataset, "", 0, 0,
     Option<SplitOptions>::Kind::kRequired},
    {"", "--name", "The split's name", &SplitOptions::name, "NAME", 0, 0,
     Option<SplitOptions>::Kind::kRequired},
    {"", "--file", "A YAML file that says kind, column and parts", &SplitOptions::file, "FILE"},
    {"", "--kind", "time, random, stratified or group", &SplitOptions::kind, "KIND"},
    {"", "--column", "The column to split by", &SplitOptions::column, "COLUMN"},
    {"", "--until", "The time, or milliseconds since 1970, that -30d and 0d in --part count from",
     &SplitOptions::until, "TIME"},
    {"", "--part", "NAME=FROM..TO for time, NAME=SHARE otherwise; repeatable", &SplitOptions::parts,
     "PART"},
    {"", "--seed", "Which of the reproducible random splits", &SplitOptions::seed, "N"},
};

// A time of --part: RFC 3339, or days before --until as "-30d".
std::string PartTime(const std::string& text, const std::string& until) {
  if (!text.ends_with("d") || until.empty()) return text;
  const Json days = ParseJson(text.substr(0, text.size() - 1));
  const bool is_ms = until.find_first_not_of("0123456789") == std::string::npos;
  const int64_t until_ms = is_ms ? ParseJson(until).AsInt("--until") : ParseTime(until);
  return FormatTime(until_ms + days.AsInt("--part") * kMsPerDay);
}

// The specification that the flags say: {"kind", "column", "seed", "parts": [{…}]}.
Json SplitSpec(const SplitOptions& options) {
  if (!options.file.empty()) return ParseYaml(ReadFile(options.file));
  Json spec =
      Json::Of({{"kind", options.kind}, {"column", options.column}, {"seed", options.seed}});
  Json parts = Json::MakeArray();
  for (const auto& text : options.parts) {
    const auto [name, range] = SplitAssignment(text);
    const size_t dots = range.find("..");
    if (options.kind == "time") {
      if (dots == std::string::npos)
        throw InvalidArgument("Write NAME=FROM..TO, not \"{}\"", text).WithField("--part");
      parts.Append(Json::Of({{"name", name},
                             {"from", PartTime(range.substr(0, dots), options.until)},
                             {"to", PartTime(range.substr(dots + 2), options.until)}}));
    } else {
      parts.Append(Json::Of({{"name", name}, {"share", ParseJson(range).AsDouble("share")}}));
    }
  }
  return spec.Set("parts", parts);
}

int SplitDataset(const SplitOptions& options, Console& console) {
  const Reference reference = ParseReference(options.dataset);
  auto progress = console.StartProgress("split " + options.dataset);
  const int64_t version = ResolveDatasetVersion(console.client(), reference);
  const Json split = console.client().Post(
      DatasetPath(reference.name) + "/splits",
      Json::Of({{"name", options.name}, {"version", version}, {"spec", SplitSpec(options)}}));
  std::string parts;
  for (const Json& part : split.At("parts").AsArray())
    parts += fmt::format("{}{} {} rows", parts.empty() ? "" : ", ", part.GetString("name"),
                         FormatCount(part.GetInt("row_count")));
  progress->Finish(parts);
  Json answer = split;
  answer.Set("split", options.name);
  console.Answer(answer);
  console.Line(fmt::format("Split {} of {}@{}: {}", options.name, reference.name, version, parts));
  return 0;
}

struct FetchOptions {
  std::string dataset, file;
  bool held = false;
};
constexpr Option<FetchOptions> kFetchOptions[] = {
    {"", "DATASET", "NAME or NAME@VERSION", &FetchOptions::dataset, "", 0, 0,
     Option<FetchOptions>::Kind::kRequired},
    {"", "FILE", "Where to write the Parquet file", &FetchOptions::file, "", 0, 0,
     Option<FetchOptions>::Kind::kRequired},
    {"", "--held", "Fetch a version although it is quarantined", &FetchOptions::held},
};

int FetchDataset(const FetchOptions& options, Console& console) {
  const Reference reference = ParseReference(options.dataset);
  const int64_t version = ResolveDatasetVersion(console.client(), reference);
  auto progress = console.StartProgress("fetch " + options.dataset);
  uint64_t total = 0;
  console.client().Download(fmt::format("{}/versions/{}/file{}", DatasetPath(reference.name),
                                        version, options.held ? "?held=1" : ""),
                            std::filesystem::absolute(options.file), [&](uint64_t bytes) {
                              total = bytes;
                              progress->Update(0, FormatBytes(bytes));
                            });
  progress->Finish(FormatBytes(total));
  console.Answer(Json::Of({{"file", options.file}, {"bytes", static_cast<int64_t>(total)}}));
  return 0;
}

struct QuarantineOptions {
  std::string dataset;
  int limit = 100;
};
constexpr Option<QuarantineOptions> kQuarantineOptions[] = {
    {"", "DATASET", "Of this dataset only", &QuarantineOptions::dataset},
    {"", "--limit", "How many to show", &QuarantineOptions::limit, "N", 1, 10000},
};

int ListQuarantine(const QuarantineOptions& options, Console& console) {
  const Json held = console.client().Get(
      "/api/v1/quarantine",
      {{"dataset", options.dataset}, {"limit", std::to_string(options.limit)}});
  console.Answer(held);
  std::vector<std::vector<std::string>> rows;
  for (const Json& version : held.At("versions").AsArray())
    rows.push_back({fmt::format("{}@{}", version.GetString("dataset"), version.GetInt("version")),
                    version.GetString("state"), FormatCount(version.GetInt("row_count")),
                    FormatTime(version.GetInt("created_ms")), version.GetString("state_reason")});
  console.PrintTable({"VERSION", "STATE", "ROWS", "MADE", "WHY"}, rows);
  return 0;
}

// The path of a version that is named as NAME@VERSION.
std::string VersionPath(const std::string& text) {
  const Reference reference = ParseReference(text);
  if (reference.version.empty()) throw InvalidArgument("Write NAME@VERSION, not \"{}\"", text);
  return DatasetPath(reference.name) + "/versions/" + fetch::PercentEncode(reference.version);
}

struct ReleaseOptions {
  std::string version, reason;
};
constexpr Option<ReleaseOptions> kReleaseOptions[] = {
    {"", "VERSION", "NAME@VERSION", &ReleaseOptions::version, "", 0, 0,
     Option<ReleaseOptions>::Kind::kRequired},
    {"", "--reason", "Why it may be taken although it failed", &ReleaseOptions::reason, "TEXT", 0,
     0, Option<ReleaseOptions>::Kind::kRequired},
};

int Release(const ReleaseOptions& options, Console& console) {
  console.Answer(console.client().Post(VersionPath(options.version) + "/release",
                                       Json::Of({{"reason", options.reason}})));
  console.Line(options.version + " is released: " + options.reason);
  return 0;
}

struct JudgeOptions {
  std::string version;
};
constexpr Option<JudgeOptions> kJudgeOptions[] = {
    {"", "VERSION", "NAME@VERSION", &JudgeOptions::version, "", 0, 0,
     Option<JudgeOptions>::Kind::kRequired},
};

int JudgeHeld(const JudgeOptions& options, Console& console) {
  auto progress = console.StartProgress("judge " + options.version);
  const Json result =
      console.client().Post(VersionPath(options.version) + "/judge", Json::MakeObject());
  progress->Finish(result.At("version").GetString("state"));
  return FinishVersion(console, result);
}

}  // namespace

void AddDataCommands(Commands& commands) {
  commands.push_back(
      MakeCommand("data source", "Say where data comes from", kSourceOptions, AddSource));
  commands.push_back(MakeCommand("data collect",
                                 "Archive a source's bytes and make a dataset version",
                                 kNameOptions, Collect));
  commands.push_back(MakeCommand("data upload", "Make a dataset version from a local file",
                                 kUploadOptions, UploadDataset));
  commands.push_back(MakeCommand("data derive", "Make a dataset version by SQL over others",
                                 kDeriveOptions, Derive));
  commands.push_back(MakeCommand("data list", "List datasets", kLimitOptions, ListDatasets));
  commands.push_back(
      MakeCommand("data show", "Show a dataset's versions and splits", kNameOptions, ShowDataset));
  commands.push_back(
      MakeCommand("data split", "Record a reproducible split", kSplitOptions, SplitDataset));
  commands.push_back(MakeCommand("data quarantine", "List dataset versions that are held, and why",
                                 kQuarantineOptions, ListQuarantine));
  commands.push_back(MakeCommand("data release",
                                 "Let a quarantined version be taken, with a reason",
                                 kReleaseOptions, Release));
  commands.push_back(MakeCommand("data judge",
                                 "Judge a held version by the suites that are attached now",
                                 kJudgeOptions, JudgeHeld));
  commands.push_back(
      MakeCommand("data fetch", "Copy a dataset version into a file", kFetchOptions, FetchDataset));
}

}  // namespace millwright::cli

// Looking at a table for the first time: its profile, and a suite that its profile suggests.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "cli/artifact_transfer.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/judged_data.h"
#include "cli/progress.h"
#include "cli/reference.h"
#include "cli/session_watch.h"
#include "quality/profile_file.h"
#include "quality/profile_merge.h"
#include "quality/profile_report.h"
#include "quality/report_words.h"
#include "quality/suggestion.h"

namespace millwright::cli {
namespace {

constexpr size_t kShownColumns = 200;
constexpr size_t kShownWarnings = 20;
constexpr size_t kShownPowers = 8;
constexpr size_t kValueCharacters = 16;
// What a saved profile says near its beginning.
constexpr size_t kProfileHeadBytes = 4096;

struct ProfileCommandOptions {
  std::vector<std::string> data, columns, missing, text;
  std::string html, target;
  bool merge = false;
  int top = 20;
  int64_t memory_mb = kMemoryMb;
};
constexpr Option<ProfileCommandOptions> kProfileOptions[] = {
    {"", "DATA",
     "A data file, a folder or a pattern; s3://bucket/key; postgresql://host/database?table=NAME; "
     "a dataset as NAME or NAME@VERSION; several are parts of one table, in the order of their "
     "rows",
     &ProfileCommandOptions::data, "", 0, 0, Option<ProfileCommandOptions>::Kind::kRequired},
    {"", "--merge", "DATA are profiles of parts, as --json printed them",
     &ProfileCommandOptions::merge},
    {"", "--columns", "Look at this column only; repeatable", &ProfileCommandOptions::columns,
     "COLUMN"},
    {"", "--target", "Say how well each column alone tells this one",
     &ProfileCommandOptions::target, "COLUMN"},
    {"", "--missing", "A text of CSV files that stands for a missing value, as NA; repeatable",
     &ProfileCommandOptions::missing, "TEXT"},
    {"", "--text",
     "A column of CSV files to take as it is written, not as what it looks like; repeatable",
     &ProfileCommandOptions::text, "COLUMN"},
    {"", "--top", "How many of the most frequent values are kept", &ProfileCommandOptions::top, "N",
     1, quality::kTopValuesMax},
    {"", "--memory-mb", "Memory to work in; what does not fit goes to the disk",
     &ProfileCommandOptions::memory_mb, "MB", kMemoryMbMin, kMemoryMbMax},
    {"", "--html", "Write the profile for people to this HTML file", &ProfileCommandOptions::html,
     "FILE"},
};

quality::TableProfile ReadProfile(const std::string& file) {
  if (std::filesystem::exists(file) &&
      std::filesystem::file_size(file) > quality::kTableProfileBytesMax)
    throw InvalidArgument("{} is larger than a profile", file);
  auto profile = quality::TableProfile::FromJson(ParseJson(ReadFile(file)));
  // Parts are told apart by the files that they are in.
  profile.name = std::filesystem::path(file).filename().string();
  return profile;
}

bool IsProfile(const std::string& file) {
  if (!file.ends_with(".json")) return false;
  std::ifstream stream(file, std::ios::binary);
  std::string head(kProfileHeadBytes, '\0');
  stream.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<size_t>(stream.gcount()));
  return head.starts_with('{') && head.find("\"row_count\":") != std::string::npos &&
         head.find("\"duplicate_rows\":") != std::string::npos;
}

// A version of a dataset is profiled by the server, which keeps what it finds.
quality::TableProfile FetchProfile(Client& client, const std::string& dataset,
                                   const quality::ProfileOptions& options) {
  if (!options.columns.empty() || !options.target.empty())
    throw InvalidArgument("--columns and --target are for files; {} is no file", dataset);
  const Reference reference = ParseReference(dataset);
  return quality::TableProfile::FromJson(client.Get(
      fmt::format("/api/v1/datasets/{}/versions/{}/profile/full",
                  fetch::PercentEncode(reference.name), ResolveDatasetVersion(client, reference))));
}

// A mistyped file name is not asked for at the server.
bool IsDataset(const std::string& name) {
  if (std::filesystem::exists(name)) return false;
  if (name.starts_with("predictions:"))
    throw InvalidArgument(
        "A prediction log is no table of files: predictions export writes {} to one that can be "
        "profiled",
        name.substr(name.find(':') + 1));
  return name.find('@') != std::string::npos || !std::filesystem::path(name).has_extension();
}

// Objects, tables of PostgreSQL, folders and patterns: brought here and read as one table.
bool IsElsewhere(const std::string& name) {
  return IsLocalData(name) && !std::filesystem::is_regular_file(name);
}

std::vector<quality::TableProfile> ProfileParts(Console& console,
                                                const std::vector<std::string>& files,
                                                const quality::ProfileOptions& options,
                                                int64_t memory_mb, Progress* progress) {
  std::vector<quality::TableProfile> parts;
  for (size_t i = 0; i < files.size(); ++i) {
    quality::ProfileOptions part = options;
    SessionWatch* watch = nullptr;
    part.progress = [&](double share, std::string_view note) {
      watch->Tell((static_cast<double>(i) + share) / static_cast<double>(files.size()), note);
    };
    if (IsElsewhere(files[i])) {
      const auto data = OpenJudgedData({.data = files[i],
                                        .memory_mb = memory_mb,
                                        .reading = {options.as_text, options.missing_words}},
                                       *progress);
      watch = &*data->watch;
      parts.push_back(quality::ProfileWholeTable(*data->session, data->table, part));
      parts.back().name = std::filesystem::path(files[i]).filename().string();
    } else if (IsDataset(files[i])) {
      parts.push_back(FetchProfile(console.client(), files[i], options));
    } else if (IsProfile(files[i])) {
      parts.push_back(ReadProfile(files[i]));
    } else {
      if (!std::filesystem::exists(files[i])) throw NotFound("Data file", files[i]);
      analytics::Session session(WithinMemory(memory_mb));
      SessionWatch here(session, *progress);
      watch = &here;
      parts.push_back(quality::ProfileDataFile(session, files[i], part));
    }
  }
  return parts;
}

std::string ShortNumber(double value) {
  const bool is_whole = value == std::floor(value) && std::abs(value) < 1e9;
  return is_whole ? FormatCount(static_cast<int64_t>(value)) : fmt::format("{:.4g}", value);
}

// What the values are, in a few words: a range with the median, or the commonest.
std::string ValuesText(const quality::ColumnStatistics& column) {
  if (column.count() == 0) return "";
  if (column.numbers && column.numbers->min) {
    const quality::NumberFigures& numbers = *column.numbers;
    if (column.kind == quality::FiguresKind::kTime)
      return quality::TimeText(std::llround(*numbers.min)) + " to " +
             quality::TimeText(std::llround(*numbers.max));
    const bool is_name = column.semantic.name == "year" || column.semantic.name == "id";
    const auto text = [&](double value) {
      return is_name ? fmt::format("{:.10g}", value) : ShortNumber(value);
    };
    return fmt::format("{} to {}, median {}", text(*numbers.min), text(*numbers.max),
                       text(*numbers.median));
  }
  std::string text;
  if (column.unique == column.count() && column.count() > 1) return "all different";
  for (size_t i = 0; i < std::min<size_t>(2, column.top_values.size()); ++i) {
    const quality::TopValue& top = column.top_values[i];
    const double share = static_cast<double>(top.count) / static_cast<double>(column.count());
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ",
                        quality::Clip(quality::ValueText(top.value), kValueCharacters),
                        quality::PercentText(share));
  }
  return text;
}

// Shares are set with a narrow blank on pages; what a terminal prints is searched by plain ones.
std::string Plain(std::string text) {
  static constexpr std::string_view kNarrowBlank = "\u202f";
  for (size_t at = text.find(kNarrowBlank); at != std::string::npos;
       at = text.find(kNarrowBlank, at))
    text.replace(at, kNarrowBlank.size(), " ");
  return text;
}

std::string DistinctText(const quality::ColumnStatistics& column) {
  return (column.distinct_error > 0 ? "~" : "") + FormatCount(column.distinct);
}

void PrintProfile(Console& console, const quality::TableProfile& profile) {
  Rows rows;
  for (const auto& column : profile.columns) {
    if (rows.size() == kShownColumns) break;
    rows.push_back({column.name, column.semantic.name,
                    column.missing == 0 ? "-" : Plain(quality::PercentText(column.MissingShare())),
                    DistinctText(column), Plain(ValuesText(column))});
  }
  console.PrintTable({"COLUMN",
                      "LOOKS LIKE",
                      {"MISSING", Column::Align::kRight},
                      {"DISTINCT", Column::Align::kRight},
                      {"VALUES", Column::Align::kSentence}},
                     rows);
  if (rows.size() < profile.columns.size())
    console.Line(
        fmt::format("{} more columns: --json and --html have them",
                    FormatCount(static_cast<int64_t>(profile.columns.size() - rows.size()))));
}

void PrintPowers(Console& console, const quality::TableProfile& profile) {
  if (profile.target_powers.empty()) return;
  Rows rows;
  for (const auto& power : profile.target_powers) {
    if (rows.size() == kShownPowers) break;
    rows.push_back({power.column, Plain(quality::PercentText(power.power))});
  }
  console.Line("");
  console.PrintTable({"TELLS " + profile.target, {"ERRORS TAKEN AWAY", Column::Align::kRight}},
                     rows);
}

void PrintWarnings(Console& console, const quality::TableProfile& profile) {
  if (profile.warnings.empty()) return;
  Rows rows;
  for (const auto& warning : profile.warnings) {
    if (rows.size() == kShownWarnings) break;
    rows.push_back({warning.kind, warning.column, Plain(warning.message)});
  }
  console.Line("");
  console.PrintTable({"WARNING", "COLUMN", {"WHAT", Column::Align::kSentence}}, rows);
  if (rows.size() < profile.warnings.size())
    console.Line(fmt::format("{} more warnings: --json and --html have them",
                             profile.warnings.size() - rows.size()));
}

std::string TitleOf(const std::vector<std::string>& files) {
  const std::string name = std::filesystem::path(files.front()).filename().string();
  return files.size() == 1 ? name : fmt::format("{} and {} more", name, files.size() - 1);
}

int RunProfile(const ProfileCommandOptions& options, Console& console) {
  const std::string title = TitleOf(options.data);
  auto progress = console.StartProgress("profile " + title);
  std::vector<quality::TableProfile> parts;
  const auto top = static_cast<size_t>(options.top);
  if (options.merge) {
    for (const std::string& file : options.data) parts.push_back(ReadProfile(file));
  } else {
    parts = ProfileParts(console, options.data,
                         {.columns = options.columns,
                          .top_values = top,
                          .missing_words = options.missing,
                          .as_text = options.text,
                          .target = options.target},
                         options.memory_mb, progress.get());
  }
  quality::TableProfile profile =
      parts.size() == 1 ? std::move(parts.front()) : quality::MergeProfiles(parts, top);
  profile.name = title;
  if (!options.html.empty()) WriteFileDurably(options.html, quality::RenderProfile(profile, title));
  progress->Finish(
      fmt::format("{} of {}", quality::CountOf(profile.rows, "row"),
                  quality::CountOf(static_cast<int64_t>(profile.columns.size()), "column")));
  if (console.json) console.Answer(profile.ToJson());
  PrintProfile(console, profile);
  PrintPowers(console, profile);
  PrintWarnings(console, profile);
  if (options.html.empty()) console.Hint("--html FILE writes it with pictures");
  return 0;
}

struct SuggestCommandOptions {
  std::vector<std::string> data, columns, missing, text;
  int64_t memory_mb = kMemoryMb;
  std::string output, name = "suggested";
  int rules = static_cast<int>(quality::kSuggestedRulesMax);
};
constexpr Option<SuggestCommandOptions> kSuggestOptions[] = {
    {"", "DATA",
     "Data files, datasets as NAME@VERSION, or profiles as quality profile --json printed them; "
     "several are the history of one table",
     &SuggestCommandOptions::data, "", 0, 0, Option<SuggestCommandOptions>::Kind::kRequired},
    {"", "--columns", "Look at this column only; repeatable", &SuggestCommandOptions::columns,
     "COLUMN"},
    {"", "--output", "Write the suite to this file", &SuggestCommandOptions::output, "FILE", 0, 0,
     Option<SuggestCommandOptions>::Kind::kPlain, "-o"},
    {"", "--missing", "A text of CSV files that stands for a missing value, as NA; repeatable",
     &SuggestCommandOptions::missing, "TEXT"},
    {"", "--text",
     "A column of CSV files to take as it is written, not as what it looks like; repeatable",
     &SuggestCommandOptions::text, "COLUMN"},
    {"", "--name", "The suite's name", &SuggestCommandOptions::name, "NAME"},
    {"", "--memory-mb", "Memory to work in; what does not fit goes to the disk",
     &SuggestCommandOptions::memory_mb, "MB", kMemoryMbMin, kMemoryMbMax},
    {"", "--rules", "Suggest at most so many expectations", &SuggestCommandOptions::rules, "N", 1,
     quality::kSuiteExpectationsMax},
};

int RunSuggest(const SuggestCommandOptions& options, Console& console) {
  auto progress = console.StartProgress("suggest from " + TitleOf(options.data));
  const auto history = ProfileParts(
      console, options.data,
      {.columns = options.columns, .missing_words = options.missing, .as_text = options.text},
      options.memory_mb, progress.get());
  const auto suggestion = quality::SuggestSuite(
      history, {.name = options.name, .rules_max = static_cast<size_t>(options.rules)});
  const Json suite = suggestion.suite.ToJson();
  if (!options.output.empty()) WriteFileDurably(options.output, suite.Dump(2) + "\n");
  progress->Finish(
      quality::CountOf(static_cast<int64_t>(suggestion.suite.expectations.size()), "expectation"));
  console.Answer(suite);
  Rows rows;
  for (const auto& expectation : suggestion.suite.expectations) {
    rows.push_back({Plain(quality::DescribeExpectation(expectation, Json::MakeObject()).Text()),
                    Plain(quality::PercentText(expectation.meta.GetDouble("passed_share"))),
                    Plain(expectation.meta.GetString("notes"))});
  }
  console.PrintTable({{"EXPECTED", Column::Align::kSentence},
                      {"HISTORY MET IT", Column::Align::kRight},
                      {"WHY", Column::Align::kSentence}},
                     rows);
  if (suggestion.left_out > 0)
    console.Line(
        fmt::format("{} weaker ones are left out; --rules takes more", suggestion.left_out));
  console.Hint(options.output.empty() ? "--output FILE keeps the suite"
                                      : fmt::format("millwright quality validate {} --suite {}",
                                                    options.data.front(), options.output));
  return 0;
}

}  // namespace

void AddQualityProfileCommands(Commands& commands) {
  commands.push_back(MakeCommand("quality profile",
                                 "Look at a table: types, figures, correlations, warnings",
                                 kProfileOptions, RunProfile));
  commands.push_back(MakeCommand("quality suggest",
                                 "Write a suite for a person to review from what data look like",
                                 kSuggestOptions, RunSuggest));
}

}  // namespace millwright::cli

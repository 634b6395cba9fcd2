#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "analytics/read_files.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/judged_data.h"
#include "cli/name_option.h"
#include "cli/progress.h"
#include "cli/reference.h"
#include "drift/reference.h"
#include "quality/database_table.h"
#include "quality/profile_report.h"
#include "quality/report.h"
#include "quality/report_words.h"
#include "quality/suite_file.h"
#include "quality/table_profiler.h"
#include "quality/validation.h"

namespace millwright::cli {
namespace {

constexpr size_t kShownRowsMax = 5;
constexpr int kSuiteSqlSecondsMax = 600;
constexpr int kTimeLimitSecondsMax = 1'000'000;
constexpr size_t kShownRowMax = 400;  // characters
constexpr size_t kShownReasonMax = 600;

struct ValidateOptions {
  std::string data, dataset, suite, result_format = "SUMMARY", report, profile, reference, query;
  std::vector<std::string> tables, parameters, index_columns, missing, text;
  int partial_unexpected_count = 20;
  int64_t memory_mb = kMemoryMb;
  int time_limit_s = kSuiteSqlSecondsMax;
};
constexpr Option<ValidateOptions> kValidateOptions[] = {
    {"", "DATA",
     "A data file, a folder or a pattern such as 'day=*/*.parquet'; s3://bucket/key; "
     "postgresql://host/database?table=NAME; a dataset as NAME or NAME@VERSION; or "
     "predictions:ENDPOINT",
     &ValidateOptions::data},
    {"", "--dataset",
     "A dataset of the server instead of DATA, judged as a gate: if it fails, the exit status is "
     "99, "
     "by which a pipeline's run ends as held",
     &ValidateOptions::dataset, "NAME"},
    {"", "--suite", "A suite file, Great Expectations' JSON or YAML, or a suite's name",
     &ValidateOptions::suite, "SUITE", 0, 0, Option<ValidateOptions>::Kind::kRequired},
    {"", "--result-format", "BOOLEAN_ONLY, BASIC, SUMMARY or COMPLETE",
     &ValidateOptions::result_format, "FORMAT"},
    {"", "--partial-unexpected-count", "Unexpected values that are listed below COMPLETE",
     &ValidateOptions::partial_unexpected_count, "N", 0, quality::kPartialUnexpectedMax},
    {"", "--index-column", "A column that names an unexpected row instead of its position",
     &ValidateOptions::index_columns, "COLUMN"},
    {"", "--parameter", "A value for {\"$PARAMETER\": NAME} in the suite, as JSON or text",
     &ValidateOptions::parameters, "NAME=VALUE"},
    {"", "--missing", "A text of CSV files that stands for a missing value, as NA; repeatable",
     &ValidateOptions::missing, "TEXT"},
    {"", "--text",
     "A column of CSV files to take as it is written, not as what it looks like; repeatable",
     &ValidateOptions::text, "COLUMN"},
    {"", "--table", "A table that the suite may read beside the one that is judged",
     &ValidateOptions::tables, "NAME=DATA"},
    {"", "--query", "What to judge of a database: one SELECT", &ValidateOptions::query, "SQL"},
    {"", "--memory-mb", "Memory to work in; what does not fit goes to the disk",
     &ValidateOptions::memory_mb, "MB", kMemoryMbMin, kMemoryMbMax},
    {"", "--time-limit-s",
     "How long one query of a suite with SQL of its own may take; 0 for as long as it takes",
     &ValidateOptions::time_limit_s, "S", 0, kTimeLimitSecondsMax},
    {"", "--report", "Write the report for people to this HTML file", &ValidateOptions::report,
     "FILE"},
    {"", "--profile", "Write a profile of the same rows: .html for people, .json for programs",
     &ValidateOptions::profile, "FILE"},
    {"", "--reference", "Save the same rows as a reference that drift compares others with",
     &ValidateOptions::reference, "FILE"},
};

std::string DescribeExpectation(const Json& config) {
  std::string text = config.GetString("type");
  const Json* kwargs = config.Find("kwargs");
  if (kwargs == nullptr || !kwargs->is_object()) return text;
  for (const auto& [key, value] : kwargs->AsObject()) {
    if (key == "batch_id" || value.is_null()) continue;
    const std::string shown = value.is_string() ? value.AsString() : value.Dump();
    text += fmt::format(" {}={}", key, shown.size() > 40 ? shown.substr(0, 37) + "..." : shown);
  }
  return text;
}

// What a terminal has room for of a text that may be long.
std::string OneLine(std::string text, size_t characters_max) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return quality::Clip(text, characters_max);
}

void PrintFailures(Console& console, const Json& result) {
  for (const Json& one : result.At("results").AsArray()) {
    if (one.GetBool("success")) continue;
    console.Line("  ✗ " + DescribeExpectation(one.At("expectation_config")));
    if (const Json* info = one.Find("exception_info");
        info != nullptr && info->GetBool("raised_exception")) {
      console.Line("      could not be judged: " +
                   OneLine(info->GetString("exception_message"), kShownReasonMax));
      continue;
    }
    const Json* details = one.Find("result");
    if (details == nullptr) continue;
    if (const Json* count = details->Find("unexpected_count"); count != nullptr)
      console.Line(fmt::format("      {} unexpected of {}", FormatCount(count->AsInt()),
                               FormatCount(details->GetInt("element_count"))));
    if (const Json* observed = details->Find("observed_value"); observed != nullptr)
      console.Line("      observed " + OneLine(observed->Dump(), kShownRowMax));
    const Json* rows = one.Find("unexpected_rows");
    if (rows == nullptr || !rows->is_array()) continue;
    size_t shown = 0;
    for (const Json& row : rows->AsArray()) {
      if (++shown > kShownRowsMax) break;
      console.Line("      " + OneLine(row.Dump(), kShownRowMax));
    }
  }
}

int FinishValidation(Console& console, Progress& progress, const Json& result) {
  const Json& statistics = result.At("statistics");
  const int64_t evaluated = statistics.GetInt("evaluated_expectations");
  const int64_t failed = statistics.GetInt("unsuccessful_expectations");
  progress.Finish(fmt::format("{} of {} expectations met", evaluated - failed, evaluated));
  console.Answer(result);
  PrintFailures(console, result);
  if (evaluated == 0) console.Line("The suite expects nothing");
  return result.GetBool("success") ? 0 : 3;
}

// NAME=VALUE, a value that is no JSON being text.
Json ParseParameters(const std::vector<std::string>& texts) {
  Json parameters = Json::MakeObject();
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
      throw InvalidArgument("--parameter takes NAME=VALUE, not: {}", text);
    }
    const std::string value = text.substr(equals + 1);
    Json parsed(value);
    try {
      parsed = ParseJson(value);
    } catch (const Error&) {  // it is text
    }
    parameters.Set(text.substr(0, equals), std::move(parsed));
  }
  return parameters;
}

// What else was asked for of rows that were judged.
void DescribeRows(const ValidateOptions& options, JudgedData& data) {
  if (!options.profile.empty()) {
    quality::ProfileOptions how;
    how.progress = [&](double share, std::string_view note) { data.watch->Tell(share, note); };
    quality::TableProfile profile = quality::ProfileWholeTable(*data.session, data.table, how);
    profile.name = std::filesystem::path(options.data).filename().string();
    WriteFileDurably(options.profile, options.profile.ends_with(".html")
                                          ? quality::RenderProfile(profile, profile.name)
                                          : profile.ToJson().Dump() + "\n");
  }
  if (!options.reference.empty()) {
    data.watch->Tell(0, "reference");
    const drift::Reference reference = drift::MakeReference(*data.session, data.table);
    WriteFileDurably(options.reference, reference.ToJson().Dump() + "\n");
  }
}

// Whether a suite brings SQL, which may take any time.
bool HasSql(const quality::Suite& suite) {
  return std::any_of(suite.expectations.begin(), suite.expectations.end(),
                     [](const quality::Expectation& one) {
                       return one.kwargs.Has("sql") || one.kwargs.Has("unexpected_rows_query");
                     });
}

int ValidateHere(const ValidateOptions& options, Console& console, Progress& progress) {
  if (!options.query.empty() && !quality::IsDatabaseUri(options.data))
    throw InvalidArgument("--query is for a database; {} is none", options.data);
  const auto suite = quality::ReadSuiteFile(options.suite);
  quality::ValidationOptions how;
  how.format = quality::ParseResultFormat(options.result_format);
  how.partial_unexpected_count = options.partial_unexpected_count;
  how.index_columns = options.index_columns;
  how.parameters = ParseParameters(options.parameters);
  const auto data =
      OpenJudgedData({.data = options.data,
                      .query = options.query,
                      .tables = options.tables,
                      .memory_mb = options.memory_mb,
                      .reading = {options.text, options.missing},
                      .time_limit_ms = HasSql(suite) ? options.time_limit_s * int64_t{1000} : 0},
                     progress);
  const auto result = Judge(*data, suite, how);
  if (!options.report.empty()) WriteFileDurably(options.report, quality::RenderReport(result));
  DescribeRows(options, *data);
  return FinishValidation(console, progress, result.ToJson());
}

// Sends a suite file to the server under the name that it states; returns the name.
std::string RegisterSuite(Client& client, const std::string& suite) {
  const bool is_file =
      suite.ends_with(".json") || suite.ends_with(".yaml") || suite.ends_with(".yml");
  if (!is_file) return suite;
  const quality::Suite parsed = quality::ReadSuiteFile(suite);
  const std::string name =
      parsed.name.empty() ? std::filesystem::path(suite).stem().string() : parsed.name;
  client.Post("/api/v1/suites", Json::Of({{"name", name}, {"suite", parsed.ToJson()}}));
  return name;
}

int ValidateDataset(const ValidateOptions& options, const std::string& dataset, Console& console,
                    Progress& progress) {
  if (!options.profile.empty() || !options.reference.empty()) {
    throw InvalidArgument("--profile and --reference are for files; the server profiles {} itself",
                          dataset);
  }
  if (!options.tables.empty() || !options.query.empty() || !options.missing.empty() ||
      !options.text.empty()) {
    throw InvalidArgument(
        "--table, --query, --missing and --text are for data that is read here; {} is the server's",
        dataset);
  }
  const Reference reference = ParseReference(dataset);
  Json columns = Json::MakeArray();
  for (const std::string& name : options.index_columns) columns.Append(name);
  Json body = Json::Of({{"suite", RegisterSuite(console.client(), options.suite)},
                        {"dataset", reference.name},
                        {"result_format", options.result_format},
                        {"partial_unexpected_count", options.partial_unexpected_count},
                        {"index_columns", std::move(columns)},
                        {"suite_parameters", ParseParameters(options.parameters)}});
  if (!reference.version.empty()) body.Set("version", ParseJson(reference.version));
  const Json result = console.client().Post("/api/v1/validations", body);
  const std::string report = fmt::format("/api/v1/validations/{}/report", result.GetString("id"));
  if (!options.report.empty()) WriteFileDurably(options.report, console.client().GetText(report));
  const int status = FinishValidation(console, progress, result);
  console.Hint("report: " + console.client().uri() + report);
  return status;
}

int Validate(const ValidateOptions& options, Console& console) {
  if (options.data.empty() == options.dataset.empty())
    throw InvalidArgument("Give either DATA or --dataset");
  if (!options.dataset.empty()) {
    auto progress = console.StartProgress("validate " + options.dataset);
    return ValidateDataset(options, options.dataset, console, *progress) == 0 ? 0 : kHold;
  }
  // The name of a file that is not here is not asked for at a server.
  const bool is_file_name =
      options.data.find('/') != std::string::npos ||
      (analytics::IsDataFile(options.data) && options.data.find('@') == std::string::npos);
  if (is_file_name && !IsLocalData(options.data)) throw NotFound("Data file", options.data);
  auto progress = console.StartProgress("validate " + options.data);
  return IsLocalData(options.data) ? ValidateHere(options, console, *progress)
                                   : ValidateDataset(options, options.data, console, *progress);
}

struct SuiteOptions {
  std::string file;
};
constexpr Option<SuiteOptions> kSuiteOptions[] = {
    {"", "FILE", "A suite, Great Expectations' JSON or YAML", &SuiteOptions::file, "", 0, 0,
     Option<SuiteOptions>::Kind::kRequired},
};

int AddSuite(const SuiteOptions& options, Console& console) {
  const std::string name = RegisterSuite(console.client(), options.file);
  console.Answer(Json::Of({{"suite", name}}));
  console.Line("Suite " + name + " is stored");
  return 0;
}

int ListValidations(const LimitOptions& options, Console& console) {
  const Json result =
      console.client().Get("/api/v1/validations", {{"limit", std::to_string(options.limit)}});
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : result.At("validations").AsArray())
    rows.push_back({one.GetString("id"), one.GetString("suite"),
                    fmt::format("{}@{}", one.GetString("dataset"), one.GetInt("version")),
                    one.GetBool("success") ? "passed" : "failed",
                    fmt::format("{}/{}", one.GetInt("evaluated") - one.GetInt("unsuccessful"),
                                one.GetInt("evaluated"))});
  console.PrintTable({"ID", "SUITE", "DATASET", "RESULT", "MET"}, rows);
  return 0;
}

}  // namespace

void AddQualityCommands(Commands& commands) {
  commands.push_back(MakeCommand("quality validate",
                                 "Check a file or a dataset against a suite; exit 3 if it fails",
                                 kValidateOptions, Validate));
  commands.push_back(
      MakeCommand("quality suite", "Store a suite under its name", kSuiteOptions, AddSuite));
  commands.push_back(
      MakeCommand("quality list", "List validations", kLimitOptions, ListValidations));
}

}  // namespace millwright::cli

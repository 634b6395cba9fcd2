#include "cli/prediction_logs.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "fetch/client.h"

namespace millwright::cli {
namespace {

using Align = Column::Align;

std::string LogPath(const std::string& name) {
  return "/api/v1/prediction-logs/" + fetch::PercentEncode(name);
}

struct ListOptions {
  bool elsewhere = false;
};
constexpr Option<ListOptions> kListOptions[] = {
    {"", "--served-elsewhere", "Only those of models that are not served here",
     &ListOptions::elsewhere},
};

int ListLogs(const ListOptions& options, Console& console) {
  const Json result = console.client().Get("/api/v1/prediction-logs");
  console.Answer(result);
  std::vector<std::vector<std::string>> rows;
  for (const Json& log : result.At("logs").AsArray()) {
    if (options.elsewhere && log.At("served").AsBool()) continue;
    rows.push_back({log.GetString("name"), FormatCount(log.GetInt("predictions")),
                    FormatCount(log.GetInt("outcomes")),
                    log.At("served").AsBool() ? "here" : "elsewhere"});
  }
  console.PrintTable({"LOG", {"PREDICTIONS", Align::kRight}, {"OUTCOMES", Align::kRight}, "SERVED"},
                     rows);
  return 0;
}

struct PushOptions {
  std::string name, file, id_column, time_column, event_time_column, version_column, latency_column,
      outcome_column;
  std::vector<std::string> outputs;
};
constexpr Option<PushOptions> kPushOptions[] = {
    {"", "LOG", "The log's name: an endpoint's, or a new one", &PushOptions::name, "", 0, 0,
     Option<PushOptions>::Kind::kRequired},
    {"", "FILE", "A Parquet, CSV or JSON lines file of predictions", &PushOptions::file, "", 0, 0,
     Option<PushOptions>::Kind::kRequired},
    {"", "--id-column", "The prediction's id; id if not given", &PushOptions::id_column, "COLUMN"},
    {"", "--time-column", "When it was asked; time_ms if not given", &PushOptions::time_column,
     "COLUMN"},
    {"", "--event-time-column", "When it happened, if that is another time",
     &PushOptions::event_time_column, "COLUMN"},
    {"", "--version-column", "The model's version; model_version if not given",
     &PushOptions::version_column, "COLUMN"},
    {"", "--latency-column", "Microseconds it took; latency_us if not given",
     &PushOptions::latency_column, "COLUMN"},
    {"", "--outcome-column", "What really happened, where it is known; outcome if not given",
     &PushOptions::outcome_column, "COLUMN"},
    {"", "--output", "A column that the model answered; repeatable. What is left over was asked",
     &PushOptions::outputs, "COLUMN"},
};

int PushPredictions(const PushOptions& options, Console& console) {
  auto progress = console.StartProgress("push predictions");
  Query query = {{"filename", std::filesystem::path(options.file).filename().string()}};
  for (const auto& [name, column] : {std::pair("id_column", options.id_column),
                                     {"time_column", options.time_column},
                                     {"event_time_column", options.event_time_column},
                                     {"version_column", options.version_column},
                                     {"latency_column", options.latency_column},
                                     {"outcome_column", options.outcome_column}})
    if (!column.empty()) query.emplace_back(name, column);
  for (const std::string& output : options.outputs) query.emplace_back("output", output);
  progress->Update(0, "sending");
  const Json result = console.client().Upload(LogPath(options.name), options.file, query);
  progress->Finish(fmt::format("{} predictions, {} outcomes",
                               FormatCount(result.GetInt("predictions")),
                               FormatCount(result.GetInt("outcomes"))));
  console.Answer(result);
  if (const int64_t known = result.GetInt("known"); known > 0)
    console.Line(fmt::format("{} were in the log already", FormatCount(known)));
  if (const int64_t refused = result.GetInt("refused"); refused > 0)
    console.Line(
        fmt::format("{} were refused. {}", FormatCount(refused), result.GetString("refusal")));
  return 0;
}

struct SliceOptions {
  std::string name, from, to, where;
};
constexpr Option<SliceOptions> kSliceOptions[] = {
    {"", "LOG", "The endpoint's or log's name", &SliceOptions::name, "", 0, 0,
     Option<SliceOptions>::Kind::kRequired},
    {"", "--from", "What happened from this time on (2026-03-01 or 2026-03-01T14:00Z)",
     &SliceOptions::from, "TIME"},
    {"", "--to", "What happened before this time", &SliceOptions::to, "TIME"},
    {"", "--where", "A condition in SQL, such as \"input_carrier = 'UA'\"", &SliceOptions::where,
     "SQL"},
};

Query SliceQuery(const std::string& from, const std::string& to, const std::string& where) {
  Query query;
  if (!from.empty()) query.emplace_back("from_ms", std::to_string(ParseTime(from)));
  if (!to.empty()) query.emplace_back("to_ms", std::to_string(ParseTime(to)));
  if (!where.empty()) query.emplace_back("where", where);
  return query;
}

std::string Figure(const Json& json, std::string_view key) {
  const Json* value = json.Find(key);
  return value == nullptr || value->is_null() ? "-" : fmt::format("{:.4g}", value->AsDouble());
}

std::string TopOf(const Json& column) {
  std::string text;
  for (const Json& one : column.At("top").AsArray()) {
    if (text.size() > 60) break;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", one.GetString("value"),
                        FormatCount(one.GetInt("count")));
  }
  return text;
}

void AddColumnRow(std::string_view part, const Json& column,
                  std::vector<std::vector<std::string>>* rows) {
  const bool is_number = column.GetString("type") == "number";
  rows->push_back(
      {std::string(part), column.GetString("name"), FormatCount(column.GetInt("missing")),
       (column.GetBool("distinct_approximate") ? "about " : "") +
           FormatCount(column.GetInt("distinct")),
       is_number ? fmt::format("{} … {}{} … {}, mean {}", Figure(column, "min"),
                               column.GetBool("p50_approximate") ? "about " : "",
                               Figure(column, "p50"), Figure(column, "max"), Figure(column, "mean"))
                 : (column.GetBool("top_approximate") ? "about " : "") + TopOf(column)});
}

int Summarize(const SliceOptions& options, Console& console) {
  const Json result = console.client().Get(LogPath(options.name) + "/summary",
                                           SliceQuery(options.from, options.to, options.where));
  console.Answer(result);
  const int64_t count = result.GetInt("predictions");
  console.Line(
      fmt::format("{} predictions, {} of them failed{}", FormatCount(count),
                  FormatCount(result.GetInt("errors")),
                  count == 0 ? ""
                             : fmt::format(", from {} to {}", FormatTime(result.GetInt("first_ms")),
                                           FormatTime(result.GetInt("last_ms")))));
  if (count == 0) return 0;
  if (!result.At("latency_p50_ms").is_null())
    console.Line(fmt::format("took {}{} ms at the median, {} ms at p99",
                             result.GetBool("latency_approximate") ? "about " : "",
                             Figure(result, "latency_p50_ms"), Figure(result, "latency_p99_ms")));
  std::string versions;
  for (const Json& version : result.At("versions").AsArray())
    versions += fmt::format("{}{} ({})", versions.empty() ? "" : ", ", version.GetString("value"),
                            FormatCount(version.GetInt("count")));
  if (!versions.starts_with(" (")) console.Line("by version " + versions);
  console.Line(fmt::format(
      "{} outcomes are known ({:.1f} %), {} are missing; feedback on {}",
      FormatCount(result.GetInt("outcomes")), 100 * result.At("coverage").AsDouble(),
      FormatCount(result.GetInt("outcomes_missing")), FormatCount(result.GetInt("feedback"))));
  std::vector<std::vector<std::string>> rows;
  for (const Json& column : result.At("inputs").AsArray()) AddColumnRow("input", column, &rows);
  for (const Json& column : result.At("outputs").AsArray()) AddColumnRow("output", column, &rows);
  if (const Json* outcome = result.Find("outcome")) AddColumnRow("outcome", *outcome, &rows);
  console.PrintTable({"",
                      "COLUMN",
                      {"MISSING", Align::kRight},
                      {"DISTINCT", Align::kRight},
                      {"VALUES", Align::kSentence}},
                     rows);
  return 0;
}

struct ExportOptions {
  std::string name, file, from, to, where;
};
constexpr Option<ExportOptions> kExportOptions[] = {
    {"", "LOG", "The endpoint's or log's name", &ExportOptions::name, "", 0, 0,
     Option<ExportOptions>::Kind::kRequired},
    {"", "FILE", "Where to: .parquet, .csv or .jsonl", &ExportOptions::file, "", 0, 0,
     Option<ExportOptions>::Kind::kRequired},
    {"", "--from", "What happened from this time on (2026-03-01 or 2026-03-01T14:00Z)",
     &ExportOptions::from, "TIME"},
    {"", "--to", "What happened before this time", &ExportOptions::to, "TIME"},
    {"", "--where", "A condition in SQL, such as \"input_carrier = 'UA'\"", &ExportOptions::where,
     "SQL"},
};

int Export(const ExportOptions& options, Console& console) {
  const auto file = std::filesystem::absolute(options.file);
  const std::string extension = file.extension();
  Query query = SliceQuery(options.from, options.to, options.where);
  query.emplace_back("format", extension.empty() ? "" : extension.substr(1));
  std::string path = LogPath(options.name) + "/file";
  for (const auto& [name, value] : query)
    path += fmt::format("{}{}={}", path.ends_with("/file") ? "?" : "&", name,
                        fetch::PercentEncode(value));
  auto progress = console.StartProgress("export predictions");
  uint64_t bytes = 0;
  console.client().Download(path, file, [&](uint64_t received) {
    bytes = received;
    progress->Update(0, FormatBytes(received));
  });
  progress->Finish(fmt::format("{} in {}", FormatBytes(bytes), options.file));
  console.Answer(Json::Of({{"file", options.file}, {"bytes", static_cast<int64_t>(bytes)}}));
  return 0;
}

}  // namespace

void AddPredictionLogCommands(Commands& commands) {
  commands.push_back(
      MakeCommand("predictions logs", "List the logs of predictions", kListOptions, ListLogs));
  commands.push_back(MakeCommand("predictions push",
                                 "Add predictions that another server made to a log", kPushOptions,
                                 PushPredictions));
  commands.push_back(MakeCommand("predictions summary",
                                 "Answer the five questions about a slice of a log", kSliceOptions,
                                 Summarize));
  commands.push_back(MakeCommand("predictions export", "Write a slice of a log into a file",
                                 kExportOptions, Export));
}

}  // namespace millwright::cli

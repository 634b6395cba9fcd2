// How right a logged model was, where it was worst, and its mistakes as a dataset.
#include <fmt/format.h>

#include <filesystem>

#include "analytics/session.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "monitoring/prediction_reader.h"

namespace millwright::cli {
namespace {

using Align = Column::Align;

constexpr size_t kSlicesShown = 12;

// What both commands are told of the log and of what its answers mean.
struct LogOptions {
  std::string name, from, to, where, output = "probability", positive = "true", dataset;
  double threshold = 0.5;
  std::vector<std::string> by;
  double false_positive = 1, false_negative = 1, true_positive = 0, true_negative = 0;
  int64_t rows_min = 50;
  std::string kind = "both";
};
constexpr double kCostMax = 1e15;
constexpr Option<LogOptions> kPerformanceOptions[] = {
    {"", "LOG", "The endpoint's or log's name", &LogOptions::name, "", 0, 0,
     Option<LogOptions>::Kind::kRequired},
    {"", "--from", "What happened from this time on", &LogOptions::from, "TIME"},
    {"", "--to", "What happened before this time", &LogOptions::to, "TIME"},
    {"", "--where", "A condition in SQL, such as \"input_carrier = 'UA'\"", &LogOptions::where,
     "SQL"},
    {"", "--output", "The output that holds the probability", &LogOptions::output, "OUTPUT"},
    {"", "--threshold", "From where on it says yes", &LogOptions::threshold, "P", 0, 1},
    {"", "--positive", "Outcomes that are texts: which is yes", &LogOptions::positive, "TEXT"},
    {"", "--by", "Cut by this input; all of them if not given; repeatable", &LogOptions::by,
     "INPUT"},
    {"", "--rows-min", "Judge no slice with fewer known outcomes", &LogOptions::rows_min, "N", 2,
     1e9},
    {"", "--cost-false-positive", "What one costs", &LogOptions::false_positive, "COST", -kCostMax,
     kCostMax},
    {"", "--cost-false-negative", "What one costs", &LogOptions::false_negative, "COST", -kCostMax,
     kCostMax},
    {"", "--cost-true-positive", "What one costs; negative for a gain", &LogOptions::true_positive,
     "COST", -kCostMax, kCostMax},
    {"", "--cost-true-negative", "What one costs; negative for a gain", &LogOptions::true_negative,
     "COST", -kCostMax, kCostMax},
};

Query SliceOf(const LogOptions& options) {
  Query query;
  if (!options.from.empty()) query.emplace_back("from_ms", std::to_string(ParseTime(options.from)));
  if (!options.to.empty()) query.emplace_back("to_ms", std::to_string(ParseTime(options.to)));
  if (!options.where.empty()) query.emplace_back("where", options.where);
  return query;
}

std::string LogPath(const LogOptions& options, std::string_view rest) {
  return "/api/v1/prediction-logs/" + fetch::PercentEncode(options.name) + std::string(rest);
}

std::string Percent(const Json& figures, std::string_view key) {
  const Json& value = figures.At(key);
  return value.is_null() ? "-" : fmt::format("{:.1f} %", 100 * value.AsDouble());
}

int Performance(const LogOptions& options, Console& console) {
  Query query = SliceOf(options);
  query.emplace_back("output", options.output);
  query.emplace_back("positive", options.positive);
  std::string by;
  for (const std::string& input : options.by) by += (by.empty() ? "" : ",") + input;
  if (!by.empty()) query.emplace_back("by", by);
  const auto number = [&](const char* name, double value) {
    query.emplace_back(name, Json(value).Dump());
  };
  number("threshold", options.threshold);
  number("false_positive", options.false_positive);
  number("false_negative", options.false_negative);
  number("true_positive", options.true_positive);
  number("true_negative", options.true_negative);
  query.emplace_back("rows_min", std::to_string(options.rows_min));
  const Json result = console.client().Get(LogPath(options, "/performance"), query);
  console.Answer(result);
  const Json& all = result.At("all");
  if (all.GetInt("rows") == 0) {
    console.Line("No outcome is known yet");
    return 0;
  }
  console.Line(
      fmt::format("{} predictions whose outcome is known: {} wrong ({} false positives, {} false "
                  "negatives), cost "
                  "{:.6g}",
                  FormatCount(all.GetInt("rows")), Percent(all, "error_rate"),
                  FormatCount(all.GetInt("false_positives")),
                  FormatCount(all.GetInt("false_negatives")), all.At("cost").AsDouble()));
  std::vector<std::vector<std::string>> rows;
  for (const Json& slice : result.At("slices").AsArray()) {
    const Json& figures = slice.At("figures");
    if (rows.size() == kSlicesShown) break;
    if (figures.GetInt("rows") < options.rows_min) continue;
    rows.push_back({slice.GetString("input"), slice.GetString("value"),
                    FormatCount(figures.GetInt("rows")), Percent(figures, "error_rate"),
                    Percent(figures, "selection_rate"), Percent(figures, "true_positive_rate"),
                    Percent(figures, "false_positive_rate"),
                    fmt::format("{:.4g}", figures.At("cost_per_row").AsDouble()),
                    slice.GetBool("worse") ? "worse" : ""});
  }
  console.PrintTable({"INPUT",
                      "SLICE",
                      {"ROWS", Align::kRight},
                      {"WRONG", Align::kRight},
                      {"SAID YES", Align::kRight},
                      {"TPR", Align::kRight},
                      {"FPR", Align::kRight},
                      {"COST", Align::kRight},
                      ""},
                     rows);
  rows.clear();
  for (const Json& one : result.At("disparities").AsArray())
    rows.push_back({one.GetString("input"), std::to_string(one.GetInt("groups")),
                    Percent(one, "selection_rate"), Percent(one, "true_positive_rate"),
                    Percent(one, "false_positive_rate")});
  console.PrintTable({"GROUPS BY",
                      {"GROUPS", Align::kRight},
                      {"SAID YES APART", Align::kRight},
                      {"TPR APART", Align::kRight},
                      {"FPR APART", Align::kRight}},
                     rows);
  return 0;
}

constexpr Option<LogOptions> kMistakeOptions[] = {
    {"", "LOG", "The endpoint's or log's name", &LogOptions::name, "", 0, 0,
     Option<LogOptions>::Kind::kRequired},
    {"", "DATASET", "The dataset that gets them as its next version", &LogOptions::dataset, "", 0,
     0, Option<LogOptions>::Kind::kRequired},
    {"", "--kind", "false_positive, false_negative or both", &LogOptions::kind, "KIND"},
    {"", "--from", "What happened from this time on", &LogOptions::from, "TIME"},
    {"", "--to", "What happened before this time", &LogOptions::to, "TIME"},
    {"", "--where", "A condition in SQL", &LogOptions::where, "SQL"},
    {"", "--output", "The output that holds the probability", &LogOptions::output, "OUTPUT"},
    {"", "--threshold", "From where on it says yes", &LogOptions::threshold, "P", 0, 1},
    {"", "--positive", "Outcomes that are texts: which is yes", &LogOptions::positive, "TEXT"},
};

int Mistakes(const LogOptions& options, Console& console) {
  const bool positives = options.kind != "false_negative";
  const bool negatives = options.kind != "false_positive";
  if (positives && negatives && options.kind != "both")
    throw InvalidArgument("It is false_positive, false_negative or both: {}", options.kind)
        .WithField("--kind");
  const std::string actual = monitoring::ActualSql({.probability_output = options.output,
                                                    .threshold = options.threshold,
                                                    .positive_label = options.positive});
  const std::string said = analytics::QuoteName(monitoring::kOutputPrefix + options.output) +
                           " >= " + Json(options.threshold).Dump();
  std::string where;
  if (positives) where = fmt::format("(({}) AND {} = 0)", said, actual);
  if (negatives)
    where += fmt::format("{}(NOT ({}) AND {} = 1)", where.empty() ? "" : " OR ", said, actual);
  LogOptions wanted = options;
  wanted.where = options.where.empty() ? where : fmt::format("({}) AND ({})", options.where, where);
  Query query = SliceOf(wanted);
  query.emplace_back("format", "parquet");
  std::string path = LogPath(options, "/file");
  for (const auto& [name, value] : query)
    path += fmt::format("{}{}={}", path.ends_with("/file") ? "?" : "&", name,
                        fetch::PercentEncode(value));
  const TempDir folder;
  const auto file = folder.path() / "mistakes.parquet";
  console.client().Download(path, file);
  const Json result = console.client().Upload(
      "/api/v1/datasets/" + fetch::PercentEncode(options.dataset) + "/upload", file,
      {{"filename", "mistakes.parquet"}});
  console.Answer(result);
  const Json& version = result.At("version");
  console.Line(fmt::format("{}@{} holds {} mistakes of {}", options.dataset,
                           version.GetInt("version"), FormatCount(version.GetInt("row_count")),
                           options.name));
  console.Hint("next: millwright data fetch " + options.dataset + " mistakes.csv");
  return 0;
}

}  // namespace

void AddLogPerformanceCommands(Commands& commands) {
  commands.push_back(MakeCommand("predictions performance",
                                 "Say how right answers were, where worst, and what errors cost",
                                 kPerformanceOptions, Performance));
  commands.push_back(MakeCommand("predictions mistakes",
                                 "Collect false positives and negatives as a dataset",
                                 kMistakeOptions, Mistakes));
}

}  // namespace millwright::cli

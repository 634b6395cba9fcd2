// How right a logged model was, where it was worst, and its mistakes as a dataset.
#include <fmt/format.h>

#include "base/clock.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/progress.h"

namespace millwright::cli {
namespace {

using Align = Column::Align;

constexpr size_t kSlicesShown = 12;

// What both commands are told of the log and of what its answers mean.
struct LogOptions {
  std::string name, from, to, where, output = "probability", positive = "true", task, dataset;
  double threshold = 0.5;
  std::vector<std::string> by;
  double false_positive = 1, false_negative = 1, true_positive = 0, true_negative = 0;
  double over = 1, under = 1, beyond = 0;
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
    {"", "--output", "The output that holds the probability, or the number of a regression",
     &LogOptions::output, "OUTPUT"},
    {"", "--task", "binary or regression; found out from the answers if not given",
     &LogOptions::task, "TASK"},
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
    {"", "--cost-over", "Of a regression: what each unit too much costs", &LogOptions::over, "COST",
     -kCostMax, kCostMax},
    {"", "--cost-under", "Of a regression: what each unit too little costs", &LogOptions::under,
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

// How answers are held against what happened.
Query JudgementOf(const LogOptions& options) {
  Query query = SliceOf(options);
  query.emplace_back("output", options.output);
  query.emplace_back("positive", options.positive);
  if (!options.task.empty()) query.emplace_back("task", options.task);
  query.emplace_back("threshold", Json(options.threshold).Dump());
  return query;
}

std::string Figure(const Json& figures, std::string_view key) {
  const Json& value = figures.At(key);
  return value.is_null() ? "-" : fmt::format("{:.4g}", value.AsDouble());
}

void PrintSlices(const LogOptions& options, const Json& result, bool is_regression,
                 Console& console) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& slice : result.At("slices").AsArray()) {
    const Json& figures = slice.At("figures");
    if (rows.size() == kSlicesShown) break;
    if (figures.GetInt("rows") < options.rows_min) continue;
    std::vector<std::string>& row = rows.emplace_back();
    row = {slice.GetString("input"), slice.GetString("value"), FormatCount(figures.GetInt("rows"))};
    if (is_regression) {
      for (const char* key : {"mae", "rmse", "bias", "mean_predicted"})
        row.push_back(Figure(figures, key));
    } else {
      for (const char* key :
           {"error_rate", "selection_rate", "true_positive_rate", "false_positive_rate"})
        row.push_back(Percent(figures, key));
    }
    row.push_back(Figure(figures, "cost_per_row"));
    row.emplace_back(slice.GetBool("worse") ? "worse" : "");
  }
  const auto right = [](const char* name) { return Column(name, Align::kRight); };
  const std::vector<Column> columns =
      is_regression ? std::vector<Column>{"INPUT",         "SLICE",       right("ROWS"),
                                          right("MAE"),    right("RMSE"), right("BIAS"),
                                          right("ANSWER"), right("COST"), ""}
                    : std::vector<Column>{"INPUT",        "SLICE",           right("ROWS"),
                                          right("WRONG"), right("SAID YES"), right("TPR"),
                                          right("FPR"),   right("COST"),     ""};
  console.PrintTable(columns, rows);
}

void PrintGaps(const Json& result, bool is_regression, Console& console) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : result.At("disparities").AsArray()) {
    std::vector<std::string>& row = rows.emplace_back();
    row = {one.GetString("input"), std::to_string(one.GetInt("groups"))};
    if (is_regression) {
      for (const char* key : {"mae", "bias"}) row.push_back(Figure(one, key));
    } else {
      for (const char* key : {"selection_rate", "true_positive_rate", "false_positive_rate"})
        row.push_back(Percent(one, key));
    }
  }
  const auto right = [](const char* name) { return Column(name, Align::kRight); };
  const std::vector<Column> columns =
      is_regression ? std::vector<Column>{"GROUPS BY", right("GROUPS"), right("MAE APART"),
                                          right("BIAS APART")}
                    : std::vector<Column>{"GROUPS BY", right("GROUPS"), right("SAID YES APART"),
                                          right("TPR APART"), right("FPR APART")};
  console.PrintTable(columns, rows);
}

int Performance(const LogOptions& options, Console& console) {
  Query query = JudgementOf(options);
  std::string by;
  for (const std::string& input : options.by) by += (by.empty() ? "" : ",") + input;
  if (!by.empty()) query.emplace_back("by", by);
  const auto number = [&](const char* name, double value) {
    query.emplace_back(name, Json(value).Dump());
  };
  number("false_positive", options.false_positive);
  number("false_negative", options.false_negative);
  number("true_positive", options.true_positive);
  number("true_negative", options.true_negative);
  number("over", options.over);
  number("under", options.under);
  query.emplace_back("rows_min", std::to_string(options.rows_min));
  const Json result = console.client().Get(LogPath(options, "/performance"), query);
  console.Answer(result);
  const Json& all = result.At("all");
  if (all.GetInt("rows") == 0) {
    console.Line("No outcome is known yet");
    return 0;
  }
  const bool is_regression = result.GetString("task") == "regression";
  const std::string known = FormatCount(all.GetInt("rows")) + " predictions whose outcome is known";
  if (is_regression) {
    console.Line(fmt::format("{}: MAE {}, RMSE {}, bias {}, cost {:.6g}", known, Figure(all, "mae"),
                             Figure(all, "rmse"), Figure(all, "bias"), all.At("cost").AsDouble()));
  } else {
    console.Line(
        fmt::format("{}: {} wrong ({} false positives, {} false negatives), cost {:.6g}", known,
                    Percent(all, "error_rate"), FormatCount(all.GetInt("false_positives")),
                    FormatCount(all.GetInt("false_negatives")), all.At("cost").AsDouble()));
  }
  PrintSlices(options, result, is_regression, console);
  PrintGaps(result, is_regression, console);
  return 0;
}

constexpr Option<LogOptions> kMistakeOptions[] = {
    {"", "LOG", "The endpoint's or log's name", &LogOptions::name, "", 0, 0,
     Option<LogOptions>::Kind::kRequired},
    {"", "DATASET", "The dataset that gets them as its next version", &LogOptions::dataset, "", 0,
     0, Option<LogOptions>::Kind::kRequired},
    {"", "--kind", "false_positive or false_negative, too_high or too_low of a regression, or both",
     &LogOptions::kind, "KIND"},
    {"", "--beyond", "Of a regression: answers that are off by more than this", &LogOptions::beyond,
     "N", 0, kCostMax},
    {"", "--from", "What happened from this time on", &LogOptions::from, "TIME"},
    {"", "--to", "What happened before this time", &LogOptions::to, "TIME"},
    {"", "--where", "A condition in SQL", &LogOptions::where, "SQL"},
    {"", "--output", "The output that holds the probability, or the number of a regression",
     &LogOptions::output, "OUTPUT"},
    {"", "--task", "binary or regression; found out from the answers if not given",
     &LogOptions::task, "TASK"},
    {"", "--threshold", "From where on it says yes", &LogOptions::threshold, "P", 0, 1},
    {"", "--positive", "Outcomes that are texts: which is yes", &LogOptions::positive, "TEXT"},
};

int Mistakes(const LogOptions& options, Console& console) {
  Query query = JudgementOf(options);
  query.emplace_back("dataset", options.dataset);
  query.emplace_back("kind", options.kind);
  query.emplace_back("beyond", Json(options.beyond).Dump());
  std::string path = LogPath(options, "/mistakes");
  for (char separator = '?'; const auto& [name, value] : query) {
    path += separator + name + "=" + fetch::PercentEncode(value);
    separator = '&';
  }
  const Json result = console.client().Post(path, Json::MakeObject());
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

// Judging predictions in a data file by the truth beside them.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <filesystem>

#include "analytics/session.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/artifact_transfer.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/progress.h"
#include "cli/run_finder.h"
#include "metrics/evaluation.h"
#include "quality/evaluation_report.h"

namespace millwright::cli {
namespace {

constexpr size_t kShownSlices = 10;
constexpr const char* kReportName = "evaluation.html";
constexpr const char* kFiguresName = "evaluation.json";

struct EvaluateOptions {
  std::string data, truth, prediction, positive, task, average = "weighted", weight, query, report,
                                                       run, prefix;
  std::vector<std::string> probabilities, slices, requirements;
  double threshold = 0.5;
  int top = 10;
  int64_t slice_rows_min = 30;
};
constexpr Option<EvaluateOptions> kEvaluateOptions[] = {
    {"", "DATA", "A file with the truth and what was predicted: Parquet, CSV or JSON lines",
     &EvaluateOptions::data, "", 0, 0, Option<EvaluateOptions>::Kind::kRequired},
    {"", "--truth", "The column of what is true", &EvaluateOptions::truth, "COLUMN", 0, 0,
     Option<EvaluateOptions>::Kind::kRequired},
    {"", "--prediction", "The column of predicted classes, numbers, or scores of a ranking",
     &EvaluateOptions::prediction, "COLUMN"},
    {"", "--probability",
     "The column of the positive class's probability; repeat it for one column a class, named as "
     "the class or as it with a prefix",
     &EvaluateOptions::probabilities, "COLUMN"},
    {"", "--positive", "The class that the probability is of; the last one if not given",
     &EvaluateOptions::positive, "CLASS"},
    {"", "--task", "binary, multiclass, regression or ranking; found out if not given",
     &EvaluateOptions::task, "TASK"},
    {"", "--threshold", "The probability from which on the positive class is predicted",
     &EvaluateOptions::threshold, "P", 0, 1},
    {"", "--average", "How figures of several classes become one: weighted, macro or micro",
     &EvaluateOptions::average, "HOW"},
    {"", "--weight", "A column of the rows' weights", &EvaluateOptions::weight, "COLUMN"},
    {"", "--query", "A column that says which rows are ranked together", &EvaluateOptions::query,
     "COLUMN"},
    {"", "--top", "How many items of a ranking count", &EvaluateOptions::top, "K", 1, 10'000},
    {"", "--slice", "Judge the rows apart by a column's values or ranges; repeatable",
     &EvaluateOptions::slices, "COLUMN"},
    {"", "--slice-rows-min", "Leave out slices of fewer rows", &EvaluateOptions::slice_rows_min,
     "N", 1, 1e12},
    {"", "--require",
     "A bound such as \"roc_auc>=0.8\"; repeatable; exit 99 where one does not hold",
     &EvaluateOptions::requirements, "BOUND"},
    {"", "--report", "Write the report for people to this HTML file", &EvaluateOptions::report,
     "FILE"},
    {"", "--run", "Log the figures, and the report as an artifact, to this run",
     &EvaluateOptions::run, "RUN"},
    {"", "--prefix", "Put before the names of the figures that are logged",
     &EvaluateOptions::prefix, "TEXT"},
};

metrics::Average ParseAverage(const std::string& text) {
  if (text == "weighted") return metrics::Average::kWeighted;
  if (text == "macro") return metrics::Average::kMacro;
  if (text == "micro") return metrics::Average::kMicro;
  throw InvalidArgument("There is no average {}. There are weighted, macro and micro", text)
      .WithField("--average");
}

struct Requirement {
  std::string text;
  std::string figure;
  bool is_least = true;
  double bound = 0;
};

Requirement ParseRequirement(const std::string& text) {
  const size_t at = text.find_first_of("<>");
  if (at != std::string::npos && at > 0 && text.substr(at + 1).starts_with('=')) {
    const char* begin = text.data() + at + 2;
    const char* end = text.data() + text.size();
    double bound = 0;
    const auto parsed = std::from_chars(begin, end, bound);
    if (parsed.ec == std::errc() && parsed.ptr == end) {
      return {text, text.substr(0, at), text[at] == '>', bound};
    }
  }
  throw InvalidArgument("{} is no bound such as roc_auc>=0.8", text).WithField("--require");
}

metrics::EvaluationSpec SpecOf(const EvaluateOptions& options) {
  metrics::EvaluationSpec spec{.table_sql = analytics::ReadFileSql(options.data),
                               .truth = options.truth,
                               .prediction = options.prediction,
                               .probabilities = options.probabilities,
                               .positive = options.positive,
                               .threshold = options.threshold,
                               .average = ParseAverage(options.average),
                               .weight = options.weight,
                               .query = options.query,
                               .top = static_cast<size_t>(options.top),
                               .slices = options.slices,
                               .slice_rows_min = options.slice_rows_min};
  if (!options.task.empty()) spec.task = metrics::ParseTask(options.task);
  return spec;
}

// What does not hold, as a line for people.
std::vector<std::string> Broken(const std::vector<Requirement>& requirements,
                                const metrics::Evaluation& evaluation) {
  std::vector<std::string> broken;
  for (const Requirement& required : requirements) {
    const auto value = evaluation.Find(required.figure);
    const bool holds =
        value && (required.is_least ? *value >= required.bound : *value <= required.bound);
    if (holds) continue;
    broken.push_back(value ? fmt::format("{}: it is {:.6g}", required.text, *value)
                           : required.text + ": there is no such figure");
  }
  return broken;
}

void LogToRun(Client& client, const EvaluateOptions& options, const metrics::Evaluation& evaluation,
              const std::string& report) {
  const Json run = FindRun(client, options.run);
  const std::string run_id = run.At("info").GetString("run_id");
  const int64_t now_ms = SystemClock().NowMs();
  Json list = Json::MakeArray();
  for (const auto& figure : evaluation.figures) {
    list.Append(Json::Of({{"key", options.prefix + figure.name},
                          {"value", figure.value},
                          {"timestamp", now_ms},
                          {"step", 0}}));
  }
  client.MlflowPost("runs/log-batch", Json::Of({{"run_id", run_id}, {"metrics", list}}));
  const TempDir folder;
  const auto upload = [&](const char* name, const std::string& bytes) {
    WriteFileDurably(folder.path() / name, bytes);
    UploadArtifact(client, ArtifactFolder(client, run_id), name, folder.path() / name);
  };
  upload(kReportName, report);
  upload(kFiguresName, evaluation.ToJson().Dump());
}

// Counts without decimals.
std::string FigureText(double value) {
  const bool is_whole = value == std::floor(value) && std::abs(value) < 1e15;
  return is_whole ? FormatCount(static_cast<int64_t>(value)) : FormatMetric(value);
}

void PrintFigures(Console& console, const metrics::Evaluation& evaluation) {
  Rows rows;
  for (const auto& figure : evaluation.figures) {
    rows.push_back({figure.name, FigureText(figure.value)});
  }
  console.PrintTable({"METRIC", {"VALUE", Column::Align::kRight}}, rows);
  if (evaluation.confusion && evaluation.classes.size() <= kShownSlices) {
    std::vector<Column> columns = {"TRUE \\ PREDICTED"};
    for (const auto& name : evaluation.classes) {
      columns.emplace_back(name, Column::Align::kRight);
    }
    Rows matrix;
    for (size_t t = 0; t < evaluation.classes.size(); ++t) {
      auto& row = matrix.emplace_back(std::vector<std::string>{evaluation.classes[t]});
      for (size_t p = 0; p < evaluation.classes.size(); ++p) {
        row.push_back(FigureText(evaluation.confusion->At(t, p)));
      }
    }
    console.Line("");
    console.PrintTable(columns, matrix);
  }
}

void PrintSlices(Console& console, const metrics::Evaluation& evaluation) {
  if (evaluation.slices.empty()) return;
  Rows rows;
  for (const auto& slice : evaluation.slices) {
    if (rows.size() == kShownSlices) break;
    std::string value = "-";
    for (const auto& figure : slice.figures) {
      if (figure.name == evaluation.main_figure) value = FigureText(figure.value);
    }
    rows.push_back({slice.column, slice.value, FormatCount(slice.rows), value});
  }
  console.Line("");
  console.PrintTable({"SLICE",
                      "VALUE",
                      {"ROWS", Column::Align::kRight},
                      {evaluation.main_figure, Column::Align::kRight}},
                     rows);
  if (rows.size() < evaluation.slices.size()) {
    console.Line(fmt::format("{} more that are better: --json and --report have them",
                             evaluation.slices.size() - rows.size()));
  }
}

int RunEvaluate(const EvaluateOptions& options, Console& console) {
  std::vector<Requirement> requirements;
  for (const auto& text : options.requirements) requirements.push_back(ParseRequirement(text));
  const metrics::EvaluationSpec spec = SpecOf(options);
  const std::string name = std::filesystem::path(options.data).filename().string();
  auto progress = console.StartProgress("evaluate " + name);
  analytics::Session session;
  const metrics::Evaluation evaluation = metrics::Evaluate(session, spec);
  const bool is_told = !options.report.empty() || !options.run.empty();
  const std::string report = is_told ? quality::RenderEvaluation(evaluation, name) : "";
  if (!options.report.empty()) WriteFileDurably(options.report, report);
  if (!options.run.empty()) LogToRun(console.client(), options, evaluation, report);
  progress->Finish(fmt::format("{} of {} rows", metrics::TaskName(evaluation.task),
                               FormatCount(evaluation.rows)));
  const std::vector<std::string> broken = Broken(requirements, evaluation);
  Json answer = evaluation.ToJson();
  Json list = Json::MakeArray();
  for (const auto& line : broken) list.Append(line);
  answer.Set("passed", broken.empty()).Set("broken", list);
  console.Answer(answer);
  PrintFigures(console, evaluation);
  PrintSlices(console, evaluation);
  if (evaluation.rows_left_out > 0) {
    console.Line(fmt::format("{} rows without a truth or a prediction were left out",
                             FormatCount(evaluation.rows_left_out)));
  }
  for (const auto& line : broken) console.Line("✗ " + line);
  return broken.empty() ? 0 : kHold;
}

}  // namespace

void AddEvaluateCommands(Commands& commands) {
  commands.push_back(MakeCommand("evaluate", "Judge predictions in a file by the truth beside them",
                                 kEvaluateOptions, RunEvaluate));
}

}  // namespace millwright::cli

#include "cli/estimate.h"

#include <fmt/format.h>

#include "analytics/session.h"
#include "base/error.h"
#include "drift/performance_estimate.h"
#include "drift/reference.h"

namespace millwright::cli {
namespace {

constexpr int kAlerts = 3;

struct EstimateCommandOptions {
  std::string reference, analysis, truth, probability, prediction, time_column, period = "day";
  int64_t chunk_rows = 1000;
  bool fail = false;
};
constexpr Option<EstimateCommandOptions> kEstimateOptions[] = {
    {"", "REFERENCE", "A file of scored rows with the truth: Parquet, CSV or JSON lines",
     &EstimateCommandOptions::reference, "", 0, 0, Option<EstimateCommandOptions>::Kind::kRequired},
    {"", "ANALYSIS", "A file of scored rows; the truth may be missing",
     &EstimateCommandOptions::analysis, "", 0, 0, Option<EstimateCommandOptions>::Kind::kRequired},
    {"", "--truth", "The column of what is true, 0 or 1", &EstimateCommandOptions::truth, "COLUMN",
     0, 0, Option<EstimateCommandOptions>::Kind::kRequired},
    {"", "--probability", "The column of the probability of 1",
     &EstimateCommandOptions::probability, "COLUMN", 0, 0,
     Option<EstimateCommandOptions>::Kind::kRequired},
    {"", "--prediction", "The column of what was predicted, 0 or 1",
     &EstimateCommandOptions::prediction, "COLUMN", 0, 0,
     Option<EstimateCommandOptions>::Kind::kRequired},
    {"", "--chunk-rows", "Cut into chunks of so many rows", &EstimateCommandOptions::chunk_rows,
     "N", 1, 1e12},
    {"", "--time", "A column of times; chunks are then periods",
     &EstimateCommandOptions::time_column, "COLUMN"},
    {"", "--period", "With --time: hour, day, week or month", &EstimateCommandOptions::period,
     "LENGTH"},
    {"", "--fail", "Exit 3 where a chunk of the analysis is out of bounds",
     &EstimateCommandOptions::fail},
};

enum class Truth { kRequired, kOptional };

drift::ScoredRows ReadScored(analytics::Session& session, const std::string& path,
                             const EstimateCommandOptions& options, Truth truth) {
  const std::string table = analytics::ReadFileSql(path);
  bool has_truth = truth == Truth::kRequired;
  for (const analytics::Column& column : session.Describe("SELECT * FROM " + table)) {
    has_truth |= column.name == options.truth;
  }
  const auto number = [](const std::string& column) {
    return "CAST(" + analytics::QuoteName(column) + " AS DOUBLE)";
  };
  std::string select = number(options.probability) + ", " + number(options.prediction) + ", " +
                       (has_truth ? number(options.truth) : "0");
  std::string order;
  if (!options.time_column.empty()) {
    const drift::Period period = drift::ParsePeriod(options.period);
    if (period == drift::Period::kNone) throw InvalidArgument("No period").WithField("--period");
    select += fmt::format(", strftime(to_timestamp({}), '%Y-%m-%d{}')",
                          drift::PeriodSql(period, options.time_column),
                          period == drift::Period::kHour ? " %H:00" : "");
    order = " ORDER BY " + analytics::QuoteName(options.time_column);
  }
  drift::ScoredRows rows;
  bool all_known = has_truth;
  session.Stream("SELECT " + select + " FROM " + table + order, [&](const analytics::Table& part) {
    for (size_t row = 0; row < part.row_count(); ++row) {
      rows.probability.push_back(part.Double(row, 0));
      rows.predicted.push_back(part.Double(row, 1));
      if (has_truth) rows.truth.push_back(part.Double(row, 2));
      all_known = all_known && !part.IsNull(row, 2);
      if (!order.empty()) rows.period.push_back(part.Text(row, 3));
    }
    return true;
  });
  // Where some of the truth is still on its way, nothing is realised yet.
  if (!all_known && truth == Truth::kOptional) rows.truth.clear();
  return rows;
}

std::string Cell(const drift::EstimatedChunk& chunk, std::string_view name) {
  for (const drift::EstimateFigure& figure : chunk.figures) {
    if (figure.name != name) continue;
    if (!figure.estimated) return "–";
    std::string text = fmt::format("{:.3f}", *figure.estimated);
    if (figure.realised) text += fmt::format(" ({:.3f})", *figure.realised);
    return text;
  }
  return "";
}

std::string AlertsOf(const drift::EstimatedChunk& chunk) {
  std::string names;
  for (const drift::EstimateFigure& figure : chunk.figures) {
    if (figure.alert) names += (names.empty() ? "" : ", ") + figure.name;
  }
  return names;
}

int Estimate(const EstimateCommandOptions& options, Console& console) {
  analytics::Session session;
  const drift::PerformanceEstimate estimate =
      drift::EstimatePerformance(ReadScored(session, options.reference, options, Truth::kRequired),
                                 ReadScored(session, options.analysis, options, Truth::kOptional),
                                 {.chunk_rows = options.chunk_rows});
  console.Answer(estimate.ToJson());
  std::vector<std::vector<std::string>> rows;
  for (const drift::EstimatedChunk& chunk : estimate.chunks) {
    if (chunk.is_reference) continue;
    rows.push_back({chunk.key, FormatCount(chunk.rows), Cell(chunk, "roc_auc"),
                    Cell(chunk, "accuracy"), Cell(chunk, "f1"), AlertsOf(chunk)});
  }
  constexpr auto kRight = Column::Align::kRight;
  console.PrintTable({"CHUNK",
                      {"ROWS", kRight},
                      {"ROC AUC", kRight},
                      {"ACCURACY", kRight},
                      {"F1", kRight},
                      {"OUT OF BOUNDS", Column::Align::kSentence}},
                     rows);
  console.Line(fmt::format("{} of {} chunks are out of what the reference's chunks keep within",
                           estimate.alerts(), rows.size()));
  console.Line(std::string(drift::kEstimateCaveat));
  return options.fail && estimate.alerts() > 0 ? kAlerts : 0;
}

}  // namespace

std::unique_ptr<Command> EstimateCommand() {
  return MakeCommand("drift estimate",
                     "Estimate how well a classifier of two classes does without the truth",
                     kEstimateOptions, Estimate);
}

}  // namespace millwright::cli

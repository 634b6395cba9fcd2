#include "cli/estimate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "analytics/session.h"
#include "base/error.h"
#include "drift/loss_estimate.h"
#include "drift/performance_estimate.h"
#include "drift/reference.h"
#include "drift/sampling_error.h"

namespace millwright::cli {
namespace {

constexpr int kAlerts = 3;

struct EstimateCommandOptions {
  std::string reference, analysis, truth, prediction, time_column, period = "day",
                                                                   loss_model = "boosted";
  std::vector<std::string> probabilities, features;
  int64_t chunk_rows = 1000, seed = 0;
  bool fail = false;
};
constexpr Option<EstimateCommandOptions> kEstimateOptions[] = {
    {"", "REFERENCE", "A file of scored rows with the truth: Parquet, CSV or JSON lines",
     &EstimateCommandOptions::reference, "", 0, 0, Option<EstimateCommandOptions>::Kind::kRequired},
    {"", "ANALYSIS", "A file of scored rows; the truth may be missing",
     &EstimateCommandOptions::analysis, "", 0, 0, Option<EstimateCommandOptions>::Kind::kRequired},
    {"", "--truth", "The column of what is true: 0 or 1, a class or a number",
     &EstimateCommandOptions::truth, "COLUMN", 0, 0,
     Option<EstimateCommandOptions>::Kind::kRequired},
    {"", "--probability",
     "The column of the probability of 1; of several classes CLASS=COLUMN, repeated for each",
     &EstimateCommandOptions::probabilities, "COLUMN"},
    {"", "--feature",
     "For predicted numbers instead of probabilities: a column of numbers that the loss may depend "
     "on; repeatable",
     &EstimateCommandOptions::features, "COLUMN"},
    {"", "--prediction", "The column of what was predicted: 0 or 1, a class or a number",
     &EstimateCommandOptions::prediction, "COLUMN", 0, 0,
     Option<EstimateCommandOptions>::Kind::kRequired},
    {"", "--loss-model",
     "With --feature, what learns the loss: boosted (trees) or linear (a plane)",
     &EstimateCommandOptions::loss_model, "MODEL"},
    {"", "--seed", "With --feature, what the trees follow from", &EstimateCommandOptions::seed, "N",
     0, 1e15},
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

// The rows of a file with some columns, in the order of their time where they have one.
class ScoredFile {
 public:
  ScoredFile(analytics::Session& session, const std::string& path,
             const EstimateCommandOptions& options, Truth truth)
      : session_(session),
        table_(analytics::ReadFileSql(path)),
        options_(options),
        is_required_(truth == Truth::kRequired),
        has_truth_(is_required_) {
    for (const analytics::Column& column : session.Describe("SELECT * FROM " + table_)) {
      has_truth_ |= column.name == options.truth;
    }
  }

  bool has_truth() const { return has_truth_; }
  // Calls `each` with the cells of `select` and, after them, of the truth (a number where it is
  // not there), row by row. Returns the period of each row, and sets whether all truth is known.
  std::vector<std::string> Read(
      const std::vector<std::string>& select, const std::string& truth,
      const std::function<void(const analytics::Table&, size_t row)>& each) {
    std::string list;
    for (const std::string& sql : select) list += sql + ", ";
    list += has_truth_ ? truth : "0";
    std::string order;
    if (!options_.time_column.empty()) {
      const drift::Period period = drift::ParsePeriod(options_.period);
      if (period == drift::Period::kNone) throw InvalidArgument("No period").WithField("--period");
      list += fmt::format(", strftime(to_timestamp({}), '%Y-%m-%d{}')",
                          drift::PeriodSql(period, options_.time_column),
                          period == drift::Period::kHour ? " %H:00" : "");
      order = " ORDER BY " + analytics::QuoteName(options_.time_column);
    }
    std::vector<std::string> periods;
    session_.Stream("SELECT " + list + " FROM " + table_ + order,
                    [&](const analytics::Table& part) {
                      for (size_t row = 0; row < part.row_count(); ++row) {
                        each(part, row);
                        is_known_ = is_known_ && !part.IsNull(row, select.size());
                        if (!order.empty()) periods.push_back(part.Text(row, select.size() + 1));
                      }
                      return true;
                    });
    return periods;
  }
  // Where some of the truth is still on its way, nothing is realised yet.
  bool IsKnown() const { return has_truth_ && (is_known_ || is_required_); }

 private:
  analytics::Session& session_;
  const std::string table_;
  const EstimateCommandOptions& options_;
  const bool is_required_;
  bool has_truth_;
  bool is_known_ = true;
};

std::string NumberSql(const std::string& column) {
  return "CAST(" + analytics::QuoteName(column) + " AS DOUBLE)";
}

drift::ScoredRows ReadScored(analytics::Session& session, const std::string& path,
                             const EstimateCommandOptions& options, Truth truth) {
  ScoredFile file(session, path, options, truth);
  drift::ScoredRows rows;
  rows.period = file.Read({NumberSql(options.probabilities[0]), NumberSql(options.prediction)},
                          NumberSql(options.truth), [&](const auto& part, size_t row) {
                            rows.probability.push_back(part.Double(row, 0));
                            rows.predicted.push_back(part.Double(row, 1));
                            rows.truth.push_back(part.Double(row, 2));
                          });
  if (!file.IsKnown()) rows.truth.clear();
  return rows;
}

// Classes by their names, in the order of the command line.
struct Classes {
  std::vector<std::string> names, columns;

  explicit Classes(const std::vector<std::string>& given) {
    for (const std::string& text : given) {
      const size_t equals = text.find('=');
      if (equals == std::string::npos || equals == 0) {
        throw InvalidArgument("Write CLASS=COLUMN for each of several classes, not {}", text)
            .WithField("--probability");
      }
      names.push_back(text.substr(0, equals));
      columns.push_back(text.substr(equals + 1));
    }
  }
  size_t Find(const std::string& name) const {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      throw InvalidArgument("There is no probability of the class {}", name)
          .WithField("--probability");
    }
    return static_cast<size_t>(found - names.begin());
  }
};

drift::ClassScoredRows ReadClassScored(analytics::Session& session, const std::string& path,
                                       const EstimateCommandOptions& options,
                                       const Classes& classes, Truth truth) {
  ScoredFile file(session, path, options, truth);
  const auto text = [](const std::string& column) {
    return "CAST(" + analytics::QuoteName(column) + " AS VARCHAR)";
  };
  std::vector<std::string> select;
  for (const std::string& column : classes.columns) select.push_back(NumberSql(column));
  select.push_back(text(options.prediction));
  const size_t count = classes.columns.size();
  drift::ClassScoredRows rows;
  rows.probability.resize(count);
  rows.period = file.Read(select, text(options.truth), [&](const auto& part, size_t row) {
    for (size_t k = 0; k < count; ++k) rows.probability[k].push_back(part.Double(row, k));
    rows.predicted.push_back(classes.Find(part.Text(row, count)));
    const bool is_known = file.has_truth() && !part.IsNull(row, count + 1);
    if (is_known) rows.truth.push_back(classes.Find(part.Text(row, count + 1)));
  });
  if (rows.truth.size() != rows.predicted.size()) {
    if (truth == Truth::kRequired) {
      throw InvalidArgument("Some rows of the reference have no {}", options.truth)
          .WithField("--truth");
    }
    rows.truth.clear();
  }
  return rows;
}

drift::PredictedRows ReadPredicted(analytics::Session& session, const std::string& path,
                                   const EstimateCommandOptions& options, Truth truth) {
  ScoredFile file(session, path, options, truth);
  std::vector<std::string> select;
  for (const std::string& column : options.features) select.push_back(NumberSql(column));
  select.push_back(NumberSql(options.prediction));
  const size_t count = options.features.size();
  drift::PredictedRows rows;
  rows.features.resize(count);
  rows.period = file.Read(select, NumberSql(options.truth), [&](const auto& part, size_t row) {
    for (size_t c = 0; c < count; ++c) rows.features[c].push_back(part.Double(row, c));
    rows.predicted.push_back(part.Double(row, count));
    rows.truth.push_back(part.Double(row, count + 1));
  });
  if (!file.IsKnown()) rows.truth.clear();
  return rows;
}

std::string Cell(const drift::EstimatedChunk& chunk, std::string_view name) {
  for (const drift::EstimateFigure& figure : chunk.figures) {
    if (figure.name != name) continue;
    if (!figure.estimated) return "–";
    std::string text = fmt::format("{:.3f}", *figure.estimated);
    if (figure.sampling_error) {
      text += fmt::format(" ±{:.3f}", drift::kBandErrors * *figure.sampling_error);
    }
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

drift::LossLearner ParseLearner(const std::string& name) {
  if (name == "boosted") return drift::LossLearner::kBoosted;
  if (name == "linear") return drift::LossLearner::kLinear;
  throw InvalidArgument("There is no loss model {}. There are boosted and linear", name)
      .WithField("--loss-model");
}

drift::PerformanceEstimate Estimated(const EstimateCommandOptions& options) {
  analytics::Session session;
  const drift::EstimateOptions rules{.chunk_rows = options.chunk_rows,
                                     .loss_learner = ParseLearner(options.loss_model),
                                     .seed = static_cast<uint64_t>(options.seed)};
  if (options.probabilities.empty() == options.features.empty()) {
    throw InvalidArgument("Say the --probability of a class, or each --feature of a number");
  }
  if (!options.features.empty()) {
    return drift::EstimateLoss(ReadPredicted(session, options.reference, options, Truth::kRequired),
                               ReadPredicted(session, options.analysis, options, Truth::kOptional),
                               rules);
  }
  if (options.probabilities.size() == 1) {
    return drift::EstimatePerformance(
        ReadScored(session, options.reference, options, Truth::kRequired),
        ReadScored(session, options.analysis, options, Truth::kOptional), rules);
  }
  const Classes classes(options.probabilities);
  return drift::EstimateClassPerformance(
      ReadClassScored(session, options.reference, options, classes, Truth::kRequired),
      ReadClassScored(session, options.analysis, options, classes, Truth::kOptional), rules);
}

int Estimate(const EstimateCommandOptions& options, Console& console) {
  const drift::PerformanceEstimate estimate = Estimated(options);
  // Three figures of each chunk; --json has all.
  const bool is_loss = !options.features.empty();
  const std::array<const char*, 3> shown =
      is_loss ? std::array{"mae", "rmse", "mape"} : std::array{"roc_auc", "accuracy", "f1"};
  console.Answer(estimate.ToJson());
  std::vector<std::vector<std::string>> rows;
  for (const drift::EstimatedChunk& chunk : estimate.chunks) {
    if (chunk.is_reference) continue;
    rows.push_back({chunk.key, FormatCount(chunk.rows), Cell(chunk, shown[0]),
                    Cell(chunk, shown[1]), Cell(chunk, shown[2]), AlertsOf(chunk)});
  }
  constexpr auto kRight = Column::Align::kRight;
  console.PrintTable({"CHUNK",
                      {"ROWS", kRight},
                      {is_loss ? "MAE" : "ROC AUC", kRight},
                      {is_loss ? "RMSE" : "ACCURACY", kRight},
                      {is_loss ? "MAPE" : "F1", kRight},
                      {"OUT OF BOUNDS", Column::Align::kSentence}},
                     rows);
  console.Line(fmt::format("{} of {} chunks are out of what the reference's chunks keep within",
                           estimate.alerts(), rows.size()));
  console.Line("± is three standard errors: what the draw of a chunk's rows alone can do");
  console.Line(std::string(estimate.caveat));
  return options.fail && estimate.alerts() > 0 ? kAlerts : 0;
}

}  // namespace

std::unique_ptr<Command> EstimateCommand() {
  return MakeCommand("drift estimate", "Estimate how well a model does without the truth",
                     kEstimateOptions, Estimate);
}

}  // namespace millwright::cli

#include "monitoring/slice_performance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "statistics/distributions.h"
#include "statistics/false_discovery.h"

namespace millwright::monitoring {
namespace {

using analytics::Column;
using analytics::ColumnType;
using analytics::QuoteName;
using analytics::Session;
using analytics::Table;

// With the columns said and actual: 1 or 0, or the numbers of a regression.
constexpr char kJudged[] = "judged_rows";

std::optional<double> Share(int64_t part, int64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

// Of four columns from `first` on: how many were said and are positive, and so on.
constexpr char kCounts[] =
    "count(*) FILTER (WHERE said = 1 AND actual = 1), count(*) FILTER (WHERE said = 1 AND actual = "
    "0), count(*) FILTER (WHERE said = 0 AND actual = 0), count(*) FILTER (WHERE said = 0 AND "
    "actual = 1)";
ClassFigures FiguresAt(const Table& table, size_t row, size_t first) {
  return {.true_positive = table.Int(row, first),
          .false_positive = table.Int(row, first + 1),
          .true_negative = table.Int(row, first + 2),
          .false_negative = table.Int(row, first + 3)};
}

constexpr char kSums[] =
    "count(*), coalesce(sum(greatest(said - actual, 0)), 0), coalesce(sum(greatest(actual - said, "
    "0)), 0), coalesce(sum((said - actual) * (said - actual)), 0), coalesce(sum(said), 0), "
    "coalesce(sum(actual), 0)";
LossFigures LossesAt(const Table& table, size_t row, size_t first) {
  return {.rows = table.Int(row, first),
          .over = table.Double(row, first + 1),
          .under = table.Double(row, first + 2),
          .squared = table.Double(row, first + 3),
          .predicted = table.Double(row, first + 4),
          .actual = table.Double(row, first + 5)};
}

// An expression that gives each row the name of its slice.
std::string SliceSql(Session& session, const Column& column, int64_t rows_min) {
  const std::string name = QuoteName(column.name);
  const bool is_number = column.type == ColumnType::kDouble || column.type == ColumnType::kInteger;
  const Table distinct = session.Query("SELECT count(DISTINCT " + name + ") FROM " + kJudged);
  if (!is_number || distinct.Int(0, 0) <= static_cast<int64_t>(kSliceBins)) {
    return fmt::format(
        "CASE WHEN {0} IS NULL THEN 'missing' WHEN {0} IN (SELECT value FROM (SELECT {0} AS value, "
        "count(*) AS rows, row_number() OVER (ORDER BY count(*) DESC, {0}) AS place FROM {1} WHERE "
        "{0} IS NOT NULL GROUP BY 1) WHERE place <= {2} OR (rows >= {3} AND place <= {4})) THEN "
        "CAST({0} AS VARCHAR) ELSE 'other' END",
        name, kJudged, kSliceValuesMin, rows_min, kSliceValuesMax);
  }
  std::string quantiles;
  for (size_t i = 0; i <= kSliceBins; ++i) {
    quantiles += fmt::format("{}quantile_disc({}, {})", i == 0 ? "" : ", ", name,
                             static_cast<double>(i) / kSliceBins);
  }
  const Table edges =
      session.Query(fmt::format("SELECT {} FROM {} WHERE isfinite({})", quantiles, kJudged, name));
  std::string sql = fmt::format("CASE WHEN {0} IS NULL OR NOT isfinite({0}) THEN 'missing'", name);
  double low = edges.Double(0, 0);
  for (size_t i = 1; i <= kSliceBins; ++i) {
    const double high = edges.Double(0, i);
    const bool is_last = i == kSliceBins;
    if (high <= low && !is_last) continue;  // many equal values
    sql += fmt::format(" WHEN {} {} {} THEN '{:.6g} to {:.6g}'", name, is_last ? "<=" : "<",
                       Json(high).Dump(), low, high);
    low = high;
  }
  return sql + " END";
}

// Whether the slice has more errors than all other rows: two shares with one variance.
double ChanceOfMore(const ClassFigures& slice, const ClassFigures& all) {
  const auto errors = [](const ClassFigures& figures) {
    return static_cast<double>(figures.false_positive + figures.false_negative);
  };
  const auto n = static_cast<double>(slice.rows());
  const double rest = static_cast<double>(all.rows()) - n;
  if (rest <= 0) return 1;
  const double pooled = errors(all) / static_cast<double>(all.rows());
  const double variance = pooled * (1 - pooled) * (1 / n + 1 / rest);
  if (variance <= 0) return 1;
  const double difference = errors(slice) / n - (errors(all) - errors(slice)) / rest;
  return statistics::NormalTail(difference / std::sqrt(variance));
}

// Whether the errors of the slice are larger than those of all other rows: two means, each with a
// variance of its own.
double ChanceOfLarger(const LossFigures& slice, const LossFigures& all) {
  struct Errors {
    double rows = 0, mean = 0, variance_of_mean = 0;
  };
  const auto of = [](double rows, double absolute, double squared) {
    const double mean = absolute / rows;
    return Errors{rows, mean, std::max(0.0, squared - absolute * mean) / (rows - 1) / rows};
  };
  const auto n = static_cast<double>(slice.rows), rest = static_cast<double>(all.rows) - n;
  if (n < 2 || rest < 2) return 1;
  const Errors own = of(n, slice.over + slice.under, slice.squared);
  const Errors other =
      of(rest, all.over + all.under - slice.over - slice.under, all.squared - slice.squared);
  const double variance = own.variance_of_mean + other.variance_of_mean;
  if (variance <= 0) return own.mean > other.mean ? 0 : 1;
  return statistics::NormalTail((own.mean - other.mean) / std::sqrt(variance));
}

int64_t RowsOf(const SliceFigures& slice, ModelTask task) {
  return task == ModelTask::kRegression ? slice.losses.rows : slice.figures.rows();
}

double BadnessOf(const SliceFigures& slice, ModelTask task) {
  return (task == ModelTask::kRegression ? slice.losses.mae() : slice.figures.error_rate())
      .value_or(0);
}

void JudgeSlices(const SliceOptions& options, SlicePerformance* performance) {
  std::vector<double> p_values;
  std::vector<SliceFigures*> judged;
  const ModelTask task = performance->task;
  for (SliceFigures& slice : performance->slices) {
    if (RowsOf(slice, task) < options.rows_min) continue;
    slice.p = task == ModelTask::kRegression ? ChanceOfLarger(slice.losses, performance->losses)
                                             : ChanceOfMore(slice.figures, performance->all);
    p_values.push_back(*slice.p);
    judged.push_back(&slice);
  }
  const std::vector<double> adjusted = statistics::AdjustForFalseDiscovery(p_values);
  for (size_t i = 0; i < judged.size(); ++i) {
    judged[i]->adjusted_p = adjusted[i];
    judged[i]->is_worse = adjusted[i] <= options.false_discovery_rate;
  }
  std::stable_sort(performance->slices.begin(), performance->slices.end(),
                   [&](const SliceFigures& a, const SliceFigures& b) {
                     if (a.is_worse != b.is_worse) return a.is_worse;
                     return BadnessOf(a, task) > BadnessOf(b, task);
                   });
}

Disparity DisparityOf(const std::string& input, const SlicePerformance& performance,
                      const SliceOptions& options) {
  Disparity disparity{.input = input};
  std::vector<const SliceFigures*> groups;
  for (const SliceFigures& slice : performance.slices) {
    const bool is_group =
        slice.input == input && RowsOf(slice, performance.task) >= options.rows_min;
    if (is_group) groups.push_back(&slice);
  }
  disparity.groups = static_cast<int64_t>(groups.size());
  const auto apart = [&](auto part, auto figure) {
    std::optional<double> low, high;
    for (const SliceFigures* slice : groups) {
      const std::optional<double> value = ((slice->*part).*figure)();
      if (!value) continue;
      low = std::min(low.value_or(*value), *value);
      high = std::max(high.value_or(*value), *value);
    }
    return low ? std::optional(*high - *low) : std::nullopt;
  };
  if (performance.task == ModelTask::kRegression) {
    disparity.mae = apart(&SliceFigures::losses, &LossFigures::mae);
    disparity.bias = apart(&SliceFigures::losses, &LossFigures::bias);
    return disparity;
  }
  disparity.selection_rate = apart(&SliceFigures::figures, &ClassFigures::selection_rate);
  disparity.true_positive_rate = apart(&SliceFigures::figures, &ClassFigures::true_positive_rate);
  disparity.false_positive_rate = apart(&SliceFigures::figures, &ClassFigures::false_positive_rate);
  return disparity;
}

std::vector<Column> InputsOf(const std::vector<Column>& columns, const SliceOptions& options) {
  std::vector<Column> inputs;
  for (const Column& column : columns) {
    if (!column.name.starts_with(kInputPrefix)) continue;
    const std::string name = column.name.substr(sizeof kInputPrefix - 1);
    const bool is_wanted =
        options.inputs.empty() ||
        std::find(options.inputs.begin(), options.inputs.end(), name) != options.inputs.end();
    if (is_wanted && inputs.size() < kSlicedInputsMax) inputs.push_back(column);
  }
  for (const std::string& wanted : options.inputs) {
    const bool found = std::any_of(inputs.begin(), inputs.end(), [&](const Column& column) {
      return column.name == kInputPrefix + wanted;
    });
    if (!found && !options.skips_absent)
      throw InvalidArgument("No prediction has an input {}", wanted).WithField("by");
  }
  return inputs;
}

}  // namespace

std::optional<double> ClassFigures::error_rate() const {
  return Share(false_positive + false_negative, rows());
}
std::optional<double> ClassFigures::selection_rate() const {
  return Share(true_positive + false_positive, rows());
}
std::optional<double> ClassFigures::true_positive_rate() const {
  return Share(true_positive, true_positive + false_negative);
}
std::optional<double> ClassFigures::false_positive_rate() const {
  return Share(false_positive, false_positive + true_negative);
}
std::optional<double> ClassFigures::precision() const {
  return Share(true_positive, true_positive + false_positive);
}
double ClassFigures::Cost(const CostMatrix& costs) const {
  return static_cast<double>(true_positive) * costs.true_positive +
         static_cast<double>(false_positive) * costs.false_positive +
         static_cast<double>(true_negative) * costs.true_negative +
         static_cast<double>(false_negative) * costs.false_negative;
}

namespace {
std::optional<double> MeanOf(double sum, int64_t rows) {
  if (rows == 0) return std::nullopt;
  return sum / static_cast<double>(rows);
}
}  // namespace

std::optional<double> LossFigures::mae() const {
  return MeanOf(over + under, rows);
}
std::optional<double> LossFigures::rmse() const {
  if (rows == 0) return std::nullopt;
  return std::sqrt(squared / static_cast<double>(rows));
}
std::optional<double> LossFigures::bias() const {
  return MeanOf(over - under, rows);
}
std::optional<double> LossFigures::mean_predicted() const {
  return MeanOf(predicted, rows);
}
std::optional<double> LossFigures::mean_actual() const {
  return MeanOf(actual, rows);
}

SlicePerformance MeasureSlices(Session& session, const std::string& table, const LabelRule& rule,
                               const SliceOptions& options) {
  const std::vector<Column> columns = session.Describe("SELECT * FROM " + table);
  const auto answer = ProbabilitySql(rule, columns);
  if (!answer)
    throw InvalidArgument("No prediction has an output {} that is a number",
                          rule.probability_output)
        .WithField("output");
  const std::vector<Column> inputs = InputsOf(columns, options);
  SlicePerformance performance;
  const ModelTask found = FindTask(session, table, rule);
  if (found == ModelTask::kRegression) performance.task = found;
  const bool is_regression = performance.task == ModelTask::kRegression;
  const std::string truth = TruthSql(rule, performance.task);
  const std::string said = is_regression ? "CAST(" + *answer + " AS DOUBLE)"
                                         : fmt::format("CASE WHEN {} >= {} THEN 1 ELSE 0 END",
                                                       *answer, Json(rule.threshold).Dump());
  session.Execute(
      fmt::format("CREATE OR REPLACE TEMP TABLE {} AS SELECT *, {} AS said, {} AS actual FROM {} "
                  "WHERE isfinite({}) AND {} IS NOT NULL",
                  kJudged, said, truth, table, *answer, truth));
  const std::string figures = is_regression ? kSums : kCounts;
  const auto take = [&](const Table& table, size_t row, size_t first, ClassFigures* counts,
                        LossFigures* losses) {
    if (is_regression) {
      *losses = LossesAt(table, row, first);
    } else {
      *counts = FiguresAt(table, row, first);
    }
  };
  take(session.Query("SELECT " + figures + " FROM " + kJudged), 0, 0, &performance.all,
       &performance.losses);
  performance.cost =
      is_regression ? performance.losses.Cost(options.costs) : performance.all.Cost(options.costs);
  if (performance.rows() == 0) return performance;
  for (const Column& column : inputs) {
    const Table counts =
        session.Query(fmt::format("SELECT {} AS slice, {} FROM {} GROUP BY 1",
                                  SliceSql(session, column, options.rows_min), figures, kJudged));
    const std::string input = column.name.substr(sizeof kInputPrefix - 1);
    for (size_t row = 0; row < counts.row_count(); ++row) {
      SliceFigures& slice = performance.slices.emplace_back();
      slice.input = input;
      slice.value = counts.Text(row, 0);
      take(counts, row, 1, &slice.figures, &slice.losses);
    }
    performance.disparities.push_back(DisparityOf(input, performance, options));
  }
  JudgeSlices(options, &performance);
  return performance;
}

std::string MistakesSql(const LabelRule& rule, ModelTask task, const MistakeOptions& options) {
  const std::string answer = QuoteName(kOutputPrefix + rule.probability_output);
  const std::string truth = TruthSql(rule, task);
  std::string high, low;
  if (task == ModelTask::kRegression) {
    const std::string beyond = Json(options.beyond).Dump();
    high = fmt::format("({} - {} > {})", answer, truth, beyond);
    low = fmt::format("({} - {} > {})", truth, answer, beyond);
  } else {
    const std::string said = answer + " >= " + Json(rule.threshold).Dump();
    high = fmt::format("(({}) AND {} = 0)", said, truth);
    low = fmt::format("(NOT ({}) AND {} = 1)", said, truth);
  }
  if (!options.negatives) return high;
  return options.positives ? "(" + high + " OR " + low + ")" : low;
}

}  // namespace millwright::monitoring

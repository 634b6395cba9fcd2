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

constexpr char kJudged[] = "judged_rows";  // with the columns said and is, 1 or 0

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

// An expression that gives each row the name of its slice.
std::string SliceSql(Session& session, const Column& column) {
  const std::string name = QuoteName(column.name);
  const bool is_number = column.type == ColumnType::kDouble || column.type == ColumnType::kInteger;
  const Table distinct = session.Query("SELECT count(DISTINCT " + name + ") FROM " + kJudged);
  if (!is_number || distinct.Int(0, 0) <= static_cast<int64_t>(kSliceBins)) {
    return fmt::format(
        "CASE WHEN {0} IS NULL THEN 'missing' WHEN {0} IN (SELECT {0} FROM {1} WHERE {0} IS NOT "
        "NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT {2}) THEN CAST({0} AS VARCHAR) ELSE "
        "'other' END",
        name, kJudged, kSliceValues);
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

void JudgeSlices(const SliceOptions& options, SlicePerformance* performance) {
  std::vector<double> p_values;
  std::vector<SliceFigures*> judged;
  for (SliceFigures& slice : performance->slices) {
    if (slice.figures.rows() < options.rows_min) continue;
    slice.p = ChanceOfMore(slice.figures, performance->all);
    p_values.push_back(*slice.p);
    judged.push_back(&slice);
  }
  const std::vector<double> adjusted = statistics::AdjustForFalseDiscovery(p_values);
  for (size_t i = 0; i < judged.size(); ++i) {
    judged[i]->adjusted_p = adjusted[i];
    judged[i]->is_worse = adjusted[i] <= options.false_discovery_rate;
  }
  std::stable_sort(performance->slices.begin(), performance->slices.end(),
                   [](const SliceFigures& a, const SliceFigures& b) {
                     if (a.is_worse != b.is_worse) return a.is_worse;
                     return a.figures.error_rate().value_or(0) > b.figures.error_rate().value_or(0);
                   });
}

Disparity DisparityOf(const std::string& input, const std::vector<SliceFigures>& slices,
                      const SliceOptions& options) {
  Disparity disparity{.input = input};
  const auto apart = [&](std::optional<double> (ClassFigures::*rate)() const) {
    std::optional<double> low, high;
    for (const SliceFigures& slice : slices) {
      if (slice.input != input || slice.figures.rows() < options.rows_min) continue;
      const std::optional<double> value = (slice.figures.*rate)();
      if (!value) continue;
      low = std::min(low.value_or(*value), *value);
      high = std::max(high.value_or(*value), *value);
    }
    return low ? std::optional(*high - *low) : std::nullopt;
  };
  for (const SliceFigures& slice : slices) {
    disparity.groups += slice.input == input && slice.figures.rows() >= options.rows_min;
  }
  disparity.selection_rate = apart(&ClassFigures::selection_rate);
  disparity.true_positive_rate = apart(&ClassFigures::true_positive_rate);
  disparity.false_positive_rate = apart(&ClassFigures::false_positive_rate);
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
    if (!found) throw InvalidArgument("No prediction has an input {}", wanted).WithField("by");
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

SlicePerformance MeasureSlices(Session& session, const std::string& table, const LabelRule& rule,
                               const SliceOptions& options) {
  const std::vector<Column> columns = session.Describe("SELECT * FROM " + table);
  const auto probability = ProbabilitySql(rule, columns);
  if (!probability)
    throw InvalidArgument("No prediction has an output {} that is a number",
                          rule.probability_output)
        .WithField("output");
  const std::vector<Column> inputs = InputsOf(columns, options);
  session.Execute(
      fmt::format("CREATE OR REPLACE TEMP TABLE {} AS SELECT *, CASE WHEN {} >= {} THEN 1 ELSE 0 "
                  "END AS said, {} "
                  "AS actual FROM {} WHERE isfinite({}) AND {} IS NOT NULL",
                  kJudged, *probability, Json(rule.threshold).Dump(), ActualSql(rule), table,
                  *probability, ActualSql(rule)));
  SlicePerformance performance;
  performance.all =
      FiguresAt(session.Query(std::string("SELECT ") + kCounts + " FROM " + kJudged), 0, 0);
  performance.cost = performance.all.Cost(options.costs);
  if (performance.all.rows() == 0) return performance;
  for (const Column& column : inputs) {
    const Table counts = session.Query(fmt::format("SELECT {} AS slice, {} FROM {} GROUP BY 1",
                                                   SliceSql(session, column), kCounts, kJudged));
    const std::string input = column.name.substr(sizeof kInputPrefix - 1);
    for (size_t row = 0; row < counts.row_count(); ++row) {
      performance.slices.push_back({input, counts.Text(row, 0), FiguresAt(counts, row, 1), {}, {}});
    }
    performance.disparities.push_back(DisparityOf(input, performance.slices, options));
  }
  JudgeSlices(options, &performance);
  return performance;
}

}  // namespace millwright::monitoring

// Expectations that judge one figure of a column.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "quality/plan_sql.h"

namespace millwright::quality {
namespace {

using analytics::Column;

void RequireNumeric(const Column& column) {
  if (IsNumeric(column)) return;
  throw InvalidArgument("The column is not numeric: {} is {}", column.name, column.sql_type);
}

Outcome Judged(const Json& observed, const Json& kwargs) {
  return {WithinBounds(observed, kwargs), Json::Of({{"observed_value", observed}})};
}

Plan Figure(const Expectation& expectation, std::string sql) {
  Plan plan;
  AggregateCheck& check = plan.aggregate.emplace();
  check.first = {std::move(sql)};
  check.finish = [kwargs = expectation.kwargs](const Cells& cells, const Cells&) {
    return Judged(cells[0], kwargs);
  };
  return plan;
}

// Times are judged as text in ISO form, whose order is the order of time.
Plan Extreme(const Expectation& expectation, const Column& column, const char* function) {
  const std::string value = IsTemporal(column) ? TextSql(column) : ValueSql(column);
  return Figure(expectation, std::string(function) + "(" + value + ")");
}

Plan Min(const Expectation& expectation, const Column& column) {
  return Extreme(expectation, column, "min");
}

Plan Max(const Expectation& expectation, const Column& column) {
  return Extreme(expectation, column, "max");
}

Plan NumericFigure(const Expectation& expectation, const Column& column, const char* function) {
  RequireNumeric(column);
  return Figure(expectation, std::string(function) + "(" + ValueSql(column) + ")");
}

Plan Mean(const Expectation& expectation, const Column& column) {
  return NumericFigure(expectation, column, "avg");
}

Plan Median(const Expectation& expectation, const Column& column) {
  return NumericFigure(expectation, column, "median");
}

Plan Stdev(const Expectation& expectation, const Column& column) {
  return NumericFigure(expectation, column, "stddev_samp");
}

Plan Sum(const Expectation& expectation, const Column& column) {
  return NumericFigure(expectation, column, "sum");
}

Plan UniqueCount(const Expectation& expectation, const Column& column) {
  return Figure(expectation, "count(DISTINCT " + ValueSql(column) + ")");
}

Plan UniqueProportion(const Expectation& expectation, const Column& column) {
  Plan plan;
  AggregateCheck& check = plan.aggregate.emplace();
  const std::string value = ValueSql(column);
  check.first = {"count(DISTINCT " + value + ")", "count(" + value + ")"};
  check.finish = [kwargs = expectation.kwargs](const Cells& cells, const Cells&) {
    const double count = cells[1].AsDouble();
    return Judged(count > 0 ? Json(cells[0].AsDouble() / count) : Json(0.0), kwargs);
  };
  return plan;
}

Plan PresentProportion(const Expectation& expectation, const Column& column) {
  Plan plan;
  AggregateCheck& check = plan.aggregate.emplace();
  check.first = {"count(" + ValueSql(column) + ")", "count(*)"};
  check.finish = [kwargs = expectation.kwargs](const Cells& cells, const Cells&) {
    const double count = cells[1].AsDouble();
    return Judged(count > 0 ? Json(cells[0].AsDouble() / count) : Json(), kwargs);
  };
  return plan;
}

// pandas' "nearest": the sorted value at index q·(n−1), halves to even. DuckDB's discrete quantile
// takes the value at index ceil(n·q')−1, which the middle of that step hits for sure.
double DiscreteQuantileOf(double q, int64_t count) {
  const double index = std::nearbyint(q * static_cast<double>(count - 1));
  return std::clamp((index + 0.5) / static_cast<double>(count), 0.0, 1.0);
}

Outcome JudgeQuantiles(const Json& ranges, const Cells& values) {
  Json observed = Json::MakeArray(), details = Json::MakeArray();
  bool success = true;
  const Json::Array& value_ranges = ranges.At("value_ranges").AsArray("value_ranges");
  for (size_t i = 0; i < value_ranges.size(); ++i) {
    const Json value = i < values.size() ? values[i] : Json();
    const Json::Array& range = value_ranges[i].AsArray("value_ranges");
    bool within = !value.is_null();
    if (within && !range[0].is_null()) within = value.AsDouble() >= range[0].AsDouble();
    if (within && !range[1].is_null()) within = value.AsDouble() <= range[1].AsDouble();
    observed.Append(value);
    details.Append(within);
    success &= within;
  }
  Json result = Json::Of({{"observed_value", Json::Of({{"quantiles", ranges.At("quantiles")},
                                                       {"values", std::move(observed)}})},
                          {"details", Json::Of({{"success_details", std::move(details)}})}});
  return {success, std::move(result)};
}

Plan Quantiles(const Expectation& expectation, const Column& column) {
  RequireNumeric(column);
  const Json& ranges = expectation.kwargs.At("quantile_ranges");
  std::vector<double> quantiles;
  for (const Json& q : ranges.At("quantiles").AsArray("quantiles")) {
    quantiles.push_back(q.AsDouble("quantiles"));
    if (!(quantiles.back() >= 0 && quantiles.back() <= 1)) {
      throw InvalidArgument("A quantile must be from 0 to 1: {}", quantiles.back());
    }
  }
  for (const Json& range : ranges.At("value_ranges").AsArray("value_ranges")) {
    if (range.AsArray("value_ranges").size() != 2) {
      throw InvalidArgument("value_ranges must hold pairs");
    }
  }
  if (ranges.At("value_ranges").AsArray().size() != quantiles.size()) {
    throw InvalidArgument("quantile_values and quantiles must have the same number of elements");
  }
  Plan plan;
  AggregateCheck& check = plan.aggregate.emplace();
  const std::string value = ValueSql(column);
  check.first = {"count(" + value + ")"};
  check.second = [quantiles, value](const Cells& cells) {
    std::vector<Aggregate> aggregates;
    if (cells[0].AsInt() == 0) return aggregates;
    std::vector<std::string> fractions;
    for (double q : quantiles) {
      fractions.push_back(Json(DiscreteQuantileOf(q, cells[0].AsInt())).Dump());
    }
    const std::string all = "quantile_disc(" + value + ", [" + Join(fractions, ", ") + "])";
    for (size_t i = 1; i <= fractions.size(); ++i) aggregates.push_back({all, i});
    return aggregates;
  };
  check.finish = [ranges](const Cells&, const Cells& values) {
    return JudgeQuantiles(ranges, values);
  };
  return plan;
}

struct Planner {
  std::string_view type;
  Plan (*plan)(const Expectation&, const Column&);
};

constexpr Planner kPlanners[] = {
    {"expect_column_min_to_be_between", Min},
    {"expect_column_max_to_be_between", Max},
    {"expect_column_mean_to_be_between", Mean},
    {"expect_column_median_to_be_between", Median},
    {"expect_column_stdev_to_be_between", Stdev},
    {"expect_column_sum_to_be_between", Sum},
    {"expect_column_unique_value_count_to_be_between", UniqueCount},
    {"expect_column_proportion_of_unique_values_to_be_between", UniqueProportion},
    {"expect_column_proportion_of_non_null_values_to_be_between", PresentProportion},
    {"expect_column_quantile_values_to_be_between", Quantiles},
};

}  // namespace

std::optional<Plan> PlanAggregates(const Expectation& expectation, const TableShape& shape) {
  for (const Planner& planner : kPlanners) {
    if (planner.type == expectation.type) {
      return planner.plan(expectation, ColumnOf(expectation, shape));
    }
  }
  return std::nullopt;
}

std::vector<std::string> AggregatesTypes() {
  std::vector<std::string> types;
  for (const Planner& planner : kPlanners) types.emplace_back(planner.type);
  return types;
}

}  // namespace millwright::quality

// Expectations whose rule is SQL of the suite's own, and those that need a query of ours.
#include <fmt/format.h>

#include "base/error.h"
#include "quality/plan_sql.h"
#include "quality/sql_guard.h"

namespace millwright::quality {
namespace {

using analytics::Column;

std::string SqlOf(const Expectation& expectation, const TableShape& shape) {
  return "(" + WithBatch(expectation.kwargs.At("sql").AsString("sql"), shape.table) + "\n)";
}

// As with the values of a column, what is not known is not judged.
Plan RowsSatisfy(const Expectation& expectation, const TableShape& shape) {
  Plan plan;
  plan.expression = expectation.kwargs.At("sql").AsString("sql");
  RowCheck& check = plan.rows.emplace();
  const std::string sql = SqlOf(expectation, shape);
  check.shape = ValueShape::kObject;
  check.mostly = Mostly(expectation.kwargs);
  check.ignored = "(" + sql + " IS NULL)";
  check.unexpected = "(NOT coalesce(" + sql + ", TRUE))";
  for (const std::string& name : expectation.kwargs.GetStrings("column_list")) {
    check.columns.push_back(shape.At(name).name);
  }
  return plan;
}

Plan SqlValue(const Expectation& expectation, const TableShape& shape) {
  if (expectation.kwargs.Has("row_condition")) {
    throw InvalidArgument("expect_sql_value_to_be_between takes no row_condition: use FILTER");
  }
  Plan plan;
  plan.expression = expectation.kwargs.At("sql").AsString("sql");
  AggregateCheck& check = plan.aggregate.emplace();
  check.first = {SqlOf(expectation, shape)};
  check.finish = [kwargs = expectation.kwargs](const Cells& cells, const Cells&) {
    return Outcome{WithinBounds(cells[0], kwargs), Json::Of({{"observed_value", cells[0]}})};
  };
  return plan;
}

// Cramér's V of the rows in which both columns are there, with Yates' correction for two by two as
// scipy's chi2_contingency has it. One row: V, or NULL where a column has but one value.
constexpr char kCramersPhi[] = R"(
WITH pairs AS (
  SELECT {0} AS a, {1} AS b, count(*)::DOUBLE AS n FROM {{batch}}
  WHERE {2} AND {3} GROUP BY ALL),
by_a AS (SELECT a, sum(n) AS n FROM pairs GROUP BY a),
by_b AS (SELECT b, sum(n) AS n FROM pairs GROUP BY b),
sizes AS (SELECT (SELECT sum(n) FROM pairs) AS n, (SELECT count(*) FROM by_a) AS rows,
                 (SELECT count(*) FROM by_b) AS columns),
cells AS (
  SELECT coalesce(pairs.n, 0) AS observed, by_a.n * by_b.n / sizes.n AS expected,
         CASE WHEN rows = 2 AND columns = 2 THEN 0.5 ELSE 0 END AS correction
  FROM by_a CROSS JOIN by_b CROSS JOIN sizes
  LEFT JOIN pairs ON pairs.a = by_a.a AND pairs.b = by_b.b),
chi AS (SELECT sum((abs(observed - expected) - least(correction, abs(observed - expected))) ^ 2
                   / expected) AS square FROM cells)
SELECT CASE WHEN least(rows, columns) > 1
       THEN least(sqrt(square / n / (least(rows, columns) - 1)), 1.0) END AS phi
FROM chi, sizes)";

Plan CramersPhi(const Expectation& expectation, const TableShape& shape) {
  const Column& a = shape.At(expectation.kwargs.At("column_A").AsString("column_A"));
  const Column& b = shape.At(expectation.kwargs.At("column_B").AsString("column_B"));
  const double threshold = expectation.kwargs.GetDouble("threshold", 0.1);
  Plan plan;
  QueryCheck& check = plan.query.emplace();
  check.sql = fmt::format(fmt::runtime(kCramersPhi), ValueSql(a), ValueSql(b), PresentSql(a),
                          PresentSql(b));
  check.finish = [threshold](int64_t, const analytics::Table& table) {
    const Json phi = table.ToJson(0, 0);
    return Outcome{!phi.is_null() && phi.AsDouble() <= threshold,
                   Json::Of({{"observed_value", phi}})};
  };
  return plan;
}

struct Planner {
  std::string_view type;
  Plan (*plan)(const Expectation&, const TableShape&);
};

constexpr Planner kPlanners[] = {
    {"expect_rows_to_satisfy_sql", RowsSatisfy},
    {"expect_sql_value_to_be_between", SqlValue},
    {"expect_column_pair_cramers_phi_value_to_be_less_than", CramersPhi},
};

}  // namespace

std::optional<Plan> PlanSql(const Expectation& expectation, const TableShape& shape) {
  for (const Planner& planner : kPlanners) {
    if (planner.type == expectation.type) return planner.plan(expectation, shape);
  }
  return std::nullopt;
}

std::vector<std::string> SqlTypes() {
  std::vector<std::string> types;
  for (const Planner& planner : kPlanners) types.emplace_back(planner.type);
  return types;
}

}  // namespace millwright::quality

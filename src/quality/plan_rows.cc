// Expectations that judge two columns or more of each row together.
#include "base/error.h"
#include "quality/plan_sql.h"

namespace millwright::quality {
namespace {

using analytics::Column;
using analytics::QuoteName;

struct Pair {
  const Column& a;
  const Column& b;
};

Pair PairOf(const Expectation& expectation, const TableShape& shape) {
  return {shape.At(expectation.kwargs.At("column_A").AsString("column_A")),
          shape.At(expectation.kwargs.At("column_B").AsString("column_B"))};
}

[[noreturn]] void RefuseIgnore(const std::string& rule) {
  throw InvalidArgument("ignore_row_if: unexpected value: {}", rule).WithField("ignore_row_if");
}

RowCheck PairCheck(const Expectation& expectation, const Pair& pair) {
  RowCheck check;
  check.columns = {pair.a.name, pair.b.name};
  check.shape = ValueShape::kList;
  check.mostly = Mostly(expectation.kwargs);
  const std::string rule = expectation.kwargs.GetString("ignore_row_if", "both_values_are_missing");
  const std::string a = MissingSql(pair.a), b = MissingSql(pair.b);
  if (rule == "both_values_are_missing") {
    check.ignored = "(" + a + " AND " + b + ")";
  } else if (rule == "either_value_is_missing") {
    check.ignored = "(" + a + " OR " + b + ")";
  } else if (rule != "neither") {
    RefuseIgnore(rule);
  }
  return check;
}

RowCheck RecordCheck(const Expectation& expectation, const std::vector<const Column*>& columns) {
  RowCheck check;
  check.shape = ValueShape::kObject;
  check.mostly = Mostly(expectation.kwargs);
  std::vector<std::string> missing;
  for (const Column* column : columns) {
    check.columns.push_back(column->name);
    missing.push_back(MissingSql(*column));
  }
  const std::string rule = expectation.kwargs.GetString("ignore_row_if", "all_values_are_missing");
  if (rule == "all_values_are_missing") {
    check.ignored = "(" + Join(missing, " AND ") + ")";
  } else if (rule == "any_value_is_missing") {
    check.ignored = "(" + Join(missing, " OR ") + ")";
  } else if (rule != "never") {
    RefuseIgnore(rule);
  }
  return check;
}

Plan Of(RowCheck check) {
  Plan plan;
  plan.rows = std::move(check);
  return plan;
}

void RequireComparable(const Pair& pair) {
  const bool same = (IsNumeric(pair.a) && IsNumeric(pair.b)) ||
                    (IsTemporal(pair.a) && IsTemporal(pair.b)) || pair.a.type == pair.b.type;
  if (!same) {
    throw InvalidArgument("Columns of different types cannot be compared: {} and {}", pair.a.name,
                          pair.b.name);
  }
}

Plan PairEqual(const Expectation& expectation, const TableShape& shape) {
  const Pair pair = PairOf(expectation, shape);
  RequireComparable(pair);
  RowCheck check = PairCheck(expectation, pair);
  check.unexpected = "(NOT coalesce(" + ValueSql(pair.a) + " = " + ValueSql(pair.b) + ", FALSE))";
  return Of(std::move(check));
}

Plan PairGreater(const Expectation& expectation, const TableShape& shape) {
  const Pair pair = PairOf(expectation, shape);
  RequireComparable(pair);
  RowCheck check = PairCheck(expectation, pair);
  const char* compare = expectation.kwargs.GetBool("or_equal") ? " >= " : " > ";
  check.unexpected = "(NOT coalesce(" + ValueSql(pair.a) + compare + ValueSql(pair.b) + ", FALSE))";
  return Of(std::move(check));
}

Plan PairInSet(const Expectation& expectation, const TableShape& shape) {
  const Pair pair = PairOf(expectation, shape);
  RowCheck check = PairCheck(expectation, pair);
  std::vector<std::string> allowed;
  const auto is = [](const Column& column, const Json& value) -> std::string {
    if (value.is_null()) return MissingSql(column);
    const std::optional<std::string> sql = ComparableSql(column, value);
    return sql ? "coalesce(" + QuoteName(column.name) + " = " + *sql + ", FALSE)" : "FALSE";
  };
  for (const Json& values : ValueSet(expectation.kwargs, "value_pairs_set")) {
    const Json::Array& two = values.AsArray("value_pairs_set");
    if (two.size() != 2) throw InvalidArgument("value_pairs_set must hold pairs");
    allowed.push_back("(" + is(pair.a, two[0]) + " AND " + is(pair.b, two[1]) + ")");
  }
  check.unexpected = allowed.empty() ? "TRUE" : "(NOT (" + Join(allowed, " OR ") + "))";
  return Of(std::move(check));
}

Plan CompoundUnique(const Expectation& expectation, const TableShape& shape) {
  const std::vector<const Column*> columns = ColumnListOf(expectation, shape);
  RowCheck check = RecordCheck(expectation, columns);
  for (const Column* column : columns) check.unique_key.push_back(ValueSql(*column));
  return Of(std::move(check));
}

Plan UniqueWithinRecord(const Expectation& expectation, const TableShape& shape) {
  const std::vector<const Column*> columns = ColumnListOf(expectation, shape);
  RowCheck check = RecordCheck(expectation, columns);
  std::vector<std::string> equal;
  for (size_t i = 0; i < columns.size(); ++i) {
    for (size_t j = i + 1; j < columns.size(); ++j) {
      RequireComparable({*columns[i], *columns[j]});
      equal.push_back(ValueSql(*columns[i]) + " IS NOT DISTINCT FROM " + ValueSql(*columns[j]));
    }
  }
  check.unexpected = "(" + Join(equal, " OR ") + ")";
  return Of(std::move(check));
}

Plan SumEquals(const Expectation& expectation, const TableShape& shape) {
  const std::vector<const Column*> columns = ColumnListOf(expectation, shape);
  RowCheck check = RecordCheck(expectation, columns);
  std::vector<std::string> parts;
  for (const Column* column : columns) {
    if (!IsNumeric(*column)) throw InvalidArgument("The column is not numeric: {}", column->name);
    parts.push_back("coalesce(" + ValueSql(*column) + ", 0)");
  }
  check.unexpected = "(" + Join(parts, " + ") + " <> " +
                     NumberSql(expectation.kwargs.At("sum_total").AsDouble("sum_total")) + ")";
  return Of(std::move(check));
}

struct Planner {
  std::string_view type;
  Plan (*plan)(const Expectation&, const TableShape&);
};

constexpr Planner kPlanners[] = {
    {"expect_column_pair_values_to_be_equal", PairEqual},
    {"expect_column_pair_values_a_to_be_greater_than_b", PairGreater},
    {"expect_column_pair_values_to_be_in_set", PairInSet},
    {"expect_compound_columns_to_be_unique", CompoundUnique},
    {"expect_select_column_values_to_be_unique_within_record", UniqueWithinRecord},
    {"expect_multicolumn_sum_to_equal", SumEquals},
};

}  // namespace

std::optional<Plan> PlanRows(const Expectation& expectation, const TableShape& shape) {
  for (const Planner& planner : kPlanners) {
    if (planner.type == expectation.type) return planner.plan(expectation, shape);
  }
  return std::nullopt;
}

std::vector<std::string> RowsTypes() {
  std::vector<std::string> types;
  for (const Planner& planner : kPlanners) types.emplace_back(planner.type);
  return types;
}

}  // namespace millwright::quality

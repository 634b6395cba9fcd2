// Expectations that judge each value of one column by comparing it.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/error.h"
#include "base/option.h"
#include "quality/plan_sql.h"

namespace millwright::quality {
namespace {

using analytics::Column;
using analytics::ColumnType;
using analytics::QuoteName;

RowCheck ColumnCheck(const Expectation& expectation, const Column& column) {
  RowCheck check;
  check.columns = {column.name};
  check.ignored = MissingSql(column);
  check.mostly = Mostly(expectation.kwargs);
  return check;
}

Plan Of(RowCheck check) {
  Plan plan;
  plan.rows = std::move(check);
  return plan;
}

Plan Between(const Expectation& expectation, const Column& column) {
  RowCheck check = ColumnCheck(expectation, column);
  check.unexpected = "(NOT coalesce(" +
                     BetweenSql(QuoteName(column.name), column, expectation.kwargs) + ", FALSE))";
  return Of(std::move(check));
}

std::string InSetSql(const Column& column, const Json::Array& set) {
  std::vector<std::string> values;
  for (const Json& value : set) {
    if (std::optional<std::string> sql = ComparableSql(column, value)) values.push_back(*sql);
  }
  if (values.empty()) return "FALSE";
  return "coalesce(" + QuoteName(column.name) + " IN (" + Join(values, ", ") + "), FALSE)";
}

Plan InSet(const Expectation& expectation, const Column& column) {
  RowCheck check = ColumnCheck(expectation, column);
  check.unexpected = "(NOT " + InSetSql(column, ValueSet(expectation.kwargs, "value_set")) + ")";
  return Of(std::move(check));
}

Plan NotInSet(const Expectation& expectation, const Column& column) {
  RowCheck check = ColumnCheck(expectation, column);
  check.unexpected = InSetSql(column, ValueSet(expectation.kwargs, "value_set"));
  return Of(std::move(check));
}

Plan Null(const Expectation& expectation, const Column& column) {
  RowCheck check = ColumnCheck(expectation, column);
  check.ignored = "FALSE";
  check.reports_missing = false;
  check.unexpected = PresentSql(column);
  return Of(std::move(check));
}

Plan NotNull(const Expectation& expectation, const Column& column) {
  RowCheck check = ColumnCheck(expectation, column);
  check.ignored = "FALSE";
  check.reports_missing = false;
  check.unexpected = MissingSql(column);
  return Of(std::move(check));
}

Plan Unique(const Expectation& expectation, const Column& column) {
  RowCheck check = ColumnCheck(expectation, column);
  check.unique_key = {ValueSql(column)};
  return Of(std::move(check));
}

// A value is compared with the last present one before it, in the order of the table.
Plan Monotonic(const Expectation& expectation, const Column& column, bool increasing) {
  RowCheck check = ColumnCheck(expectation, column);
  const bool strictly = expectation.kwargs.GetBool("strictly");
  check.windows = {{"before", "lag(" + ValueSql(column) + " IGNORE NULLS) OVER (ORDER BY " +
                                  kRowNumberColumn + ")"}};
  const std::string wrong = increasing ? (strictly ? " <= " : " < ") : (strictly ? " >= " : " > ");
  check.unexpected = "coalesce(" + QuoteName(column.name) + wrong + "before, FALSE)";
  return Of(std::move(check));
}

Plan Increasing(const Expectation& expectation, const Column& column) {
  return Monotonic(expectation, column, true);
}

Plan Decreasing(const Expectation& expectation, const Column& column) {
  return Monotonic(expectation, column, false);
}

Plan ZScores(const Expectation& expectation, const Column& column) {
  if (!IsNumeric(column)) throw InvalidArgument("The column is not numeric: {}", column.name);
  RowCheck check = ColumnCheck(expectation, column);
  const double threshold = expectation.kwargs.At("threshold").AsDouble("threshold");
  const bool double_sided = expectation.kwargs.GetBool("double_sided", true);
  const std::string value = ValueSql(column);
  check.prior = {"avg(" + value + ")", "stddev_samp(" + value + ")"};
  check.refine = [name = QuoteName(column.name), threshold, double_sided](RowCheck& refined,
                                                                          const Cells& cells) {
    if (cells[0].is_null() || cells[1].is_null() || cells[1].AsDouble() == 0) return;
    std::string score =
        "((" + name + " - " + NumberSql(cells[0]) + ") / " + NumberSql(cells[1]) + ")";
    if (double_sided) score = "abs(" + score + ")";
    refined.unexpected = "coalesce(" + score + " >= " + NumberSql(threshold) + ", FALSE)";
  };
  return Of(std::move(check));
}

// The names under which people ask for a column type: numpy's first (it is what gets reported),
// then Python's and SQL's.
const std::map<std::string, std::set<std::string>>& TypeNames() {
  static const std::map<std::string, std::set<std::string>> names = {
      {"BOOLEAN", {"bool", "boolean", "bool_"}},
      {"TINYINT", {"int8", "tinyint", "int", "integer"}},
      {"SMALLINT", {"int16", "smallint", "int", "integer"}},
      {"INTEGER", {"int32", "integer", "int", "int4"}},
      {"BIGINT", {"int64", "bigint", "int", "integer", "int8", "long"}},
      {"HUGEINT", {"int128", "hugeint", "int", "integer"}},
      {"UTINYINT", {"uint8", "utinyint", "int"}},
      {"USMALLINT", {"uint16", "usmallint", "int"}},
      {"UINTEGER", {"uint32", "uinteger", "int"}},
      {"UBIGINT", {"uint64", "ubigint", "int"}},
      {"FLOAT", {"float32", "float", "real", "float4"}},
      {"DOUBLE", {"float64", "float", "double", "double_precision", "float8", "number"}},
      {"DATE", {"date", "datetime.date"}},
      {"TIMESTAMP", {"datetime64[ns]", "datetime64", "timestamp", "datetime", "datetime64[us]"}},
      {"VARCHAR", {"str", "string", "varchar", "text", "object", "string_", "unicode"}},
  };
  return names;
}

// numpy's name of a column's type, or DuckDB's where numpy has none.
std::string ReportedType(const Column& column) {
  static const std::map<std::string, std::string> reported = {
      {"BOOLEAN", "bool"},     {"TINYINT", "int8"},    {"SMALLINT", "int16"},
      {"INTEGER", "int32"},    {"BIGINT", "int64"},    {"UTINYINT", "uint8"},
      {"USMALLINT", "uint16"}, {"UINTEGER", "uint32"}, {"UBIGINT", "uint64"},
      {"FLOAT", "float32"},    {"DOUBLE", "float64"},  {"TIMESTAMP", "datetime64[ns]"}};
  const auto found = reported.find(column.sql_type);
  return found == reported.end() ? column.sql_type : found->second;
}

bool IsOfType(const Column& column, std::string wanted) {
  for (char& c : wanted) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  std::string own = column.sql_type;
  for (char& c : own) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (wanted == own || wanted == own.substr(0, own.find('('))) return true;
  const auto found = TypeNames().find(column.sql_type);
  return found != TypeNames().end() && found->second.count(wanted) > 0;
}

// Names are compared without their arguments, as of DECIMAL(18,3).
void RequireTypeName(const std::string& name) {
  std::string lower = name.substr(0, name.find('('));
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  std::vector<std::string_view> known = {
      "hugeint", "uhugeint", "decimal", "time", "interval", "blob", "uuid",
      "enum",    "json",     "struct",  "map",  "list",     "dict", "timestamp with time zone"};
  std::set<std::string> own;
  for (const auto& [sql_type, names] : TypeNames()) {
    std::string lowered = sql_type;
    for (char& c : lowered) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    own.insert(lowered);
    for (const std::string& one : names) known.push_back(one);
  }
  for (const std::string& one : own) known.push_back(one);
  if (std::find(known.begin(), known.end(), lower) != known.end()) return;
  const std::string nearest = NearestName(lower, known);
  throw InvalidArgument("Unrecognized type: {}{}", name,
                        nearest.empty() ? "" : " (did you mean " + nearest + "?)")
      .WithField("type_");
}

// Text is judged value by value, as GX does for pandas' object columns; other columns have a type
// of their own that is judged as a whole.
Plan OfTypes(const Expectation& expectation, const Column& column,
             const std::vector<std::string>& wanted) {
  bool matches = false;
  for (const std::string& type : wanted) {
    RequireTypeName(type);
    matches |= IsOfType(column, type);
  }
  if (column.type == ColumnType::kText) {
    RowCheck check = ColumnCheck(expectation, column);
    check.unexpected = matches ? "FALSE" : "TRUE";
    return Of(std::move(check));
  }
  Plan plan;
  plan.done = Outcome{matches, Json::Of({{"observed_value", ReportedType(column)}})};
  return plan;
}

Plan OfType(const Expectation& expectation, const Column& column) {
  return OfTypes(expectation, column, {expectation.kwargs.At("type_").AsString("type_")});
}

Plan InTypeList(const Expectation& expectation, const Column& column) {
  std::vector<std::string> wanted;
  for (const Json& type : ValueSet(expectation.kwargs, "type_list")) {
    wanted.push_back(type.AsString("type_list"));
  }
  return OfTypes(expectation, column, wanted);
}

struct Planner {
  std::string_view type;
  Plan (*plan)(const Expectation&, const Column&);
};

constexpr Planner kPlanners[] = {
    {"expect_column_values_to_be_between", Between},
    {"expect_column_values_to_be_in_set", InSet},
    {"expect_column_values_to_not_be_in_set", NotInSet},
    {"expect_column_values_to_be_null", Null},
    {"expect_column_values_to_not_be_null", NotNull},
    {"expect_column_values_to_be_unique", Unique},
    {"expect_column_values_to_be_increasing", Increasing},
    {"expect_column_values_to_be_decreasing", Decreasing},
    {"expect_column_value_z_scores_to_be_less_than", ZScores},
    {"expect_column_values_to_be_of_type", OfType},
    {"expect_column_values_to_be_in_type_list", InTypeList},
};

}  // namespace

std::optional<Plan> PlanColumnValues(const Expectation& expectation, const TableShape& shape) {
  for (const Planner& planner : kPlanners) {
    if (planner.type == expectation.type) {
      return planner.plan(expectation, ColumnOf(expectation, shape));
    }
  }
  return std::nullopt;
}

std::vector<std::string> ColumnValuesTypes() {
  std::vector<std::string> types;
  for (const Planner& planner : kPlanners) types.emplace_back(planner.type);
  return types;
}

}  // namespace millwright::quality

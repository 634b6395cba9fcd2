// Expectations that judge the table as a whole. As in Great Expectations, a row_condition does not
// apply to them.
#include <algorithm>
#include <set>

#include "base/error.h"
#include "quality/plan_sql.h"

namespace millwright::quality {
namespace {

Plan Done(bool success, Json result = Json::MakeObject()) {
  Plan plan;
  plan.done = Outcome{success, std::move(result)};
  return plan;
}

Json Observed(Json value) {
  return Json::Of({{"observed_value", std::move(value)}});
}

Plan RowCount(std::function<bool(const Json&)> holds) {
  Plan plan;
  AggregateCheck& check = plan.aggregate.emplace();
  check.first = {"count(*)"};
  check.finish = [holds = std::move(holds)](const Cells& cells, const Cells&) {
    return Outcome{holds(cells[0]), Observed(cells[0])};
  };
  return plan;
}

Plan RowCountEquals(const Expectation& expectation, const TableShape&) {
  const double wanted = expectation.kwargs.At("value").AsDouble("value");
  return RowCount([wanted](const Json& count) { return count.AsDouble() == wanted; });
}

Plan RowCountBetween(const Expectation& expectation, const TableShape&) {
  return RowCount(
      [kwargs = expectation.kwargs](const Json& count) { return WithinBounds(count, kwargs); });
}

Plan ColumnCountEquals(const Expectation& expectation, const TableShape& shape) {
  const double wanted = expectation.kwargs.At("value").AsDouble("value");
  return Done(static_cast<double>(shape.columns.size()) == wanted, Observed(shape.columns.size()));
}

Plan ColumnCountBetween(const Expectation& expectation, const TableShape& shape) {
  return Done(WithinBounds(shape.columns.size(), expectation.kwargs),
              Observed(shape.columns.size()));
}

Json Names(const TableShape& shape) {
  Json names = Json::MakeArray();
  for (const analytics::Column& column : shape.columns) names.Append(column.name);
  return names;
}

Plan ColumnsMatchSet(const Expectation& expectation, const TableShape& shape) {
  std::set<std::string> wanted, found;
  for (const Json& name : expectation.kwargs.At("column_set").AsArray("column_set")) {
    wanted.insert(name.AsString("column_set"));
  }
  for (const analytics::Column& column : shape.columns) found.insert(column.name);
  if (wanted == found) return Done(true, Observed(Names(shape)));
  Json sorted = Json::MakeArray(), unexpected = Json::MakeArray(), missing = Json::MakeArray();
  for (const std::string& name : found) {
    sorted.Append(name);
    if (wanted.count(name) == 0) unexpected.Append(name);
  }
  for (const std::string& name : wanted) {
    if (found.count(name) == 0) missing.Append(name);
  }
  const bool exact = expectation.kwargs.GetBool("exact_match", true);
  const bool success = !exact && missing.AsArray().empty();
  Json mismatched = Json::MakeObject();
  if (!unexpected.AsArray().empty()) mismatched.Set("unexpected", std::move(unexpected));
  if (!missing.AsArray().empty()) mismatched.Set("missing", std::move(missing));
  Json result = Observed(std::move(sorted));
  result.Set("details", Json::Of({{"mismatched", std::move(mismatched)}}));
  return Done(success, std::move(result));
}

Plan ColumnsMatchOrderedList(const Expectation& expectation, const TableShape& shape) {
  const Json::Array& wanted = expectation.kwargs.At("column_list").AsArray("column_list");
  const Json names = Names(shape);
  const Json::Array& found = names.AsArray();
  Json mismatched = Json::MakeArray();
  for (size_t i = 0; i < std::max(wanted.size(), found.size()); ++i) {
    const Json want = i < wanted.size() ? wanted[i] : Json();
    const Json have = i < found.size() ? found[i] : Json();
    if (want == have) continue;
    mismatched.Append(
        Json::Of({{"Expected Column Position", i}, {"Expected", want}, {"Found", have}}));
  }
  Json result = Observed(names);
  const bool success = mismatched.AsArray().empty();
  if (!success) result.Set("details", Json::Of({{"mismatched", std::move(mismatched)}}));
  return Done(success, std::move(result));
}

Plan ColumnExists(const Expectation& expectation, const TableShape& shape) {
  const std::string& name = expectation.kwargs.At("column").AsString("column");
  const analytics::Column* column = shape.Find(name);
  const Json* index = expectation.kwargs.Find("column_index");
  if (column == nullptr || index == nullptr || index->is_null()) return Done(column != nullptr);
  return Done(column - shape.columns.data() == index->AsInt("column_index"));
}

Plan RowCountOfOther(const Expectation& expectation, const TableShape& shape) {
  const std::string& other = expectation.kwargs.At("other_table_name").AsString("other_table_name");
  if (shape.others.count(other) == 0) {
    throw InvalidArgument("There is no table beside this one of the name {}", other)
        .WithField("other_table_name");
  }
  Plan plan;
  AggregateCheck& check = plan.aggregate.emplace();
  check.first = {"count(*)", "(SELECT count(*) FROM " + analytics::QuoteName(other) + ")"};
  check.finish = [](const Cells& cells, const Cells&) {
    return Outcome{cells[0] == cells[1],
                   Observed(Json::Of({{"self", cells[0]}, {"other", cells[1]}}))};
  };
  return plan;
}

// GX's own SQL: a query over {batch} whose every row is a failure.
Plan UnexpectedRows(const Expectation& expectation, const TableShape&) {
  Plan plan;
  QueryCheck& check = plan.query.emplace();
  check.sql = expectation.kwargs.At("unexpected_rows_query").AsString("unexpected_rows_query");
  check.is_of_suite = true;
  check.finish = [](int64_t count, const analytics::Table& table) {
    Json rows = Json::MakeArray();
    for (size_t row = 0; row < table.row_count(); ++row) {
      Json object = Json::MakeObject();
      for (size_t column = 0; column < table.columns().size(); ++column) {
        object.Set(table.columns()[column].name, table.ToJson(row, column));
      }
      rows.Append(std::move(object));
    }
    Json result =
        Observed(std::to_string(count) + (count == 1 ? " unexpected row" : " unexpected rows"));
    result.Set("details", Json::Of({{"unexpected_rows", std::move(rows)}}));
    return Outcome{count == 0, std::move(result)};
  };
  return plan;
}

struct Planner {
  std::string_view type;
  Plan (*plan)(const Expectation&, const TableShape&);
};

constexpr Planner kPlanners[] = {
    {"expect_table_row_count_to_equal", RowCountEquals},
    {"expect_table_row_count_to_be_between", RowCountBetween},
    {"expect_table_row_count_to_equal_other_table", RowCountOfOther},
    {"expect_table_column_count_to_equal", ColumnCountEquals},
    {"expect_table_column_count_to_be_between", ColumnCountBetween},
    {"expect_table_columns_to_match_set", ColumnsMatchSet},
    {"expect_table_columns_to_match_ordered_list", ColumnsMatchOrderedList},
    {"expect_column_to_exist", ColumnExists},
    {"unexpected_rows_expectation", UnexpectedRows},
};

}  // namespace

std::optional<Plan> PlanTable(const Expectation& expectation, const TableShape& shape) {
  for (const Planner& planner : kPlanners) {
    if (planner.type == expectation.type) return planner.plan(expectation, shape);
  }
  return std::nullopt;
}

std::vector<std::string> TableTypes() {
  std::vector<std::string> types;
  for (const Planner& planner : kPlanners) types.emplace_back(planner.type);
  return types;
}

}  // namespace millwright::quality

#include "quality/plan.h"

#include <algorithm>

#include "base/error.h"
#include "quality/expectation_type.h"
#include "quality/row_condition.h"

namespace millwright::quality {
namespace {

struct Family {
  std::optional<Plan> (*plan)(const Expectation&, const TableShape&);
  std::vector<std::string> (*types)();
};

constexpr Family kFamilies[] = {
    {PlanColumnValues, ColumnValuesTypes},
    {PlanTextValues, TextValuesTypes},
    {PlanRows, RowsTypes},
    {PlanAggregates, AggregatesTypes},
    {PlanDistinctValues, DistinctValuesTypes},
    {PlanTable, TableTypes},
    {PlanSql, SqlTypes},
};

bool IsTableType(const std::string& type) {
  const std::vector<std::string> types = TableTypes();
  return std::find(types.begin(), types.end(), type) != types.end();
}

}  // namespace

Plan PlanExpectation(const Expectation& expectation, const TableShape& shape) {
  RequireKnown(expectation);
  for (const Family& family : kFamilies) {
    std::optional<Plan> plan = family.plan(expectation, shape);
    if (!plan) continue;
    const std::string condition = expectation.kwargs.GetString("row_condition");
    if (!condition.empty() && !IsTableType(expectation.type)) {
      plan->filter = RowConditionSql(condition, shape.columns);
    }
    return *std::move(plan);
  }
  throw Unimplemented("Expectation type is not supported: {}", expectation.type);
}

std::vector<std::string> SupportedExpectations() {
  std::vector<std::string> all;
  for (const Family& family : kFamilies) {
    const std::vector<std::string> types = family.types();
    all.insert(all.end(), types.begin(), types.end());
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace millwright::quality

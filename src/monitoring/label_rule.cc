#include "monitoring/label_rule.h"

#include <fmt/format.h>

#include "base/enum_names.h"
#include "base/error.h"
#include "monitoring/prediction.h"

namespace millwright::monitoring {
namespace {

constexpr std::pair<ModelTask, std::string_view> kTasks[] = {
    {ModelTask::kNone, "none"},
    {ModelTask::kBinary, "binary"},
    {ModelTask::kRegression, "regression"},
};

}  // namespace

std::string_view ModelTaskName(ModelTask task) {
  return NameOf(kTasks, task);
}

ModelTask ParseModelTask(std::string_view name) {
  if (name.empty()) return ModelTask::kNone;
  const auto task = FindNamed(kTasks, name);
  if (task && *task != ModelTask::kNone) return *task;
  throw InvalidArgument("There is no task {}. There are binary, regression", name)
      .WithField("task");
}

std::optional<std::string> ProbabilitySql(const LabelRule& rule,
                                          const std::vector<analytics::Column>& columns) {
  const std::string name = kOutputPrefix + rule.probability_output;
  for (const analytics::Column& column : columns) {
    const bool number = column.type == analytics::ColumnType::kDouble ||
                        column.type == analytics::ColumnType::kInteger;
    if (column.name == name && number) return analytics::QuoteName(name);
  }
  return std::nullopt;
}

std::string ActualSql(const LabelRule& rule) {
  return "(CASE WHEN outcome IS NOT NULL THEN CASE WHEN outcome >= 0.5 THEN 1.0 ELSE 0.0 END "
         "WHEN outcome_text IS NOT NULL THEN CASE WHEN outcome_text = " +
         analytics::QuoteText(rule.positive_label) + " THEN 1.0 ELSE 0.0 END END)";
}

std::string TruthSql(const LabelRule& rule, ModelTask task) {
  if (task != ModelTask::kRegression) return ActualSql(rule);
  return "(CASE WHEN isfinite(outcome) THEN CAST(outcome AS DOUBLE) END)";
}

std::string IsBinarySql(const std::string& answer) {
  return fmt::format(
      "bool_and({0} BETWEEN 0 AND 1 AND (outcome IS NULL OR outcome BETWEEN 0 AND 1)) FILTER "
      "(WHERE isfinite({0}))",
      answer);
}

ModelTask FindTask(analytics::Session& session, const std::string& table, const LabelRule& rule) {
  const auto answer = ProbabilitySql(rule, session.Describe("SELECT * FROM " + table));
  if (!answer || rule.task != ModelTask::kNone) return answer ? rule.task : ModelTask::kNone;
  const analytics::Table found = session.Query("SELECT " + IsBinarySql(*answer) + " FROM " + table);
  if (found.IsNull(0, 0)) return ModelTask::kNone;
  return found.Text(0, 0) == "true" ? ModelTask::kBinary : ModelTask::kRegression;
}

}  // namespace millwright::monitoring

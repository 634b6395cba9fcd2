#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analytics/session.h"

// What a model's answers mean, and how they are held against what really happened.
namespace millwright::monitoring {

// What the answers are: probabilities of one of two classes, or other numbers.
enum class ModelTask { kNone, kBinary, kRegression };
std::string_view ModelTaskName(ModelTask task);
// Throws kInvalidArgument naming the field `task`; an empty name is kNone.
ModelTask ParseModelTask(std::string_view name);

// Which outputs and outcomes say what was predicted.
struct LabelRule {
  // The output that is judged: P(positive), or the number of a regression.
  std::string probability_output = "probability";
  double threshold = 0.5;
  std::string positive_label = "true";  // of outcomes that are text; numbers count from 0.5 on
  ModelTask task = ModelTask::kNone;    // found out from the answers where nobody says (FindTask)
  auto operator<=>(const LabelRule&) const = default;
};

// The column of the answers quoted, if the predictions have it as a number.
std::optional<std::string> ProbabilitySql(const LabelRule& rule,
                                          const std::vector<analytics::Column>& columns);
// 1, 0 or NULL by the outcome; over the columns of KnownPredictionsSql.
std::string ActualSql(const LabelRule& rule);
// What really happened as the task takes it: ActualSql, or the number itself of a regression.
std::string TruthSql(const LabelRule& rule, ModelTask task);
// Whether answers and outcomes all lie between 0 and 1: TRUE, FALSE, or NULL without answers.
std::string IsBinarySql(const std::string& answer);
// What the rule says, or what the rows of a table say: probabilities where no answer and no outcome
// lies outside of 0 to 1. kNone for a table without answers.
ModelTask FindTask(analytics::Session& session, const std::string& table, const LabelRule& rule);

}  // namespace millwright::monitoring

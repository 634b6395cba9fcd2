#include "monitoring/known_predictions.h"

#include <fmt/format.h>

namespace millwright::monitoring {

using analytics::QuoteName;
using analytics::QuoteText;

namespace {

// Numbers in one spelling, so that the text 17 finds the input 17.0.
std::string ComparableSql(const std::string& value) {
  return "coalesce(CAST(TRY_CAST(" + value + " AS DOUBLE) AS VARCHAR), CAST(" + value +
         " AS VARCHAR))";
}

// Orders outcomes by time, then as they were recorded, as one number: a row of both takes twice as
// long to compare.
constexpr std::string_view kNewestSql = "CAST(time_ms AS HUGEINT) * 9223372036854775808 + sequence";

// The newest outcome of a kind of each prediction.
std::string NewestOutcomesSql(const LogSnapshot& snapshot, OutcomeKind kind) {
  // The values of one row each, also where they are NULL: as one struct they take twice as long.
  std::string sql = "(SELECT prediction_id";
  for (const char* column : {"number", "text", "comment", "time_ms"}) {
    sql += fmt::format(", arg_max_null({0}, {1}) AS {0}", column, kNewestSql);
  }
  return sql + " FROM " + OutcomesByIdSql(snapshot, kind) + " GROUP BY prediction_id)";
}

}  // namespace

std::string OutcomesByIdSql(const LogSnapshot& snapshot, OutcomeKind kind) {
  const std::string is_kind =
      kind == OutcomeKind::kFeedback ? "kind = 'feedback'" : "kind IS DISTINCT FROM 'feedback'";
  const std::string columns = "number, text, comment, time_ms, sequence";
  std::string sql = "SELECT prediction_id, " + columns + " FROM " + snapshot.outcomes + " WHERE " +
                    is_kind + " AND key_input IS NULL";
  for (const std::string& input : snapshot.traits.key_inputs) {
    const std::string column = QuoteName(kInputPrefix + input);
    // The predictions may lack the input.
    sql +=
        " UNION ALL SELECT p.id, k.number, k.text, k.comment, k.time_ms, k.sequence FROM "
        "(SELECT * FROM " +
        snapshot.outcomes + " WHERE " + is_kind + " AND key_input = " + QuoteText(input) +
        ") k JOIN (SELECT id, event_time_ms, " + column + " AS key FROM (SELECT * FROM " +
        snapshot.predictions + " UNION ALL BY NAME SELECT CAST(NULL AS VARCHAR) AS " + column +
        " WHERE FALSE)) p ON " + ComparableSql("k.key_value") + " = " + ComparableSql("p.key") +
        " AND p.event_time_ms <= k.time_ms AND p.event_time_ms >= k.time_ms - k.within_ms";
  }
  return "(" + sql + ")";
}

LogSnapshot Only(const LogSnapshot& snapshot, std::string predictions, std::string outcomes) {
  LogSnapshot only;
  only.predictions = std::move(predictions);
  only.outcomes = std::move(outcomes);
  only.traits = snapshot.traits;
  return only;
}

std::string OutcomesOf(const std::string& predictions, const LogSnapshot& snapshot) {
  const bool has_keys = !snapshot.traits.key_inputs.empty();
  return "(SELECT * FROM " + snapshot.outcomes + " WHERE " +
         (has_keys ? "key_input IS NOT NULL OR " : "") + "prediction_id IN (SELECT id FROM " +
         predictions + "))";
}

LogSnapshot Narrowed(const LogSnapshot& snapshot, const TimeRange& happened) {
  if (happened == TimeRange()) return Only(snapshot, snapshot.predictions, snapshot.outcomes);
  const std::string predictions =
      fmt::format("(SELECT * FROM {} WHERE event_time_ms >= {} AND event_time_ms < {})",
                  snapshot.predictions, happened.from_ms, happened.to_ms);
  return Only(snapshot, predictions, OutcomesOf(predictions, snapshot));
}

std::string KnownPredictionsSql(const LogSnapshot& snapshot) {
  const bool has_feedback = snapshot.traits.has_feedback;
  const std::string feedback =
      has_feedback ? "f.number AS feedback, f.text AS feedback_text, f.comment "
                     "AS feedback_comment, f.time_ms AS feedback_time_ms"
                   : "CAST(NULL AS DOUBLE) AS feedback, CAST(NULL AS VARCHAR) AS feedback_text, "
                     "CAST(NULL AS VARCHAR) AS feedback_comment, CAST(NULL AS BIGINT) AS "
                     "feedback_time_ms";
  std::string sql =
      "(SELECT p.*, o.number AS outcome, o.text AS outcome_text, "
      "o.time_ms AS outcome_time_ms, " +
      feedback + " FROM " + snapshot.predictions + " p LEFT JOIN " +
      NewestOutcomesSql(snapshot, OutcomeKind::kLabel) + " o ON p.id = o.prediction_id";
  if (has_feedback) {
    sql += " LEFT JOIN " + NewestOutcomesSql(snapshot, OutcomeKind::kFeedback) +
           " f ON p.id = f.prediction_id";
  }
  return sql + ")";
}

std::string JoinedSql(const LogSnapshot& snapshot) {
  std::string columns = "id, event_time_ms";
  std::string with_keys = "SELECT * FROM " + snapshot.predictions;
  for (const std::string& input : snapshot.traits.key_inputs) {
    const std::string column = QuoteName(kInputPrefix + input);
    columns += ", " + column;
    // The predictions may lack the input.
    with_keys += " UNION ALL BY NAME SELECT CAST(NULL AS VARCHAR) AS " + column + " WHERE FALSE";
  }
  const std::string few =
      "(SELECT " + columns + " FROM (" + with_keys + ") WHERE role <> 'shadow')";
  return KnownPredictionsSql(Only(snapshot, few, snapshot.outcomes));
}

}  // namespace millwright::monitoring

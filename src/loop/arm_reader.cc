#include "loop/arm_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "monitoring/prediction_reader.h"

namespace millwright::loop {
namespace {

using analytics::Column;
using analytics::ColumnType;
using analytics::QuoteName;
using analytics::QuoteText;
using analytics::Session;
using analytics::Table;

constexpr char kRows[] = "arm_rows";

bool IsNumber(const Column& column) {
  return column.type == ColumnType::kDouble || column.type == ColumnType::kInteger;
}

bool HasColumn(const std::vector<Column>& columns, std::string_view name) {
  return std::any_of(columns.begin(), columns.end(),
                     [&](const Column& column) { return column.name == name; });
}

// Beyond this a figure's square would drown all others, or be no number.
constexpr char kLossMax[] = "1e75";

// What a figure is of a regression's row: NaN where either number is out of all measure, so that
// one absurd outcome is seen and does not make the others unreadable.
std::string ResidualSql(const std::string& figure, const std::string& prediction) {
  return fmt::format(
      "CASE WHEN {0} IS NULL OR outcome IS NULL THEN NULL WHEN abs({0}) <= {1} AND abs(outcome) "
      "<= {1} THEN {2} ELSE CAST('nan' AS DOUBLE) END",
      prediction, kLossMax, figure);
}

// What a figure is of a probability's row: NaN where the answer is none, or what happened is
// neither of two classes, as in minutes that somebody takes for probabilities.
std::string OfProbabilitySql(const std::string& figure, const std::string& probability) {
  return fmt::format(
      "CASE WHEN {0} NOT BETWEEN 0 AND 1 OR outcome NOT BETWEEN 0 AND 1 THEN CAST('nan' AS DOUBLE) "
      "ELSE {1} END",
      probability, figure);
}

// The loss of one row; NULL where its outcome is not known.
std::string LossSql(const Policy& policy, const std::vector<Column>& columns) {
  const auto output = monitoring::ProbabilitySql(policy.label, columns);
  if (!policy.worse.loss || !output) return "CAST(NULL AS DOUBLE)";
  const std::string& p = *output;
  const std::string y = monitoring::ActualSql(policy.label);
  const std::string clamped = "least(greatest(" + p + ", 1e-15), 1 - 1e-15)";
  switch (policy.worse.loss->kind) {
    case LossKind::kError:
      return fmt::format(
          "CASE WHEN {} IS NULL OR {} IS NULL THEN NULL WHEN ({} >= {}) = ({} = 1) "
          "THEN 0.0 ELSE 1.0 END",
          p, y, p, Json(policy.label.threshold).Dump(), y);
    case LossKind::kBrier:
      return OfProbabilitySql(fmt::format("({} - {}) * ({} - {})", p, y, p, y), p);
    case LossKind::kLogLoss:
      return OfProbabilitySql(
          fmt::format("CASE WHEN {} = 1 THEN -ln({}) WHEN {} = 0 THEN -ln(1 - {}) END", y, clamped,
                      y, clamped),
          p);
    case LossKind::kAbsoluteError:
      return ResidualSql(fmt::format("abs({} - outcome)", p), p);
    case LossKind::kSquaredError:
      return ResidualSql(fmt::format("({} - outcome) * ({} - outcome)", p, p), p);
  }
  return "CAST(NULL AS DOUBLE)";
}

std::string IsFiniteSql(const std::string& value) {
  return fmt::format("coalesce(isfinite({}), TRUE)", value);
}

statistics::ArmMoments MomentsAt(const Table& table, size_t row, size_t first) {
  statistics::ArmMoments moments{.count = table.Int(row, first)};
  if (moments.count == 0) return moments;
  moments.mean = table.Double(row, first + 1);  // NULL is NaN
  moments.variance = moments.count < 2 ? 0 : table.Double(row, first + 2);
  return moments;
}

std::string MomentsSql(const std::string& value, const std::string& when) {
  return fmt::format(
      "count({0}) FILTER (WHERE {1}), avg({0}) FILTER (WHERE {1}), var_samp({0}) FILTER (WHERE "
      "{1})",
      value, when);
}

// Of a column `loss`.
std::string LossMomentsSql() {
  return MomentsSql("loss", "error = '' AND " + IsFiniteSql("loss"));
}

// Counts answers without a number where the other answers have one. A column that neither arm
// fills, as of an earlier version, says nothing.
void CountMissingNumbers(Session& session, const std::vector<Column>& columns, Arms* arms) {
  std::vector<std::string> outputs;
  for (const Column& column : columns) {
    if (!column.name.starts_with(monitoring::kOutputPrefix) || outputs.size() == kOutputsMax) {
      continue;
    }
    // A list of numbers is its text; NaN and infinities are words in it.
    const std::string name = QuoteName(column.name);
    outputs.push_back(IsNumber(column)
                          ? "isfinite(" + name + ")"
                          : fmt::format("({0} IS NOT NULL AND NOT (starts_with(CAST({0} AS VARCHAR)"
                                        ", '[') AND regexp_matches(CAST({0} AS VARCHAR), "
                                        "'NaN|Infinity')))",
                                        name));
  }
  if (outputs.empty()) return;
  std::string sql = "SELECT is_candidate, count(*)";
  for (const std::string& output : outputs) {
    sql += ", count(*) FILTER (WHERE coalesce(" + output + ", FALSE))";
  }
  const Table table = session.Query(sql + " FROM " + kRows + " WHERE error = '' GROUP BY 1");
  for (size_t output = 0; output < outputs.size(); ++output) {
    int64_t filled = 0;
    for (size_t row = 0; row < table.row_count(); ++row) filled += table.Int(row, 2 + output);
    if (filled == 0) continue;
    for (size_t row = 0; row < table.row_count(); ++row) {
      ArmFigures& arm = std::get<bool>(table.At(row, 0)) ? arms->candidate : arms->live;
      arm.not_numbers = std::max(arm.not_numbers, table.Int(row, 1) - table.Int(row, 2 + output));
    }
  }
  // A candidate whose every number is missing fills no column.
  if (table.row_count() == 0) return;
  for (size_t row = 0; row < table.row_count(); ++row) {
    int64_t filled = 0;
    for (size_t output = 0; output < outputs.size(); ++output) filled += table.Int(row, 2 + output);
    ArmFigures& arm = std::get<bool>(table.At(row, 0)) ? arms->candidate : arms->live;
    if (filled == 0) arm.not_numbers = table.Int(row, 1);
  }
}

}  // namespace

Arms MeasureArms(Session& session, const std::string& predictions, const Policy& policy,
                 const ArmsQuery& query) {
  const std::vector<Column> all = session.Describe("SELECT * FROM " + predictions);
  const std::string role = query.is_shadow ? "shadow" : "canary";
  const std::string is_candidate =
      fmt::format("(role = '{}' AND model_version = {})", role, QuoteText(query.candidate_version));
  const std::string is_live =
      fmt::format("(role = 'live' AND model_version = {})", QuoteText(query.live_version));
  session.Execute(fmt::format(
      "CREATE OR REPLACE TEMP TABLE {} AS SELECT {} AS is_candidate, * FROM {} WHERE time_ms >= {} "
      "AND ({} OR {}){}",
      kRows, is_candidate, predictions, query.since_ms, is_candidate, is_live,
      HasColumn(all, "cached") ? " AND NOT coalesce(cached, FALSE)" : ""));
  const std::vector<Column> columns = session.Describe(std::string("SELECT * FROM ") + kRows);
  const Table table = session.Query(fmt::format(
      "SELECT is_candidate, count(*), count(*) FILTER (WHERE error <> ''), {}, {}, count(*) FILTER "
      "(WHERE error = '' AND NOT {}) FROM (SELECT *, {} AS loss FROM {}) GROUP BY 1",
      MomentsSql("ln(latency_us)", "error = '' AND latency_us > 0"), LossMomentsSql(),
      IsFiniteSql("loss"), LossSql(policy, columns), kRows));
  Arms arms;
  for (size_t row = 0; row < table.row_count(); ++row) {
    ArmFigures& arm = std::get<bool>(table.At(row, 0)) ? arms.candidate : arms.live;
    arm.requests = table.Int(row, 1);
    arm.errors = table.Int(row, 2);
    arm.log_latency = MomentsAt(table, row, 3);
    arm.loss = MomentsAt(table, row, 6);
    arm.losses_not_numbers = table.Int(row, 9);
  }
  CountMissingNumbers(session, columns, &arms);
  return arms;
}

statistics::ArmMoments MeasureLoss(Session& session, const std::string& predictions,
                                   const Policy& policy) {
  const auto columns = session.Describe("SELECT * FROM " + predictions);
  return MomentsAt(
      session.Query(fmt::format("SELECT {} FROM (SELECT *, {} AS loss FROM {})", LossMomentsSql(),
                                LossSql(policy, columns), predictions)),
      0, 0);
}

Arms ArmReader::Measure(const Policy& policy, const ArmsQuery& query) {
  log_.Flush();
  const monitoring::LogCounts counts = log_.Counts(query.endpoint);
  const std::string key = fmt::format(
      "{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", query.endpoint, query.candidate_version,
      query.live_version, query.is_shadow, query.since_ms,
      policy.worse.loss ? LossKindName(policy.worse.loss->kind) : "",
      policy.label.probability_output, policy.label.threshold, policy.label.positive_label);
  std::lock_guard lock(mutex_);
  Known& known = known_[policy.model];
  if (known.query == key && known.counts == counts) return known.arms;
  const monitoring::LogSnapshot snapshot =
      log_.Open(query.endpoint, {.asked = {.from_ms = query.since_ms}});
  const std::string table =
      policy.worse.loss ? monitoring::KnownPredictionsSql(snapshot) : snapshot.predictions;
  known = {key, counts, MeasureArms(*session_.operator->(), table, policy, query)};
  return known.arms;
}

}  // namespace millwright::loop

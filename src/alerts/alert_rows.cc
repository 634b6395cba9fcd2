#include "alerts/alert_rows.h"

#include "alerts/sql.h"
#include "base/error.h"

namespace millwright::alerts {

using storage::Connection;
using storage::Row;

std::string_view PhaseName(AlertPhase phase) {
  switch (phase) {
    case AlertPhase::kPending:
      return "pending";
    case AlertPhase::kFiring:
      return "firing";
    case AlertPhase::kResolved:
      return "resolved";
  }
  return "";
}

AlertPhase ParsePhase(std::string_view text) {
  for (const auto phase : {AlertPhase::kPending, AlertPhase::kFiring, AlertPhase::kResolved})
    if (text == PhaseName(phase)) return phase;
  throw InvalidArgument("phase must be pending, firing or resolved, not \"{}\"", text)
      .WithField("phase");
}

Alert ReadAlert(const Row& row) {
  Alert alert;
  alert.id = AlertId(row.Text(0));
  alert.rule = row.Text(1);
  alert.labels = LabelsFromJson(ParseJson(row.Text(2)));
  alert.severity = row.Text(3);
  alert.phase = ParsePhase(row.Text(4));
  alert.value = row.OptionalDouble(5);
  alert.threshold = row.OptionalDouble(6);
  alert.summary = row.Text(7);
  alert.annotations = LabelsFromJson(ParseJson(row.Text(8)));
  alert.cause = ParseJson(row.Text(9));
  alert.from_monitor = row.Int(10) != 0;
  alert.flapping = row.Int(11) != 0;
  alert.pending_ms = row.Int(12);
  alert.fired_ms = row.OptionalInt(13);
  alert.resolved_ms = row.OptionalInt(14);
  alert.seen_ms = row.Int(15);
  if (const auto who = row.OptionalText(16))
    alert.acknowledged = {*who, row.OptionalText(17).value_or(""), row.OptionalInt(18).value_or(0)};
  return alert;
}

Silence ReadSilence(const Row& row) {
  return {.id = SilenceId(row.Text(0)),
          .matchers = MatchersFromJson(ParseJson(row.Text(1)), "matchers"),
          .starts_ms = row.Int(2),
          .ends_ms = row.Int(3),
          .who = row.Text(4),
          .comment = row.Text(5),
          .created_ms = row.Int(6),
          .expired_by = row.OptionalText(7).value_or("")};
}

void InsertAlert(Connection& connection, const Alert& alert) {
  connection.Execute(
      sql::kInsertAlert,
      {alert.id.str(), alert.rule, LabelsJson(alert.labels).Dump(), alert.severity,
       std::string(PhaseName(alert.phase)), storage::Optional(alert.value),
       storage::Optional(alert.threshold), alert.summary, LabelsJson(alert.annotations).Dump(),
       alert.cause.Dump(), int64_t{alert.from_monitor}, alert.pending_ms,
       storage::Optional(alert.fired_ms), alert.seen_ms});
}

void ChangeAlert(Connection& connection, const Alert& alert) {
  connection.Execute(sql::kChangeAlert, {alert.id.str(), std::string(PhaseName(alert.phase)),
                                         storage::Optional(alert.value), alert.summary,
                                         LabelsJson(alert.annotations).Dump(), alert.cause.Dump(),
                                         int64_t{alert.flapping}, storage::Optional(alert.fired_ms),
                                         storage::Optional(alert.resolved_ms), alert.seen_ms});
}

void AppendTimeline(Connection& connection, const AlertId& alert, const TimelineEntry& entry) {
  connection.Execute(sql::kAppendTimeline,
                     {alert.str(), entry.time_ms, entry.what, entry.who, entry.note});
}

}  // namespace millwright::alerts

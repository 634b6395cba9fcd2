#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alerts/labels.h"
#include "base/id.h"
#include "base/json.h"

namespace millwright::alerts {

using AlertId = Id<struct RuleAlertTag>;
using SilenceId = Id<struct SilenceTag>;

inline constexpr int64_t kAlertsPageMax = 1'000;
inline constexpr int64_t kTimelineMax = 500;
inline constexpr int64_t kSilencesMax = 1'000;  // that have not ended
inline constexpr size_t kNoteBytesMax = 2'000;
inline constexpr int64_t kSilenceMsMax = 366LL * 86'400'000;
inline constexpr int64_t kAlertsKeptMs = 90LL * 86'400'000;  // after they were resolved

enum class AlertPhase { kPending, kFiring, kResolved };
std::string_view PhaseName(AlertPhase phase);
// Reads "pending", "firing" or "resolved". Throws kInvalidArgument.
AlertPhase ParsePhase(std::string_view text);

struct Acknowledgement {
  std::string who;
  std::string note;
  int64_t time_ms = 0;
};

// Something that is too much, from its first sign until it is well again. Times are of the wall
// clock.
struct Alert {
  AlertId id;
  std::string rule;
  Labels labels;  // of the series and of the rule, with rule, severity
  std::string severity;
  AlertPhase phase = AlertPhase::kPending;
  std::optional<double> value;
  std::optional<double> threshold;
  std::string summary;
  Labels annotations;
  // What caused it, by kind of link: {"monitor": …, "window": {…}, "rows": …, "page": …}.
  Json cause;
  bool from_monitor = false;  // raised by a monitor's own thresholds; `id` is that alert's
  bool flapping = false;
  int64_t pending_ms = 0;  // when it began
  std::optional<int64_t> fired_ms;
  std::optional<int64_t> resolved_ms;
  int64_t seen_ms = 0;  // when the value was
  std::optional<Acknowledgement> acknowledged;
};

struct TimelineEntry {
  int64_t time_ms = 0;
  std::string what;  // pending, firing, flapping, resolved, acknowledged, notified, …
  std::string who;
  std::string note;
};

// Until it ends, alerts that all of its matchers match are told to nobody.
struct Silence {
  SilenceId id;
  Matchers matchers;
  int64_t starts_ms = 0;
  int64_t ends_ms = 0;
  std::string who;
  std::string comment;
  int64_t created_ms = 0;
  std::string expired_by;  // who ended it before its time, empty for nobody

  bool IsActive(int64_t now_ms) const { return starts_ms <= now_ms && now_ms < ends_ms; }
};

struct AlertSearch {
  std::optional<AlertPhase> phase;
  bool with_pending = true;
  std::string rule;               // empty: any
  std::string severity;           // empty: any
  int64_t before_ms = INT64_MAX;  // where a page begins: the pending_ms and the id of the last one
  std::string before_id;
  int64_t limit = 100;
};

}  // namespace millwright::alerts

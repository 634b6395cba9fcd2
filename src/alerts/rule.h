#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alerts/expression.h"
#include "base/json.h"

namespace millwright::alerts {

inline constexpr int64_t kRulesMax = 1'000;
inline constexpr size_t kRuleNameBytesMax = 120;
// The rules of alerts that monitors raise by their own thresholds: monitor.drift, ….
inline constexpr std::string_view kMonitorRules = "monitor.";
inline constexpr size_t kAlertsOfRuleMax =
    500;  // of one rule at a time; more are left out, counted
inline constexpr size_t kLabelsOfRuleMax = 30;
inline constexpr size_t kTextBytesMax = 4'000;  // of an annotation

// How a value is held to the threshold; kAny: whatever the expression has is too much, as in
// Prometheus' own rules.
enum class Comparison { kAny, kAbove, kAtLeast, kBelow, kAtMost };
std::string_view ComparisonWord(Comparison comparison);  // above, at_least, below, at_most
std::string_view ComparisonSign(Comparison comparison);  // >, >=, <, <=

// What happens to an alert whose series are not there: it stays what it was (for a day at most), it
// fires, or it counts as well.
enum class NoData { kHold, kAlert, kOk };
std::string_view NoDataWord(NoData no_data);

// What is too much, for how long, and what is said then.
struct Rule {
  std::string name;
  Expression expression;
  Comparison comparison = Comparison::kAny;
  double threshold = 0;
  // A firing alert stops only beyond this: between the two it stays what it was.
  std::optional<double> resolve_at;
  int64_t for_ms = 0;          // how long it must hold before the alert fires
  int64_t keep_firing_ms = 0;  // how long it must be well before the alert is resolved
  int64_t samples_min = 0;     // a range with fewer points is no data
  NoData no_data = NoData::kHold;
  std::string severity = "warning";  // info, warning or critical; the label severity
  Labels labels;
  Labels annotations;  // texts with {{ $value }}, {{ $labels.NAME }} and {{ $threshold }}
  std::string runbook;
  // An alert that changes so often within a time is flapping: it stays firing, without further
  // notifications, until it was well for `calm_ms`. 0 changes: never.
  int64_t flap_changes = 6;
  int64_t flap_within_ms = 3'600'000;
  int64_t calm_ms = 1'800'000;
  bool enabled = true;

  bool Exceeds(double value) const;
  // Whether a firing alert stays firing at this value.
  bool Keeps(double value) const;
  Json ToJson() const;
  // Throws kInvalidArgument with the path of what is wrong as the field, "annotations.summary".
  // Names of series and labels are held to the table (series.h); what is nearest is told.
  static Rule FromJson(const Json& json);
};

// The expression with its comparison, as a rule of Prometheus has it.
std::string PrometheusExpression(const Rule& rule);
// Rules as a rule file of Prometheus (2.42 or later), in YAML.
std::string PrometheusRules(const std::vector<Rule>& rules, std::string_view group);

// Fills a template in: {{ $value }}, {{ $threshold }}, {{ $labels.NAME }} and their filters
// humanize, humanizePercentage, humanizeDuration and printf "%.3f". Throws kInvalidArgument for
// anything else in braces.
struct TemplateValues {
  double value = 0;
  double threshold = 0;
  const Labels& labels;
};
std::string FillTemplate(std::string_view text, const TemplateValues& values);

}  // namespace millwright::alerts

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alerts/rule.h"

namespace millwright::alerts {

// Of one metric in /metrics; further ones are left out and counted in
// millwright_metrics_left_out.
inline constexpr size_t kLabelSetsOfMetricMax = 2'000;

// One metric of this program. The one table from which docs/reference/series.md, the rules in
// deploy/prometheus and the dashboards in deploy/grafana are written, against which rules are
// checked, and to which a test holds what /metrics really says.
struct Series {
  std::string_view name;
  std::string_view type;    // counter, gauge or histogram
  std::string_view labels;  // separated by spaces
  std::string_view unit;    // of Grafana's: short, s, bytes, percentunit, dateTimeFromNow
  std::string_view topic;   // the heading and the dashboard that it belongs to
  std::string_view help;
};

std::span<const Series> AllSeries();
// The row of a name; of a histogram also by its _bucket, _sum and _count. nullptr for none.
const Series* FindSeries(std::string_view name);
// Whether a series that is asked for by `name` may have a label; le belongs to buckets, instance to
// what other processes say.
bool HasLabel(const Series& series, std::string_view name, std::string_view label);
// The name that is most like a mistyped one, empty for none.
std::string NearestSeries(std::string_view name);

// Rules that suit most servers: deploy/alerts/millwright.yaml, and in Prometheus' words
// deploy/prometheus/millwright.rules.yaml.
std::string_view DefaultRulesText();
std::vector<Rule> DefaultRules();

// The pages that are written of the table.
std::string SeriesPage();
// A file of deploy/, by its path below it.
struct DeployFile {
  std::string path;
  std::string text;
};
std::vector<DeployFile> DeployFiles();

}  // namespace millwright::alerts

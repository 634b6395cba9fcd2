#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analytics/session.h"
#include "drift/drift_report.h"

// The comparison that Evidently's DataDriftPreset makes, for reports that are to agree with it.
namespace millwright::drift {

struct EvidentlyOptions {
  std::vector<std::string> columns;      // all that can be compared when empty
  std::vector<std::string> numeric;      // columns that are numbers whatever they look like
  std::vector<std::string> categorical;  // and those that are categories
  // Tests by their names (statistics::DriftTests) instead of the default rule.
  std::string numeric_method, categorical_method;
  std::map<std::string, std::string> methods;  // by column
  std::map<std::string, double> thresholds;    // by column
  double drift_share = 0.5;
  // Keeps the distribution of every column for a chart.
  bool has_distributions = false;
};

// Compares two tables with the same columns, reading both, one column at a time. Numbers with at
// most ten distinct whole values, booleans and text are categories; a text column of which more
// than half of the values are distinct is "not applicable", as Evidently's test for those has no
// fixed outcome; times are left out. A test that the values do not define is "not applicable" too.
// Throws kInvalidArgument for an unknown column or test.
DriftReport CompareAsEvidently(analytics::Session& session, const std::string& reference,
                               const std::string& current, const EvidentlyOptions& options = {});

// The report in the JSON shape of Evidently 0.7: metrics and tests. The ids are our own.
Json EvidentlyJson(const DriftReport& report);
// The shape before 0.7: metrics with DatasetDriftMetric and DataDriftTable, whose results have
// drift_by_columns.
Json LegacyEvidentlyJson(const DriftReport& report);

}  // namespace millwright::drift

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "drift/feature_drift.h"
#include "drift/together.h"

namespace millwright::drift {

// A whole comparison of a table with a reference.
struct DriftReport {
  std::string preset;  // "millwright" or "evidently"
  std::string reference;
  std::string current;
  int64_t reference_rows = 0;
  int64_t current_rows = 0;
  // The share of the columns from which on the table as a whole has drifted; 0 stands for any.
  double drift_share = 0;
  std::vector<FeatureDrift> features;
  std::vector<Distribution> distributions;  // of some or all features, by name
  std::optional<Together> together;         // where all columns were looked at at once

  int64_t drifted() const;
  int64_t missing() const;  // columns that the reference has and the table lacks
  double share() const;     // drifted of all
  // Enough columns have, or the sides can be told apart by all together.
  bool has_drifted() const;

  const Distribution* FindDistribution(const std::string& feature) const;
  // Millwright's own form, without distributions.
  Json ToJson() const;
};

}  // namespace millwright::drift

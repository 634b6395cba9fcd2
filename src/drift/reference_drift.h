#pragma once

#include <map>
#include <string>
#include <vector>

#include "analytics/session.h"
#include "drift/feature_drift.h"
#include "drift/reference.h"
#include "quality/profile.h"

// Has the data changed? Rows against what was saved of a reference.
namespace millwright::drift {

struct DriftOptions {
  double psi_threshold = 0.2;
  // Of embeddings: how far the middle may move, in the unit of how far a point is from it.
  double embedding_threshold = 0.1;
  std::map<std::string, double> psi_thresholds;  // by feature, instead of the two above
  int64_t rows_min = 200;
  // When set, a difference must also be one that chance makes rarely: what share of the columns
  // that are called drifted may be wrongly so (Benjamini and Hochberg).
  std::optional<double> false_discovery_rate;
};

// Compares the columns of a table with those of a profile that it was given as a reference: PSI
// over the profile's deciles, with bins for values below, above and missing, or over its most
// frequent values, with bins for all others and for missing. One scan for all numbers, one grouping
// a categorical column. Fewer than rows_min rows are "not enough data".
std::vector<FeatureDrift> CompareWithReference(analytics::Session& session,
                                               const std::string& table,
                                               const quality::Profile& reference,
                                               const DriftOptions& options = {});

// Millwright's own preset: how far a column has moved (PSI) must pass a floor, or what the
// reference's own periods vary by, whichever is more; and chance must not explain it. A reference
// with a season is taken at the places in the season where the table's rows are. Also compares what
// is observed of times and texts, their words, and embeddings by how far their middle has moved.
DriftOptions MillwrightPreset();
std::vector<FeatureDrift> CompareWithReference(analytics::Session& session,
                                               const std::string& table, const Reference& reference,
                                               const DriftOptions& options);

// Draws both sides of a column of the profile over the same bins.
Distribution CompareDistribution(analytics::Session& session, const std::string& table,
                                 const quality::ColumnProfile& reference);

}  // namespace millwright::drift

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analytics/session.h"
#include "quality/profile.h"

// Has the data changed? Live rows against a saved profile.
namespace millwright::drift {

struct DriftOptions {
  double psi_threshold = 0.2;
  std::map<std::string, double> psi_thresholds;  // by feature, instead of the above
  int64_t rows_min = 200;
};

enum class DriftStatus { kMeasured, kNotEnoughData, kMissingColumn };
std::string_view DriftStatusName(DriftStatus status);

struct FeatureDrift {
  std::string name;
  std::string type;
  std::string method = "psi";
  std::optional<double> score;  // absent unless measured
  double threshold = 0;
  bool drifted = false;
  DriftStatus status = DriftStatus::kMeasured;
};

// Compares the columns of a table with those of a profile that it was given as a reference: PSI
// over the profile's deciles, with bins for values below, above and missing, or over its most
// frequent values, with bins for all others and for missing. One scan for all numbers, one grouping
// a categorical column. Fewer than rows_min rows are "not enough data".
std::vector<FeatureDrift> CompareWithReference(analytics::Session& session,
                                               const std::string& table,
                                               const quality::Profile& reference,
                                               const DriftOptions& options = {});

// How one feature is distributed in the reference and in a table, for a chart: shares of the
// present values. Either `edges` (one more than the shares) or `categories` is filled. What lies
// outside of the reference's range is counted in the first or last bin.
struct Distribution {
  std::string feature;
  std::vector<double> edges;
  std::vector<std::string> categories;
  std::vector<double> reference;
  std::vector<double> current;
};
Distribution CompareDistribution(analytics::Session& session, const std::string& table,
                                 const quality::ColumnProfile& reference);

}  // namespace millwright::drift

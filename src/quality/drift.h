#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analytics/session.h"
#include "quality/profile.h"

// Has the data changed? Two-sample measures in Evidently's and SciPy's definitions on raw samples,
// and the measure that monitoring takes: live rows against a saved profile.
namespace millwright::quality {

// --- Measures over shares or counts. Both sides have the same bins. ---

// Population stability index with Evidently's filling of empty bins: 0.0001, or a millionth of the
// smallest share where that is 0.0001 or less.
double Psi(std::span<const int64_t> reference, std::span<const int64_t> current);
// Jensen–Shannon distance: the square root of the divergence in natural logarithms.
double JensenShannonDistance(std::span<const int64_t> reference, std::span<const int64_t> current);
struct TestResult {
  double statistic = 0;
  double p_value = 1;
};
// Chi-square of the current counts against the reference's shares. A value that the reference lacks
// gives an infinite statistic and p = 0; a single common value gives p = 1 (SciPy: not a number).
TestResult ChiSquare(std::span<const int64_t> reference, std::span<const int64_t> current);

// --- Measures over raw samples: finite numbers in any order. An empty side throws. ---

// The area between the two distribution functions over max(standard deviation of the reference,
// 0.001), as Evidently scales it.
double WassersteinNormed(std::span<const double> reference, std::span<const double> current);
enum class KsMethod { kAuto, kExact, kAsymptotic };
// Two-sided Kolmogorov–Smirnov; kAuto is exact up to kKsExactMax rows a side.
inline constexpr size_t kKsExactMax = 10'000;
TestResult KolmogorovSmirnov(std::span<const double> reference, std::span<const double> current,
                             KsMethod method = KsMethod::kAuto);

// Counts of both samples in Evidently's bins: Sturges' equal widths over both samples where the
// reference has more than 20 distinct values, else one bin a value. `integers` says that both
// samples are of an integer type, whose bins numpy makes at least 1 wide.
struct BinnedSamples {
  std::vector<double> edges;  // empty where bins are values
  std::vector<int64_t> reference;
  std::vector<int64_t> current;
};
BinnedSamples BinSamples(std::span<const double> reference, std::span<const double> current,
                         bool integers);

// --- Live rows against a saved profile. ---

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
                                               const std::string& table, const Profile& reference,
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
                                 const ColumnProfile& reference);

}  // namespace millwright::quality

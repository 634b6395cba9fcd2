#include "statistics/drift_tests.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "statistics/count_tests.h"
#include "statistics/distances.h"
#include "statistics/distribution_tests.h"
#include "statistics/moment_tests.h"
#include "statistics/rank_tests.h"

namespace millwright::statistics {
namespace {

constexpr int64_t kSmallReferenceRows = 1000;
constexpr size_t kFewValues = 5;
constexpr int kPermutations = 1000;

using Measure = double (*)(Counts, Counts);

// Evidently's bins for numbers, values for all else.
template <Measure measure>
double Binned(const ColumnPair& pair) {
  if (pair.kind == ColumnKind::kCategorical) {
    return measure(pair.reference_counts, pair.current_counts);
  }
  const BinnedSamples binned = BinSamples(pair.reference, pair.current, pair.type);
  return measure(binned.reference, binned.current);
}

double NaturalJensenShannon(Counts reference, Counts current) {
  return JensenShannonDistance(reference, current);
}

double HellingerOf(const ColumnPair& pair) {
  if (pair.kind == ColumnKind::kCategorical) {
    return Hellinger(pair.reference_counts, pair.current_counts);
  }
  const BinnedSamples binned = BinDistinct(pair.reference, pair.current);
  return Hellinger(binned.reference, binned.current);
}

double WassersteinOf(const ColumnPair& pair) {
  return WassersteinNormed(pair.reference, pair.current);
}
double EnergyOf(const ColumnPair& pair) {
  return EnergyDistance(pair.reference, pair.current);
}
double KolmogorovSmirnovOf(const ColumnPair& pair) {
  return KolmogorovSmirnov(pair.reference, pair.current).p_value;
}
double AndersonOf(const ColumnPair& pair) {
  return AndersonDarling(pair.reference, pair.current).p_value;
}
double CramerVonMisesOf(const ColumnPair& pair) {
  return CramerVonMises(pair.reference, pair.current).p_value;
}
double EppsSingletonOf(const ColumnPair& pair) {
  return EppsSingleton(pair.reference, pair.current).p_value;
}
double MannWhitneyOf(const ColumnPair& pair) {
  return MannWhitney(pair.reference, pair.current, {.alternative = Alternative::kLess}).p_value;
}
double StudentOf(const ColumnPair& pair) {
  return StudentT(pair.reference, pair.current).p_value;
}

double ChiSquareOf(const ColumnPair& pair) {
  return ChiSquareFit(pair.reference_counts, pair.current_counts).p_value;
}

// Evidently gives the raw counts to a test that wants sums of one size.
double GOf(const ColumnPair& pair) {
  if (pair.reference_rows() != pair.current_rows()) {
    throw FailedPrecondition("g_test needs as many rows on both sides: {} and {}",
                             pair.reference_rows(), pair.current_rows());
  }
  return GFit(pair.reference_counts, pair.current_counts).p_value;
}

double ZOf(const ColumnPair& pair) {
  return ProportionsZ(pair.reference_counts.front(), pair.reference_rows(),
                      pair.current_counts.front(), pair.current_rows())
      .p_value;
}

double FisherOf(const ColumnPair& pair) {
  if (pair.reference_counts.size() > 2) {
    throw FailedPrecondition("fisher_exact needs at most two values, not {}",
                             pair.reference_counts.size());
  }
  if (pair.reference_rows() != pair.current_rows()) {
    throw FailedPrecondition("fisher_exact needs as many rows on both sides: {} and {}",
                             pair.reference_rows(), pair.current_rows());
  }
  const int64_t first = pair.reference_counts.front(), other = pair.current_counts.front();
  return FisherExact({first, pair.reference_rows() - first, other, pair.current_rows() - other})
      .p_value;
}

double PermutedOf(const ColumnPair& pair) {
  return PermutedTotalVariation(pair.reference_counts, pair.current_counts, kPermutations, 0)
      .p_value;
}

constexpr auto kDistance = ScoreKind::kDistance;
constexpr auto kPValue = ScoreKind::kPValue;

constexpr DriftTest kTests[] = {
    {"psi", "PSI", kDistance, DriftWhen::kAtLeast, 0.1, true, true, Binned<Psi>},
    {"jensenshannon", "Jensen-Shannon distance", kDistance, DriftWhen::kAtLeast, 0.1, true, true,
     Binned<NaturalJensenShannon>},
    {"kl_div", "Kullback-Leibler divergence", kDistance, DriftWhen::kAtLeast, 0.1, true, true,
     Binned<KullbackLeiblerFilled>},
    {"hellinger", "Hellinger distance", kDistance, DriftWhen::kAtLeast, 0.1, true, true,
     HellingerOf},
    {"wasserstein", "Wasserstein distance (normed)", kDistance, DriftWhen::kAtLeast, 0.1, true,
     false, WassersteinOf},
    {"ed", "Energy-distance", kDistance, DriftWhen::kAbove, 0.1, true, false, EnergyOf},
    {"ks", "K-S p_value", kPValue, DriftWhen::kAtMost, 0.05, true, false, KolmogorovSmirnovOf},
    {"anderson", "Anderson-Darling test (p_value)", kPValue, DriftWhen::kBelow, 0.1, true, false,
     AndersonOf},
    {"cramer_von_mises", "Cramer-von Mises (p_value)", kPValue, DriftWhen::kAtMost, 0.1, true,
     false, CramerVonMisesOf},
    {"es", "Epps-Singleton (p_value)", kPValue, DriftWhen::kBelow, 0.05, true, false,
     EppsSingletonOf},
    {"mannw", "Mann-Whitney U-rank test (p_value)", kPValue, DriftWhen::kBelow, 0.05, true, false,
     MannWhitneyOf},
    {"t_test", "T-test (p_value)", kPValue, DriftWhen::kBelow, 0.05, true, false, StudentOf},
    {"chisquare", "chi-square p_value", kPValue, DriftWhen::kBelow, 0.05, true, true, ChiSquareOf},
    {"g_test", "G-test (p_value)", kPValue, DriftWhen::kBelow, 0.1, false, true, GOf},
    {"z", "Z-test p_value", kPValue, DriftWhen::kBelow, 0.05, true, true, ZOf},
    {"fisher_exact", "Fisher's Exact test (p_value)", kPValue, DriftWhen::kBelow, 0.1, false, true,
     FisherOf},
    {"TVD", "Total-Variation-Distance (p_value)", kPValue, DriftWhen::kBelow, 0.1, false, true,
     PermutedOf},
};

std::vector<int64_t> CountsOf(const BinnedSamples& binned, bool current) {
  return current ? binned.current : binned.reference;
}

}  // namespace

ColumnPair NumericPair(std::vector<double> reference, std::vector<double> current, ValueType type) {
  ColumnPair pair;
  pair.type = type;
  if (!reference.empty() && !current.empty()) {
    const BinnedSamples binned = BinByValue(reference, current);
    pair.reference_counts = CountsOf(binned, false);
    pair.current_counts = CountsOf(binned, true);
  }
  pair.reference = std::move(reference);
  pair.current = std::move(current);
  return pair;
}

std::span<const DriftTest> DriftTests() {
  return kTests;
}

const DriftTest& FindDriftTest(std::string_view name) {
  std::string names;
  for (const DriftTest& test : kTests) {
    if (test.name == name) return test;
    names += (names.empty() ? "" : ", ") + std::string(test.name);
  }
  throw InvalidArgument("Unknown drift test: {}. There are {}", name, names);
}

double MeasureDrift(const DriftTest& test, const ColumnPair& pair) {
  const bool known = pair.kind == ColumnKind::kNumeric ? test.numeric : test.categorical;
  if (!known) {
    throw InvalidArgument("{} is not for {} columns", test.name,
                          pair.kind == ColumnKind::kNumeric ? "numeric" : "categorical");
  }
  if (pair.reference_counts.empty() || pair.reference_rows() == 0 || pair.current_rows() == 0) {
    throw InvalidArgument("A side has no values");
  }
  return test.measure(pair);
}

bool IsDrift(const DriftTest& test, double score, std::optional<double> threshold) {
  const double limit = threshold.value_or(test.threshold);
  switch (test.when) {
    case DriftWhen::kAtLeast:
      return score >= limit;
    case DriftWhen::kAbove:
      return score > limit;
    case DriftWhen::kAtMost:
      return score <= limit;
    case DriftWhen::kBelow:
      break;
  }
  return score < limit;
}

const DriftTest& EvidentlyDefault(const ColumnPair& pair) {
  const size_t values = pair.reference_counts.size();
  const bool small = pair.reference_rows() <= kSmallReferenceRows;
  if (pair.kind == ColumnKind::kNumeric && values > kFewValues) {
    return FindDriftTest(small ? "ks" : "wasserstein");
  }
  if (!small) return FindDriftTest("jensenshannon");
  return FindDriftTest(values > 2 ? "chisquare" : "z");
}

}  // namespace millwright::statistics

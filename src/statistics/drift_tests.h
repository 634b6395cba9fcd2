#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "statistics/histogram.h"
#include "statistics/sample.h"

// The tests of drift by the names, definitions and thresholds of Evidently 0.7, and its rule of
// which test a column gets.
namespace millwright::statistics {

enum class ColumnKind { kNumeric, kCategorical };

// The present rows of a column in a reference and in what is compared with it. Missing values and
// infinities have been dropped from both sides.
struct ColumnPair {
  ColumnKind kind = ColumnKind::kNumeric;
  ValueType type = ValueType::kReal;
  std::vector<double> reference;  // numbers; empty for text
  std::vector<double> current;
  // Rows of each distinct value of either side, the smallest value first.
  std::vector<int64_t> reference_counts;
  std::vector<int64_t> current_counts;

  int64_t reference_rows() const { return Total(reference_counts); }
  int64_t current_rows() const { return Total(current_counts); }
};
// Fills the counts of a pair of numbers.
ColumnPair NumericPair(std::vector<double> reference, std::vector<double> current, ValueType type);

// How a score is held against the threshold.
enum class DriftWhen { kAtLeast, kAbove, kAtMost, kBelow };
enum class ScoreKind { kDistance, kPValue };

struct DriftTest {
  std::string_view name;   // Evidently's: "psi", "ks", …
  std::string_view title;  // what its reports call it
  ScoreKind score = ScoreKind::kDistance;
  DriftWhen when = DriftWhen::kAtLeast;
  double threshold = 0.1;
  bool numeric = true;  // kinds of column that it is defined for
  bool categorical = true;
  double (*measure)(const ColumnPair& pair) = nullptr;
};

std::span<const DriftTest> DriftTests();
// Throws kInvalidArgument with the names that there are.
const DriftTest& FindDriftTest(std::string_view name);

// The score of a test. Throws kFailedPrecondition where the samples do not define it and
// kInvalidArgument for an empty side or a test that is not for this kind of column.
double MeasureDrift(const DriftTest& test, const ColumnPair& pair);
bool IsDrift(const DriftTest& test, double score, std::optional<double> threshold = {});

// The test that Evidently takes when none is named. It is chosen by the rows of the reference and
// by the distinct values of both sides.
const DriftTest& EvidentlyDefault(const ColumnPair& pair);

}  // namespace millwright::statistics

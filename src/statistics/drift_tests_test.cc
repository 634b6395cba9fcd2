#include "statistics/drift_tests.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "base/error.h"
#include "statistics/test_golden.h"

namespace millwright::statistics {
namespace {

// Rows of evidently_stattests that are judged otherwise here, by "test reference".
const std::map<std::string, std::string> kDifferences = {
    {"chisquare edge_cases:cat_constant_same:reference",
     "SciPy gives NaN for a single common value; nothing has changed, so p is 1 here"},
    {"cramer_von_mises edge_cases:n2_vs_n2:reference",
     "Evidently's integers overflow; SciPy has a value, and so do we"},
    {"cramer_von_mises edge_cases:with_nan:reference", "the same"},
    {"cramer_von_mises edge_cases:with_inf:reference", "the same"},
    {"cramer_von_mises edge_cases:n5:reference",
     "Evidently divides in half precision: 0.0079345703125 for 2/252, which SciPy has"},
    {"cramer_von_mises edge_cases:n20_no_ties:reference",
     "the same in single precision; SciPy's value is ours"},
};

// A row as measured here: a score, or nothing where the test does not apply.
std::optional<double> Measure(const DriftTest& test, const ColumnPair& pair) {
  try {
    return MeasureDrift(test, pair);
  } catch (const Error&) {
    return std::nullopt;
  }
}

double Tolerance(const std::string& test, const DriftTest& named) {
  if (test == "es") return 1e-6;
  return named.score == ScoreKind::kPValue ? 1e-7 : 1e-9;
}

bool Agrees(const Json& row, const DriftTest& test, const std::optional<double>& score) {
  if (row.Has("error")) return !score.has_value();
  const double expected = NumberOf(row.At("drift_score"));
  if (std::isnan(expected)) return !score.has_value();
  if (!score) return false;
  // 1 − Φ loses what is below a double's last digit of 1, and so does 1 minus a sum.
  if (test.name == "z" && std::abs(expected - *score) < 1e-12) return true;
  if (test.name == "cramer_von_mises" && std::abs(expected - *score) < 1e-14) return true;
  if (test.name == "TVD") return std::abs(expected - *score) <= 0.05;
  return IsNear(expected, *score, Tolerance(std::string(test.name), test));
}

TEST(DriftTests, AgreeWithEvidently) {
  Golden golden;
  int compared = 0;
  for (const Json& row : golden.Rows("evidently_stattests")) {
    const std::string name = row.GetString("test");
    const ColumnPair pair = golden.Pair(row);
    const DriftTest& test = name == "any" ? FindDriftTest("psi") : FindDriftTest(name);
    const std::optional<double> score = Measure(test, pair);
    const bool listed = kDifferences.count(name + " " + row.GetString("reference")) > 0;
    EXPECT_EQ(Agrees(row, test, score), !listed) << row.Dump() << " " << score.value_or(NAN);
    if (!row.Has("error") && !listed) {
      EXPECT_EQ(IsDrift(test, score.value_or(1)) && score, row.GetBool("drifted")) << row.Dump();
      EXPECT_EQ(row.At("threshold_default").AsDouble(), test.threshold);
    }
    ++compared;
  }
  EXPECT_EQ(compared, 942);
}

TEST(DriftTests, AreChosenAsEvidentlyChooses) {
  Golden golden;
  for (const Json& row : golden.Rows("evidently_stattests")) {
    if (!row.GetBool("default_for_this_column")) continue;
    EXPECT_EQ(EvidentlyDefault(golden.Pair(row)).name, row.GetString("test")) << row.Dump();
  }
}

TEST(DriftTests, RefuseUnknownNamesAndColumnsOfAnotherKind) {
  EXPECT_THROW(FindDriftTest("psy"), Error);
  ColumnPair pair;
  pair.kind = ColumnKind::kCategorical;
  pair.reference_counts = {1, 2};
  pair.current_counts = {2, 1};
  EXPECT_THROW(MeasureDrift(FindDriftTest("ks"), pair), Error);
}

}  // namespace
}  // namespace millwright::statistics

#include "drift/reference_drift.h"

#include <gtest/gtest.h>

namespace millwright::drift {
namespace {

using quality::Profile;
using quality::ProfileTable;

class ReferenceDrift : public ::testing::Test {
 protected:
  ReferenceDrift() {
    session_.Execute(
        "CREATE TABLE reference AS SELECT (range * 7919 % 1000)::DOUBLE AS x, "
        "['a','b','c'][1 + range % 3] AS s, range % 5 AS few FROM range(10000)");
    profile_ = ProfileTable(session_, "reference");
  }
  analytics::Session session_;
  Profile profile_;
};

TEST_F(ReferenceDrift, SeesNoneInTheSameRowsAndMuchInOthers) {
  for (const FeatureDrift& feature : CompareWithReference(session_, "reference", profile_)) {
    ASSERT_TRUE(feature.score) << feature.name;
    EXPECT_NEAR(*feature.score, 0, 1e-12) << feature.name;
    EXPECT_FALSE(feature.drifted);
  }
  const std::string moved =
      "(SELECT x + 400 AS x, CASE WHEN s = 'a' THEN 'new' ELSE s END AS s, NULL::BIGINT AS few "
      "FROM reference)";
  for (const FeatureDrift& feature : CompareWithReference(session_, moved, profile_)) {
    EXPECT_TRUE(feature.drifted) << feature.name;
  }
}

TEST_F(ReferenceDrift, MatchesWholeNumbersOfAnotherType) {
  const auto features =
      CompareWithReference(session_, "(SELECT x, s, few::DOUBLE AS few FROM reference)", profile_);
  EXPECT_NEAR(*features[2].score, 0, 1e-12);
}

TEST_F(ReferenceDrift, SaysWhenThereIsNotEnoughDataOrNoColumn) {
  const auto features =
      CompareWithReference(session_, "(SELECT x, s FROM reference LIMIT 10)", profile_);
  EXPECT_EQ(features[0].status, DriftStatus::kNotEnoughData);
  EXPECT_FALSE(features[0].score);
  EXPECT_FALSE(features[0].drifted);
  EXPECT_EQ(features[2].status, DriftStatus::kMissingColumn);
}

TEST_F(ReferenceDrift, DrawsBothDistributionsOverTheSameBins) {
  const Distribution numbers =
      CompareDistribution(session_, "(SELECT x + 900 AS x FROM reference)", *profile_.Find("x"));
  ASSERT_EQ(numbers.edges.size(), numbers.reference.size() + 1);
  ASSERT_EQ(numbers.current.size(), numbers.reference.size());
  EXPECT_GT(numbers.current.back(), 0.9);
  const Distribution texts = CompareDistribution(session_, "reference", *profile_.Find("s"));
  EXPECT_EQ(texts.categories, (std::vector<std::string>{"a", "b", "c", "(other)"}));
  EXPECT_NEAR(texts.current[0], 0.3334, 1e-9);
  EXPECT_EQ(texts.current, texts.reference);
}

}  // namespace
}  // namespace millwright::drift

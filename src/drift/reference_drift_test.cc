#include "drift/reference_drift.h"

#include <gtest/gtest.h>

#include "base/error.h"

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

TEST_F(ReferenceDrift, ReadsWhatWasSaved) {
  const Reference reference =
      MakeReference(session_,
                    "(SELECT *, TIMESTAMP '2024-01-01' + to_hours(n) AS t FROM (SELECT *, "
                    "row_number() OVER () AS n FROM reference))",
                    {.time_column = "t", .season = Season::kHour, .period = Period::kDay});
  EXPECT_EQ(Reference::FromJson(reference.ToJson()).ToJson(), reference.ToJson());
  EXPECT_THROW(Reference::FromJson(Json::Of({{"profile", Json()}})), Error);
}

// Chance alone makes a fifth of columns of 200 rows pass the floor of 0.1; judged one by one at 5 %
// two of 40 would be wrong, together hardly any.
TEST_F(ReferenceDrift, DoesNotCallChanceDrift) {
  session_.Execute("SELECT setseed(0.42)");
  std::string columns;
  for (int i = 0; i < 40; ++i) columns += "random() AS c" + std::to_string(i) + ", ";
  session_.Execute("CREATE TABLE wide AS SELECT " + columns + "range AS n FROM range(20000)");
  const Reference reference =
      MakeReference(session_, "(SELECT * EXCLUDE (n) FROM wide WHERE n < 10000)");
  int64_t passed_floor = 0, drifted = 0;
  for (int window = 0; window < 10; ++window) {
    const std::string rows =
        "(SELECT * FROM wide WHERE n >= " + std::to_string(10000 + 200 * window) + " AND n < " +
        std::to_string(10200 + 200 * window) + ")";
    for (const FeatureDrift& feature :
         CompareWithReference(session_, rows, reference, MillwrightPreset())) {
      passed_floor += *feature.score >= feature.threshold;
      drifted += feature.drifted;
    }
  }
  EXPECT_GT(passed_floor, 4) << "the floor alone is not enough";
  EXPECT_LE(drifted, 1);
}

TEST_F(ReferenceDrift, ComparesTextByLengthAndWords) {
  session_.Execute(
      "CREATE TABLE texts AS SELECT 'order ' || range || ' ' || ['shipped','late','lost'][1 + "
      "range "
      "% 3] AS body FROM range(2000)");
  const Reference reference = MakeReference(session_, "texts");
  ASSERT_EQ(reference.vocabularies.size(), 1u);
  const auto same = CompareWithReference(session_, "texts", reference, MillwrightPreset());
  ASSERT_EQ(same.size(), 4u);
  for (const FeatureDrift& feature : same) EXPECT_FALSE(feature.drifted) << feature.name;
  const auto other = CompareWithReference(
      session_, "(SELECT 'Bestellung storniert' || range AS body FROM range(2000))", reference,
      MillwrightPreset());
  EXPECT_EQ(other[2].name, "body:oov");
  EXPECT_TRUE(other[2].drifted);
  EXPECT_EQ(other[3].name, "body:vocabulary");
  EXPECT_TRUE(other[3].drifted);
  EXPECT_EQ(other[3].note.substr(0, 5), "100.0") << other[3].note;
}

TEST_F(ReferenceDrift, ComparesTimesByHourAndWeekday) {
  session_.Execute(
      "CREATE TABLE times AS SELECT TIMESTAMP '2024-01-01' + to_minutes(7 * range) AS t FROM "
      "range(20000)");
  const Reference reference = MakeReference(session_, "times");
  const auto later = CompareWithReference(session_, "(SELECT t + INTERVAL 70 DAY AS t FROM times)",
                                          reference, MillwrightPreset());
  ASSERT_EQ(later.size(), 2u);
  for (const FeatureDrift& feature : later) EXPECT_FALSE(feature.drifted) << feature.name;
  const auto nights = CompareWithReference(session_, "(SELECT t FROM times WHERE hour(t) < 6)",
                                           reference, MillwrightPreset());
  EXPECT_TRUE(nights[0].drifted);
  EXPECT_FALSE(nights[1].drifted);
}

// A day's night against all hours is drift for who does not know of hours.
TEST_F(ReferenceDrift, TakesTheReferenceAtTheSameHours) {
  session_.Execute(
      "CREATE TABLE load AS SELECT TIMESTAMP '2024-01-01' + to_minutes(10 * range) AS t, "
      "10 * sin(2 * pi() * range / 144) + (range * 7919 % 100) / 50.0 AS v FROM range(40000)");
  const std::string nights = "(SELECT * FROM load WHERE hour(t) BETWEEN 1 AND 4 LIMIT 1000)";
  const auto naive = CompareWithReference(
      session_, nights, MakeReference(session_, "load", {.columns = {"v"}}), MillwrightPreset());
  EXPECT_TRUE(naive[0].drifted);
  const Reference hourly = MakeReference(
      session_, "load", {.columns = {"v"}, .time_column = "t", .season = Season::kHour});
  EXPECT_FALSE(CompareWithReference(session_, nights, hourly, MillwrightPreset())[0].drifted);
  const std::string hotter = "(SELECT t, v + 5 AS v FROM " + nights + ")";
  EXPECT_TRUE(CompareWithReference(session_, hotter, hourly, MillwrightPreset())[0].drifted);
}

}  // namespace
}  // namespace millwright::drift

#include "monitoring/window_quality.h"

#include <gtest/gtest.h>

#include <cmath>

#include "monitoring/monitor_reference.h"

namespace millwright::monitoring {
namespace {

class WindowQualityTest : public testing::Test {
 protected:
  WindowQualityTest() {
    // Height and weight go together; the colour has four values, one of them rare.
    session_.Execute(
        "CREATE TABLE past AS SELECT 170 + 10 * z AS height, 70 + 10 * z + 2 * y AS weight, "
        "CASE WHEN range % 5000 = 1 THEN 'teal' ELSE ['red', 'green', 'blue'][1 + range % 3] END "
        "AS "
        "colour, (range % 2 = 0) AS member, 7.0 AS always, 'note ' || range AS note FROM (SELECT "
        "range, sqrt(-2 * ln((hash(range) % 99991 + 1) / 99992.0)) * cos(2 * pi() * (hash(range + "
        "1000000) % 99991) / 99991.0) AS z, (hash(range + 2000000) % 1000) / 500.0 - 1 AS y FROM "
        "range(20000))");
    reference_ = MonitorReference::FromJson(
        ParseJson(MakeMonitorReference(session_, "past", MonitorSpec(), "").ToJson().Dump()));
  }

  // Rows of inputs, as the log would have them.
  WindowQuality Measure(const std::string& rows, QualityRules rules = {},
                        const RowDistance* distance = nullptr) {
    for (const auto& feature : reference_.drift.features) {
      rules.known_columns.insert(feature.column);
    }
    rules.known_columns.insert("note");
    session_.Execute(
        "CREATE OR REPLACE TABLE live AS SELECT row_number() OVER () AS __row, 'p' || "
        "row_number() OVER () AS id, * FROM (" +
        rows + ")");
    return WindowQuality::FromJson(
        monitoring::MeasureQuality(session_, "live", ProfileOfColumns(reference_.drift),
                                   distance == nullptr ? reference_.distance : *distance, rules)
            .ToJson());
  }

  // The reference's own rows as the log would have them, with some of them replaced.
  static std::string Past(const std::string& replace = "") {
    return "SELECT 1000 AS event_time_ms, height AS input_height, weight AS input_weight, colour "
           "AS "
           "input_colour, member AS input_member, always AS input_always, note AS input_note"
           " FROM (SELECT " +
           (replace.empty() ? "*" : "* REPLACE (" + replace + ")") + " FROM past LIMIT 5000)";
  }

  const FeatureBreaches* Find(const WindowQuality& quality, const std::string& feature) {
    for (const auto& one : quality.breaches) {
      if (one.feature == feature) return &one;
    }
    return nullptr;
  }

  analytics::Session session_;
  MonitorReference reference_;
};

TEST_F(WindowQualityTest, TheReferencesOwnRowsAreInOrder) {
  const WindowQuality quality = Measure(Past());
  EXPECT_EQ(quality.rows, 5000);
  EXPECT_TRUE(quality.breaches.empty()) << quality.ToJson().Dump();
  EXPECT_TRUE(quality.new_columns.empty());
  // One in a thousand, and the rare colour's one row in 5,000.
  EXPECT_LT(quality.outliers, 15);
}

TEST_F(WindowQualityTest, CountsWhatEachFeatureMayNotBe) {
  const WindowQuality quality = Measure(Past(
      "CASE WHEN rowid < 100 THEN NULL WHEN rowid < 130 THEN 1000 WHEN rowid < 140 THEN "
      "'inf'::DOUBLE "
      "ELSE height END AS height, CASE WHEN rowid < 7 THEN 'mauve' ELSE colour END AS colour"));
  ASSERT_EQ(quality.breaches.size(), 2u) << quality.ToJson().Dump();
  EXPECT_EQ(Find(quality, "height")->missing, 100);
  EXPECT_EQ(Find(quality, "height")->out_of_range, 40);
  EXPECT_EQ(Find(quality, "colour")->new_category, 7);
  EXPECT_GE(quality.outliers, 40);
}

TEST_F(WindowQualityTest, SaysWhichColumnsAreGoneNewConstantOrOfAnotherType) {
  const WindowQuality quality = Measure(
      "SELECT 1000 AS event_time_ms, 'tall' AS input_height, 70.0 AS input_weight, 'red' AS "
      "input_colour, 0.5 AS input_member, CAST(NULL AS DOUBLE) AS input_always, 1 AS input_extra "
      "FROM range(50)");
  EXPECT_EQ(Find(quality, "height")->type_changed, 50);
  EXPECT_TRUE(Find(quality, "weight")->is_constant);
  EXPECT_TRUE(Find(quality, "colour")->is_constant);
  EXPECT_EQ(Find(quality, "member")->type_changed, 50);
  EXPECT_TRUE(Find(quality, "always")->is_absent);
  EXPECT_EQ(quality.new_columns, std::vector<std::string>{"extra"});
  EXPECT_EQ(quality.stale_features(), 4) << quality.ToJson().Dump();
}

TEST_F(WindowQualityTest, FeaturesThatAreOldAreStale) {
  QualityRules rules;
  rules.feature_times = {{"height", "height_at"}, {"weight", "weight_at"}};
  rules.stale_after_ms = 3'600'000;
  const std::string at =
      ", CASE WHEN rowid < 10 THEN 1700000000000 - 7200000 ELSE 1700000000000 - "
      "60000 END AS input_height_at, '2023-11-14T22:00:00' AS input_weight_at";
  session_.Execute(
      "CREATE OR REPLACE TABLE timed AS SELECT 1700000000000 AS event_time_ms, height AS "
      "input_height, weight AS input_weight, colour AS input_colour, member AS "
      "input_member, always AS input_always" +
      at + " FROM past LIMIT 1000");
  const WindowQuality quality = Measure("SELECT * FROM timed", rules);
  ASSERT_EQ(quality.breaches.size(), 1u) << quality.ToJson().Dump();
  EXPECT_EQ(Find(quality, "height")->stale, 10);
  EXPECT_TRUE(quality.new_columns.empty()) << "the times are no features";
  // Two hours before 22:00 of Greenwich.
  session_.Execute("UPDATE timed SET input_weight_at = '2023-11-14T22:00:00+02:00'");
  EXPECT_EQ(Find(Measure("SELECT * FROM timed", rules), "weight")->stale, 1000);
}

TEST_F(WindowQualityTest, PairsThatNeverGoTogetherAreFarAndTheWorstAreListed) {
  const WindowQuality quality =
      Measure(Past("CASE WHEN rowid = 4 THEN 185.0 WHEN rowid = 9 THEN 400.0 ELSE height END AS "
                   "height, CASE WHEN "
                   "rowid = 4 THEN 55.0 ELSE weight END AS weight"));
  ASSERT_GE(quality.worst.size(), 2u);
  EXPECT_EQ(quality.worst[0].id, "p10");
  EXPECT_EQ(quality.worst[0].value, "400.0");
  EXPECT_EQ(quality.worst[1].id, "p5") << "tall and light: neither alone is rare";
  EXPECT_GT(quality.worst[1].distance, 1);
  // A profile alone does not know that, and knows what is beyond all that it has seen.
  const RowDistance alone = RowDistance::OfProfile(reference_.drift.profile);
  const WindowQuality less = Measure("SELECT * EXCLUDE (__row, id) FROM live", {}, &alone);
  EXPECT_EQ(less.worst[0].id, "p10");
  EXPECT_EQ(less.outliers, 2) << "and the rare colour";
}

TEST_F(WindowQualityTest, LivesWithOddWindows) {
  EXPECT_EQ(Measure(Past() + " LIMIT 0").rows, 0);
  const WindowQuality one = Measure(Past() + " LIMIT 1", {.rows_min = 10});
  EXPECT_EQ(one.rows, 1);
  EXPECT_TRUE(one.breaches.empty()) << "one row is not constant";
  const WindowQuality nulls = Measure(
      "SELECT 1000 AS event_time_ms, CAST(NULL AS DOUBLE) AS input_height, CAST(NULL AS VARCHAR) "
      "AS "
      "input_colour FROM range(30)");
  EXPECT_EQ(Find(nulls, "height")->missing, 30);
  EXPECT_TRUE(Find(nulls, "height")->is_absent);
  EXPECT_EQ(nulls.outliers, 0);
  // A million values in a column that had four.
  const WindowQuality many = Measure(
      "SELECT 1000 AS event_time_ms, 170.0 AS input_height, 70.0 AS input_weight, 'c' || range AS "
      "input_colour, true AS input_member, 7.0 AS input_always FROM range(1000000)");
  EXPECT_EQ(Find(many, "colour")->new_category, 1'000'000);
  EXPECT_EQ(many.outliers, 1'000'000);
  EXPECT_EQ(many.worst.size(), kWorstRowsMax);
}

TEST_F(WindowQualityTest, FindsTheRowsOfABreachAgain) {
  const WindowQuality quality = Measure(Past(
      "CASE WHEN rowid < 100 THEN NULL WHEN rowid < 130 THEN 1000 ELSE height END AS height, CASE "
      "WHEN rowid < 7 THEN 'mauve' ELSE colour END AS colour"));
  const BreachConditions conditions =
      FindBreachConditions(session_.Describe("SELECT * FROM live"),
                           ProfileOfColumns(reference_.drift), {}, quality.breaches);
  const auto rows = [&](const char* feature, const char* kind) {
    const std::string sql = conditions.at(feature).at(kind);
    return session_.Query("SELECT count(*) FROM live WHERE " + sql).Int(0, 0);
  };
  EXPECT_EQ(rows("height", "missing"), 100);
  EXPECT_EQ(rows("height", "out_of_range"), 30);
  EXPECT_EQ(rows("colour", "new_category"), 7);
  EXPECT_FALSE(conditions.at("colour").contains("missing")) << "what did not happen";
}

// A day has one weekday, in the reference too.
TEST(OftenConstant, WhatIsConstantInWindowsOfTheReferenceIsNotBroken) {
  analytics::Session session;
  session.Execute(
      "CREATE TABLE past AS SELECT t, isodow(t) AS weekday, hash(range) % 7 AS dice FROM (SELECT "
      "range, TIMESTAMP '2001-06-01' + INTERVAL (range * 10) MINUTE AS t FROM range(2016))");
  MonitorSpec spec;
  spec.window_ms = kDayMs;
  spec.rows_min = 100;
  const MonitorReference reference = MonitorReference::FromJson(
      ParseJson(MakeMonitorReference(session, "past", spec, "t").ToJson().Dump()));
  EXPECT_EQ(reference.often_constant, std::set<std::string>{"weekday"});
  session.Execute(
      "CREATE TABLE live AS SELECT row_number() OVER () AS __row, 'p' || row_number() OVER () AS "
      "id, epoch_ms(t) AS event_time_ms, weekday AS input_weekday, 3 AS input_dice FROM past WHERE "
      "t < '2001-06-02'");
  QualityRules rules;
  rules.rows_min = 100;
  rules.often_constant = reference.often_constant;
  const WindowQuality quality =
      MeasureQuality(session, "live", ProfileOfColumns(reference.drift), reference.distance, rules);
  ASSERT_EQ(quality.breaches.size(), 1u) << quality.ToJson().Dump();
  EXPECT_EQ(quality.breaches[0].feature, "dice");
  EXPECT_TRUE(quality.breaches[0].is_constant);
  spec.window_ms = 7 * kDayMs;
  EXPECT_TRUE(MakeMonitorReference(session, "past", spec, "t").often_constant.empty());
}

}  // namespace
}  // namespace millwright::monitoring

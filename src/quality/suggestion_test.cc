#include "quality/suggestion.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quality/table_profiler.h"
#include "quality/validation.h"

namespace millwright::quality {
namespace {

const std::string kTests = std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/";

const Expectation* Find(const Suite& suite, const std::string& type, const std::string& column) {
  for (const Expectation& expectation : suite.expectations) {
    if (expectation.type == type && expectation.kwargs.GetString("column") == column)
      return &expectation;
  }
  return nullptr;
}

// The suite that a file's profile suggests is met by the file.
void MeetsItsOwn(const std::string& file) {
  analytics::Session session;
  session.Execute("CREATE OR REPLACE TABLE t AS SELECT * FROM " +
                  analytics::ReadFileSql(kTests + file));
  const Suggestion suggestion = SuggestSuite({ProfileWholeTable(session, "t")});
  EXPECT_LE(suggestion.suite.expectations.size(), kSuggestedRulesMax) << file;
  EXPECT_GE(suggestion.suite.expectations.size(), 5U) << file;
  const Suite suite = ParseSuiteText(suggestion.suite.ToJson().Dump());
  for (const ExpectationResult& result : Validate(session, "t", suite).results) {
    EXPECT_TRUE(result.success) << file << " " << result.ToJson().Dump();
    EXPECT_FALSE(result.expectation.meta.GetString("notes").empty());
    EXPECT_EQ(result.expectation.meta.GetDouble("passed_share"), 1)
        << file << " " << result.expectation.ToJson().Dump();
  }
}

TEST(Suggestion, IsMetByTheDataThatItIsOf) {
  for (const char* file :
       {"validation/dirty_flights.csv", "tables/penguins.csv", "tables/credit_scoring.csv",
        "tables/hotel_rates.csv.gz", "tables/nyc_weather_hourly_2013.csv.gz",
        "tables/telco_churn_7k.csv.gz", "tables/nyc_flights_2001h1.csv.gz"})
    MeetsItsOwn(file);
}

TEST(Suggestion, LeavesSlipsOutAndSaysSo) {
  analytics::Session session;
  session.Execute("CREATE TABLE t AS SELECT * FROM " +
                  analytics::ReadFileSql(kTests + "validation/dirty_flights.csv"));
  const Suite suite = SuggestSuite({ProfileWholeTable(session, "t")}).suite;
  const Expectation* origin = Find(suite, "expect_column_values_to_be_in_set", "origin");
  ASSERT_NE(origin, nullptr);
  EXPECT_EQ(origin->kwargs.At("value_set").Dump(), R"(["EWR","LGA","JFK"])");
  EXPECT_EQ(origin->kwargs.GetDouble("mostly"), 0.99);
  EXPECT_NE(origin->meta.GetString("notes").find("\"jfk\""), std::string::npos);
  EXPECT_NE(Find(suite, "expect_column_values_to_match_regex", "email"), nullptr);
  const Expectation* distance = Find(suite, "expect_column_values_to_be_between", "distance");
  ASSERT_NE(distance, nullptr);
  EXPECT_LT(distance->kwargs.GetDouble("max_value"), 99'999);
}

TableProfile Day(analytics::Session& session, int day, int64_t rows, double mean) {
  TableProfile profile = ProfileWholeTable(
      session, fmt::format("(SELECT range AS i, {} + sin(range) AS x FROM range({}))", mean, rows));
  profile.name = fmt::format("orders-2024-03-{:02}.parquet", day);
  return profile;
}

TEST(Suggestion, LearnsBoundsFromHistory) {
  analytics::Session session;
  std::vector<TableProfile> history;
  for (int day = 1; day <= 10; ++day)
    history.push_back(Day(session, day, day == 7 ? 5 : 1000 + 3 * day, 10 + 0.1 * (day % 3)));
  const Suggestion suggestion = SuggestSuite(history);
  const Expectation* rows = Find(suggestion.suite, "expect_table_row_count_to_be_between", "");
  ASSERT_NE(rows, nullptr);
  EXPECT_GT(rows->kwargs.GetInt("min_value"), 900);
  EXPECT_LT(rows->kwargs.GetInt("max_value"), 1'200);
  EXPECT_NEAR(rows->meta.GetDouble("passed_share"), 0.9, 1e-12);
  const Expectation* mean = Find(suggestion.suite, "expect_column_mean_to_be_between", "x");
  ASSERT_NE(mean, nullptr);
  EXPECT_GT(mean->kwargs.GetDouble("min_value"), 9);
  EXPECT_LT(mean->kwargs.GetDouble("max_value"), 11);
  EXPECT_NE(suggestion.suite.meta.Find("anomaly_bounds"), nullptr);
  history.resize(4);
  EXPECT_TRUE(SuggestSuite(history).bounds.empty());
}

std::vector<MetricPoint> Weeks(int weeks, double weekend) {
  std::vector<MetricPoint> points;
  for (int day = 0; day < 7 * weeks; ++day)
    points.push_back({19'723 + day, (day % 7 >= 5 ? weekend : 1000) + day % 4});  // from a Monday
  return points;
}

TEST(AnomalyBounds, TellWeekdaysApartWhereTheyDiffer) {
  const std::vector<Bounds> bounds = LearnBounds(Weeks(4, 300));
  ASSERT_EQ(bounds.size(), 7U);
  EXPECT_TRUE(bounds[0].Hold(1000));
  EXPECT_FALSE(bounds[0].Hold(300));
  EXPECT_TRUE(bounds[6].Hold(301));
  EXPECT_FALSE(bounds[6].Hold(1000));
  EXPECT_EQ(LearnBounds(Weeks(4, 1000)).size(), 1U);
  EXPECT_EQ(LearnBounds(Weeks(2, 300)).size(), 1U);
}

TEST(AnomalyBounds, AreNotMovedByASingleOutlier) {
  const auto bounds = BoundsOf({100, 101, 99, 100, 102, 98, 1e9});
  ASSERT_TRUE(bounds);
  EXPECT_EQ(bounds->median, 100);
  EXPECT_FALSE(bounds->Hold(120));
  EXPECT_TRUE(bounds->Hold(103));
  EXPECT_FALSE(BoundsOf({1, 2, 3, 4}));
  EXPECT_TRUE(BoundsOf({5, 5, 5, 5, 5})->Hold(5.1));
}

TEST(AnomalyBounds, ReadTheDayFromAName) {
  EXPECT_EQ(DayInName("orders-2024-03-01.parquet"), 19'783);
  EXPECT_EQ(DayInName("20240301.csv"), 19'783);
  EXPECT_EQ(DayInName("a_2024_03_01_b"), 19'783);
  EXPECT_FALSE(DayInName("part-20249901"));
  EXPECT_FALSE(DayInName("123456789"));
}

}  // namespace
}  // namespace millwright::quality

#include "quality/profile.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace millwright::quality {
namespace {

TEST(Profile, DescribesNumbersTextAndMissingValues) {
  analytics::Session session;
  session.Execute(
      "CREATE TABLE t AS SELECT CASE WHEN range = 7 THEN 'nan'::DOUBLE ELSE range END AS x, "
      "CASE WHEN range % 4 = 0 THEN NULL WHEN range % 4 = 1 THEN 'b' ELSE 'a' END AS s, "
      "(range % 3)::INTEGER AS few FROM range(101)");
  const Profile profile = ProfileTable(session, "t");
  EXPECT_EQ(profile.row_count, 101);
  const ColumnProfile& x = *profile.Find("x");
  EXPECT_EQ(x.type, "double");
  EXPECT_EQ(x.missing, 1);
  EXPECT_EQ(x.distinct, 100);
  EXPECT_EQ(x.min.AsDouble(), 0);
  EXPECT_EQ(x.max.AsDouble(), 100);
  EXPECT_NEAR(*x.mean, (5050 - 7) / 100.0, 1e-12);
  ASSERT_EQ(x.histogram->counts.size(), kHistogramBins);
  EXPECT_EQ(x.histogram->edges.size(), kHistogramBins + 1);
  int64_t total = 0;
  for (int64_t count : x.histogram->counts) total += count;
  EXPECT_EQ(total, 100);
  ASSERT_EQ(x.deciles->counts.size(), 10u);
  for (int64_t count : x.deciles->counts) EXPECT_EQ(count, 10);
  const ColumnProfile& s = *profile.Find("s");
  EXPECT_EQ(s.missing, 26);
  EXPECT_TRUE(s.categorical());
  ASSERT_EQ(s.top_values.size(), 2u);
  EXPECT_EQ(s.top_values[0].value.AsString(), "a");
  EXPECT_EQ(s.top_values[0].count, 50);
  EXPECT_TRUE(profile.Find("few")->categorical());
  EXPECT_EQ(profile.Find("few")->top_values.size(), 3u);
}

TEST(Profile, HasNoMoreDistinctValuesThanRows) {
  for (const int rows : {1500, 2000, 3000, 5000, 9000}) {
    analytics::Session session;
    session.Execute(fmt::format(
        "CREATE TABLE t AS SELECT range AS a, range * 7919 AS b, md5(range::VARCHAR) AS c, "
        "sqrt(range) AS d FROM range({})",
        rows));
    for (const ColumnProfile& column : ProfileTable(session, "t").columns)
      EXPECT_LE(column.distinct, rows) << column.name;
  }
}

TEST(Profile, IsTheSameAfterJson) {
  analytics::Session session;
  session.Execute(
      "CREATE TABLE t AS SELECT range * 0.37 AS x, 'v' || (range % 60) AS s, "
      "TIMESTAMP '2001-01-01' + INTERVAL (range) HOUR AS at FROM range(5000)");
  const Profile profile = ProfileTable(session, "t");
  const std::string text = profile.ToJson().Dump();
  EXPECT_EQ(Profile::FromJson(ParseJson(text)).ToJson().Dump(), text);
  EXPECT_EQ(profile.Find("s")->top_values.size(), kTopValues);
  EXPECT_LT(text.size(), 20'000u);
}

// What model versions hold as their reference since the first version.
TEST(Profile, ReadsWhatWasSavedBefore) {
  const Profile profile = Profile::FromJson(ParseJson(R"({"row_count":4,
    "quantiles_approximate":false,"columns":[
    {"name":"x","type":"double","missing":1,"distinct":3,"distinct_approximate":false,"min":1.0,
     "max":3.0,"mean":2.0,"stddev":1.0,"quantiles":{"p05":1.1,"p50":2.0},
     "histogram":{"edges":[1.0,2.0,3.0],"counts":[2,1]},
     "deciles":{"edges":[1.0,3.0],"counts":[3]}},
    {"name":"s","type":"text","missing":0,"distinct":1,"distinct_approximate":false,"min":"a",
     "max":"a","top_values":[{"value":"a","count":4}]}]})"));
  EXPECT_EQ(profile.row_count, 4);
  EXPECT_EQ(profile.Find("x")->deciles->counts, std::vector<int64_t>{3});
  EXPECT_FALSE(profile.Find("x")->categorical());
  EXPECT_EQ(profile.Find("s")->top_values[0].count, 4);
}

TEST(Profile, OfALargeTableHasNearlyEqualDeciles) {
  analytics::Session session;
  const Profile profile =
      ProfileTable(session, "(SELECT (range * 7919 % 300007)::DOUBLE AS x FROM range(300007))");
  EXPECT_TRUE(profile.quantiles_approximate);
  ASSERT_EQ(profile.columns[0].deciles->counts.size(), 10u);
  for (int64_t count : profile.columns[0].deciles->counts) EXPECT_NEAR(count, 30'000, 2'000);
}

TEST(Profile, TakesEmptyAndConstantColumns) {
  analytics::Session session;
  session.Execute(
      "CREATE TABLE t AS SELECT NULL::DOUBLE AS nothing, 5.0::DOUBLE AS same, range AS id "
      "FROM range(10)");
  const Profile profile = ProfileTable(session, "t");
  EXPECT_EQ(profile.Find("nothing")->missing, 10);
  EXPECT_FALSE(profile.Find("nothing")->histogram);
  EXPECT_EQ(profile.Find("same")->top_values.size(), 1u);
  const Profile empty = ProfileTable(session, "(SELECT * FROM t WHERE FALSE)");
  EXPECT_EQ(empty.row_count, 0);
  EXPECT_TRUE(empty.Find("id")->min.is_null());
}

}  // namespace
}  // namespace millwright::quality

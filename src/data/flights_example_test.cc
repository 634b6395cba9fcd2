#include <gtest/gtest.h>

#include <string>

#include "analytics/session.h"
#include "base/file.h"
#include "base/yaml.h"
#include "data/split.h"

namespace millwright::data {
namespace {

const std::string kFolder = std::string(MILLWRIGHT_SOURCE_DIR) + "/examples/flights/";

// Every column of the features but the outcome and the id, which a tie of departures may swap.
constexpr const char* kKnownAtDeparture =
    "* EXCLUDE (flight_id, late, outcome_known_at) FROM features_";

// The flights of four days in January, from which features.sql makes its table.
class FlightsExample : public ::testing::Test {
 protected:
  FlightsExample() {
    session_.Execute("CREATE VIEW airports AS FROM " +
                     analytics::ReadFileSql(kFolder + "data/us_airports.csv"));
    session_.Execute("CREATE TABLE all_flights AS SELECT * FROM " +
                     analytics::ReadFileSql(kFolder + "data/us_flights_2001h1.parquet") +
                     " WHERE date < TIMESTAMP '2001-01-05'");
  }
  // Makes the table features_<name> out of what `flights` selects.
  void MakeFeatures(const std::string& name, const std::string& flights,
                    const std::string& sample = "1") {
    std::string sql = ReadFile(kFolder + "features.sql");
    constexpr std::string_view kMark = "${sample}";
    for (size_t at; (at = sql.find(kMark)) != std::string::npos;)
      sql.replace(at, kMark.size(), sample);
    session_.Execute("CREATE OR REPLACE VIEW flights AS " + flights);
    session_.RequireOneSelect(sql);
    session_.Execute("CREATE TABLE features_" + name + " AS " + sql);
  }
  int64_t Count(const std::string& sql) { return session_.Query(sql).Int(0, 0); }

  analytics::Session session_;
};

TEST_F(FlightsExample, DoesNotKnowWhatHasNotLandedYet) {
  const std::string landed =
      "date + to_minutes(CAST(ceil(30 + distance / 7.5 + greatest(delay, 0)) AS BIGINT))";
  const auto changed = [&](const std::string& when) {
    return "SELECT date, CASE WHEN " + landed + when +
           " TIMESTAMP '2001-01-04 12:00' THEN delay + 500 ELSE delay END AS delay, distance, "
           "origin, destination FROM all_flights";
  };
  MakeFeatures("real", "FROM all_flights");
  MakeFeatures("other_future", changed(" >= "));
  MakeFeatures("other_past", changed(" < "));
  const std::string noon = " WHERE date_trunc('hour', departure) = TIMESTAMP '2001-01-04 12:00'";
  const auto differences = [&](const std::string& other) {
    return Count(std::string("SELECT count(*) FROM (SELECT ") + kKnownAtDeparture + "real" + noon +
                 " EXCEPT ALL SELECT " + kKnownAtDeparture + other + noon + ")");
  };
  EXPECT_GT(Count("SELECT count(*) FROM features_real" + noon), 800);
  EXPECT_EQ(differences("other_future"), 0);
  EXPECT_GT(differences("other_past"), 800);
}

TEST_F(FlightsExample, NamesEachFlightOnceAndSamplesTheSameOnes) {
  MakeFeatures("all", "FROM all_flights");
  MakeFeatures("tenth", "SELECT * FROM all_flights ORDER BY distance DESC, date", "10");
  EXPECT_EQ(Count("SELECT count(*) - count(DISTINCT flight_id) FROM features_all"), 0);
  EXPECT_EQ(Count("SELECT count(*) FROM (SELECT DISTINCT * FROM all_flights)"),
            Count("SELECT count(*) FROM features_all"));
  EXPECT_EQ(Count("SELECT count(*) FROM (FROM features_tenth EXCEPT FROM features_all)"), 0);
  EXPECT_NEAR(static_cast<double>(Count("SELECT count(*) FROM features_all")) / 10,
              static_cast<double>(Count("SELECT count(*) FROM features_tenth")), 400);
}

TEST_F(FlightsExample, NamesFeaturesThatTheTableHasAsFloats) {
  MakeFeatures("all", "FROM all_flights");
  const Json train = ParseYaml(ReadFile(kFolder + "train.yaml"));
  std::string list;
  for (const auto& feature : train.GetStrings("features"))
    list += (list.empty() ? "" : ", ") + analytics::QuoteName(feature);
  for (const auto& column : session_.Describe("SELECT " + list + " FROM features_all"))
    EXPECT_EQ(column.sql_type, "FLOAT") << column.name;
  EXPECT_EQ(session_.Describe("SELECT late FROM features_all").at(0).sql_type, "INTEGER");
}

TEST_F(FlightsExample, SplitsByAColumnThatTheTableHas) {
  MakeFeatures("all", "FROM all_flights");
  const auto spec = SplitSpec::FromJson(ParseYaml(ReadFile(kFolder + "split.yaml")));
  EXPECT_EQ(PartPredicates(spec, session_.Describe("FROM features_all")).size(), 3U);
}

}  // namespace
}  // namespace millwright::data

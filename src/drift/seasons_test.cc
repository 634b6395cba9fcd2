// Alarms on real data that only goes through its cycles. Days are dealt to the reference and to the
// current rows in turn, so nothing has changed between them but the place in the cycle.
#include <gtest/gtest.h>

#include "drift/reference_drift.h"

namespace millwright::drift {
namespace {

const std::string kData = std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/seasons/";

class Seasons : public testing::Test {
 protected:
  Seasons() {
    Load("weather", "jfk_weather_2013.csv.gz", "time_hour");
    Load("ridership", "chicago_ridership_2010_2015.csv.gz", "date");
    options_ = MillwrightPreset();
    options_.rows_min = 100;
  }

  // Even days become the current rows, odd ones the reference; `t` is the time.
  void Load(const std::string& name, const std::string& file, const std::string& time) {
    session_.Execute("CREATE TABLE " + name + " AS SELECT *, " + time + "::TIMESTAMP AS t, epoch(" +
                     time + ")::BIGINT // 86400 % 2 AS turn FROM read_csv('" + kData + file + "')");
  }

  // Features that are called drifted in the current rows that `where` picks.
  int64_t Drifted(const std::string& table, const std::vector<std::string>& columns,
                  const ReferenceOptions& options, const std::string& where) {
    ReferenceOptions how = options;
    how.columns = columns;
    const Reference reference =
        MakeReference(session_, "(SELECT * FROM " + table + " WHERE turn = 1)", how);
    int64_t drifted = 0;
    for (const FeatureDrift& feature : CompareWithReference(
             session_, "(SELECT * FROM " + table + " WHERE turn = 0 AND " + where + ")", reference,
             options_)) {
      EXPECT_EQ(feature.status, DriftStatus::kMeasured) << feature.name << feature.note;
      drifted += feature.drifted;
    }
    return drifted;
  }

  analytics::Session session_;
  DriftOptions options_;
};

const std::vector<std::string> kWeather = {"temp", "humid", "pressure", "wind_speed"};
const std::vector<std::string> kStations = {"ridership", "Clark_Lake", "Austin"};

TEST_F(Seasons, AreNoAlarmByDay) {
  const std::string afternoons = "hour(t) BETWEEN 17 AND 21";
  EXPECT_GE(Drifted("weather", kWeather, {}, afternoons), 2);
  EXPECT_EQ(Drifted("weather", kWeather, {.time_column = "t", .season = Season::kHour}, afternoons),
            0);
}

TEST_F(Seasons, AreNoAlarmByWeek) {
  const std::string weekends = "isodow(t) >= 6";
  EXPECT_EQ(Drifted("ridership", kStations, {}, weekends), 3);
  EXPECT_EQ(
      Drifted("ridership", kStations, {.time_column = "t", .season = Season::kWeekday}, weekends),
      0);
}

TEST_F(Seasons, AreNoAlarmByYear) {
  for (int month = 1; month <= 12; ++month) {
    const std::string only = "month(t) = " + std::to_string(month);
    EXPECT_GE(Drifted("weather", {"temp"}, {}, only), 1) << month;
    const ReferenceOptions monthly = {
        .time_column = "t", .season = Season::kMonth, .period = Period::kMonth};
    EXPECT_EQ(Drifted("weather", {"temp"}, monthly, only), 0) << month;
  }
}

TEST_F(Seasons, DoNotHideWhatIsNew) {
  session_.Execute("UPDATE weather SET temp = temp + 18 WHERE turn = 0");
  EXPECT_EQ(
      Drifted("weather", kWeather, {.time_column = "t", .season = Season::kHourOfWeek}, "true"), 1);
}

}  // namespace
}  // namespace millwright::drift

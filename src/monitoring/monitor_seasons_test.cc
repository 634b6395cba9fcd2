// Monitors on real data that goes through its day, its week and its year: what a user who follows
// docs/guides/monitor-a-model-served-elsewhere.md would set raises no alert on the cycles, and
// finds what is new.
#include <gtest/gtest.h>

#include "base/file.h"
#include "monitoring/monitors.h"
#include "storage/test_database.h"

namespace millwright::monitoring {
namespace {

const std::string kData = std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/seasons/";
constexpr int64_t kNow = 1'700'000'000'000;  // 2023: after all of it
constexpr int64_t kWeek = 7 * kDayMs;

class MonitorSeasonsTest : public storage::DatabaseTest {
 protected:
  MonitorSeasonsTest() {
    // Three airports that are some 30 km apart: two are what the model was trained on.
    session_.Execute(
        "CREATE TABLE jfk AS SELECT time_hour::TIMESTAMP AS t, * EXCLUDE (time_hour) "
        "FROM read_csv('" +
        kData + "jfk_weather_2013.csv.gz')");
    session_.Execute(
        "CREATE TABLE trained AS SELECT time_hour::TIMESTAMP AS t, * EXCLUDE (time_hour, "
        "origin) FROM read_csv('" +
        kData + "newark_laguardia_weather_2013.csv.gz')");
    // A row a station and day, as a model of a station's day is asked.
    session_.Execute(
        "CREATE TABLE rides AS SELECT date::TIMESTAMP AS t, station, rides FROM (UNPIVOT "
        "(SELECT * FROM read_csv('" +
        kData +
        "chicago_stations_2010_2015.csv.gz')) ON "
        "COLUMNS(* EXCLUDE (date)) INTO NAME station VALUE rides)");
  }

  // Logs the rows month by month, as they would come, with a look at them after each. Returns the
  // alerts that there were, as "feature from".
  std::vector<std::string> Watch(MonitorSpec spec, const std::string& reference,
                                 const std::string& live) {
    spec.name = spec.endpoint = "log-" + std::to_string(++logs_);
    Monitors monitors(db(), events_, clock_, log_);
    monitors.Put(spec, MakeMonitorReference(session_, reference, spec, "t"), "ana");
    const analytics::Table rows =
        session_.Query("SELECT * EXCLUDE (t), epoch_ms(t) AS ms FROM " + live + " ORDER BY t");
    const auto columns = static_cast<size_t>(rows.columns().size()) - 1;
    std::vector<Prediction> batch;
    int64_t looked_ms = rows.Int(0, columns);
    for (size_t row = 0; row < rows.row_count(); ++row) {
      Prediction prediction;
      prediction.id = spec.name + "-" + std::to_string(row);
      prediction.endpoint = spec.endpoint;
      prediction.time_ms = kNow;
      prediction.event_time_ms = rows.Int(row, columns);
      for (size_t i = 0; i < columns; ++i) {
        prediction.inputs.emplace_back(rows.columns()[i].name, ToValue(rows.ToJson(row, i)));
      }
      if (prediction.event_time_ms >= looked_ms + 28 * kDayMs) {
        looked_ms = prediction.event_time_ms;
        log_.RecordPredictions(batch);
        batch.clear();
        monitors.Evaluate();
      }
      batch.push_back(std::move(prediction));
    }
    log_.RecordPredictions(batch);
    monitors.Evaluate();
    judged_ = 0;
    for (const MonitorWindow& window : monitors.Windows(spec.name)) {
      judged_ += IsJudgedForDrift(spec, window);
    }
    std::vector<std::string> alerts;
    for (const Alert& alert : monitors.Alerts(spec.name, {}, 1000)) {
      alerts.push_back(alert.feature + " " + FormatTime(alert.window_start_ms).substr(0, 10));
    }
    std::sort(alerts.begin(), alerts.end());
    return alerts;
  }

  TempDir dir_;
  analytics::Session session_;
  ManualClock clock_{kNow};
  events::EventLog events_{db(), clock_};
  PredictionLog log_{dir_.path(), clock_};
  int logs_ = 0;
  int judged_ = 0;  // windows of the last Watch
};

using Strings = std::vector<std::string>;

// Weeks of a year of hourly weather against the same months of two airports close by; one odd week
// is weather.
MonitorSpec WeatherByTheMonth() {
  MonitorSpec spec;
  spec.window_ms = kWeek;
  spec.season = drift::Season::kMonth;
  spec.consecutive_windows = 2;
  spec.rows_min = 100;
  return spec;
}

TEST_P(MonitorSeasonsTest, AYearOfWeatherIsNoAlarm) {
  EXPECT_EQ(Watch(WeatherByTheMonth(), "trained", "jfk"), Strings());
  EXPECT_GE(judged_, 50);
  // The year is in the data: a threshold without season calls it drift all year.
  MonitorSpec plain = WeatherByTheMonth();
  plain.preset = DriftPreset::kPsi;
  plain.psi_threshold = 0.2;
  plain.season = drift::Season::kNone;
  EXPECT_GE(Watch(plain, "trained", "jfk").size(), 4u);
}

// Days are dealt to the reference and to the log in turn, so that the place in the day is all that
// differs.
TEST_P(MonitorSeasonsTest, AfternoonsAreNoAlarmForAModelOfWholeDays) {
  MonitorSpec spec = WeatherByTheMonth();
  spec.season = drift::Season::kHour;
  spec.rows_min = 15;
  const std::string days = "(SELECT * FROM jfk WHERE epoch(t)::BIGINT // 86400 % 2 = 1)";
  const std::string afternoons =
      "(SELECT * FROM jfk WHERE epoch(t)::BIGINT // 86400 % 2 = 0 AND hour(t) BETWEEN 17 AND 21)";
  EXPECT_EQ(Watch(spec, days, afternoons), Strings());
  EXPECT_GE(judged_, 40);
}

TEST_P(MonitorSeasonsTest, WarmerWeatherAndMissingValuesAreFound) {
  const std::string warmer =
      "(SELECT * REPLACE (temp + CASE WHEN t >= '2013-10-01' THEN 12 ELSE 0 END AS temp) FROM jfk)";
  EXPECT_EQ(Watch(WeatherByTheMonth(), "trained", warmer), Strings{"temp 2013-10-10"});
  const std::string gaps =
      "(SELECT * REPLACE (CASE WHEN t >= '2013-10-01' AND hour(t) % 3 = 0 THEN NULL ELSE humid END "
      "AS humid) FROM jfk)";
  EXPECT_EQ(Watch(WeatherByTheMonth(), "trained", gaps), Strings{"humid 2013-10-10"});
}

// Three years of a city's trains are the reference for the two that follow.
TEST_P(MonitorSeasonsTest, WeekendsAndHolidaysAreNoAlarm) {
  const std::string past = "(SELECT * FROM rides WHERE t < '2013-01-01')";
  const std::string live = "(SELECT * FROM rides WHERE t >= '2013-01-01' AND t < '2015-01-01')";
  MonitorSpec spec = MonitorSpec::FromJson(ParseJson(
      R"({"name": "a", "endpoint": "a", "window": "week", "season": "weekday", "rows_min": 100,
          "consecutive_windows": 2})"));
  EXPECT_EQ(Watch(spec, past, live), Strings());
  EXPECT_GE(judged_, 100);
  const std::string fewer =
      "(SELECT * REPLACE (rides * CASE WHEN t >= '2013-10-01' THEN 0.6 ELSE 1 END AS rides) FROM "
      "rides WHERE t >= '2013-06-01' AND t < '2014-01-01')";
  EXPECT_EQ(Watch(spec, past, fewer), Strings{"rides 2013-10-07"});
}

TEST_P(MonitorSeasonsTest, SingleDaysAreNoAlarm) {
  const std::string past = "(SELECT * FROM rides WHERE t < '2013-01-01')";
  const std::string live = "(SELECT * FROM rides WHERE t >= '2013-01-01' AND t < '2013-07-01')";
  MonitorSpec spec = MonitorSpec::FromJson(ParseJson(
      R"({"name": "a", "endpoint": "a", "window": "day", "season": "weekday", "rows_min": 20})"));
  EXPECT_EQ(Watch(spec, past, live), Strings());
  EXPECT_GE(judged_, 150);
  MonitorSpec plain = spec;
  plain.preset = DriftPreset::kPsi;
  plain.psi_threshold = 0.2;
  plain.season = drift::Season::kNone;
  EXPECT_GE(Watch(plain, past, live).size(), 1u);
}

// Half a year of flights. Two months are the reference for the four that follow.
TEST_P(MonitorSeasonsTest, FlightsAlarmWhereTheyChangedAndNotOnTheWeek) {
  session_.Execute(
      "CREATE TABLE flights AS SELECT date::TIMESTAMP AS t, delay, distance, origin, destination, "
      "hour(date::TIMESTAMP) * 60 + minute(date::TIMESTAMP) AS minute_of_day FROM read_parquet('" +
      std::string(MILLWRIGHT_SOURCE_DIR) +
      "/examples/flights/data/us_flights_2001h1.parquet') WHERE hash(date, origin, destination, "
      "delay) % 30 = 0");
  const std::string past = "(SELECT * FROM flights WHERE t < '2001-03-01')";
  const std::string live = "(SELECT * FROM flights WHERE t >= '2001-03-01')";
  MonitorSpec daily = MonitorSpec::FromJson(ParseJson(
      R"({"name": "a", "endpoint": "a", "window": "day", "season": "weekday", "rows_min": 300})"));
  // The blizzard of 5 and 6 March closed the airports of the north-east.
  const Strings days = Watch(daily, past, live);
  EXPECT_GE(judged_, 115);
  EXPECT_LE(days.size(), 5u);
  EXPECT_EQ(std::count(days.begin(), days.end(), "origin 2001-03-06"), 1);
  daily.consecutive_windows = 2;
  EXPECT_EQ(Watch(daily, past, live), Strings()) << "no week, and no single day";
  // From the end of April on flights were less late than in winter, for weeks.
  MonitorSpec weekly = MonitorSpec::FromJson(ParseJson(
      R"({"name": "a", "endpoint": "a", "window": "week", "rows_min": 1000,
          "consecutive_windows": 2})"));
  EXPECT_EQ(Watch(weekly, past, live), Strings{"delay 2001-04-30"});
  const auto late = [&](const char* when) {
    return session_
        .Query(std::string("SELECT avg(CAST(delay > 15 AS INT)) FROM flights WHERE t ") + when)
        .Double(0, 0);
  };
  EXPECT_LT(late("BETWEEN '2001-04-23' AND '2001-05-14'"), 0.8 * late("< '2001-03-01'"));
}

// Hundreds of windows on one database; what a database could change is tested on both elsewhere.
INSTANTIATE_TEST_SUITE_P(, MonitorSeasonsTest, ::testing::Values(storage::Dialect::kSqlite),
                         storage::DialectName);

}  // namespace
}  // namespace millwright::monitoring

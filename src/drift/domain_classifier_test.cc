#include "drift/domain_classifier.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace millwright::drift {
namespace {

const std::string kStats = std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/stats/";

std::string FileSql(const std::string& file) {
  return "read_csv('" + kStats + file + ".csv.gz')";
}

TEST(DomainClassifier, TellsMonthsOfFlightsApartByWhatChanged) {
  analytics::Session session;
  const PairedOptions half = {.columns = {"delay", "distance", "destination", "origin", "hour"},
                              .rows_max = 4000};
  // Rows of one month, drawn into two: nothing to be told.
  const std::string january = FileSql("flights_jan");
  const DomainVerdict same = TellApart(ReadPaired(
      session,
      "(SELECT * FROM (SELECT *, row_number() OVER () AS n FROM " + january + ") WHERE n % 2 = 0)",
      "(SELECT * FROM (SELECT *, row_number() OVER () AS n FROM " + january + ") WHERE n % 2 = 1)",
      half));
  ASSERT_TRUE(same.area);
  EXPECT_NEAR(*same.area, 0.5, 0.03);
  EXPECT_FALSE(same.drifted);
  EXPECT_LT(same.lower, 0.5);
  // June is not January: delays and connections differ.
  const DomainVerdict june = TellApart(ReadPaired(session, january, FileSql("flights_jun"), half));
  EXPECT_TRUE(june.drifted) << june.ToJson().Dump();
  EXPECT_GT(june.lower, 0.55);
  ASSERT_FALSE(june.columns.empty());
  double shares = 0;
  for (const DomainColumn& column : june.columns) shares += column.share;
  EXPECT_NEAR(shares, 1, 1e-9);
}

// Two columns that rise together, and then one that falls: neither has moved by itself.
TEST(DomainClassifier, SeesWhatNoColumnShowsAlone) {
  PairedColumns columns;
  columns.columns = {{.name = "a"}, {.name = "b"}, {.name = "noise"}};
  for (int i = 0; i < 2000; ++i) {
    const double x = i % 100, noise = i * 7919 % 1000;
    columns.columns[0].reference.push_back(x);
    columns.columns[0].current.push_back(x);
    columns.columns[1].reference.push_back(x);
    columns.columns[1].current.push_back(99 - x);
    columns.columns[2].reference.push_back(noise);
    columns.columns[2].current.push_back(noise);
  }
  columns.reference_rows = columns.current_rows = 2000;
  const DomainVerdict verdict = TellApart(columns);
  EXPECT_GT(*verdict.area, 0.95);
  EXPECT_TRUE(verdict.drifted);
  EXPECT_NE(verdict.columns[0].name, "noise");
  EXPECT_EQ(verdict.ToJson(), TellApart(columns).ToJson()) << "the same every time";
}

// Of samples of one source, one in forty may be called drift by the band; the floor leaves fewer.
TEST(DomainClassifier, DoesNotCallChanceDrift) {
  std::mt19937_64 random(11);
  std::normal_distribution<double> normal;
  int drifted = 0, above = 0;
  constexpr int kRounds = 40;
  for (int round = 0; round < kRounds; ++round) {
    PairedColumns columns;
    for (int c = 0; c < 4; ++c) {
      PairedColumn& column = columns.columns.emplace_back();
      column.name = "c" + std::to_string(c);
      for (int i = 0; i < 300; ++i) {
        column.reference.push_back(normal(random));
        column.current.push_back(normal(random));
      }
    }
    columns.reference_rows = columns.current_rows = 300;
    const DomainVerdict verdict =
        TellApart(columns, {.seed = static_cast<uint64_t>(round), .rounds = 20});
    drifted += verdict.drifted;
    above += *verdict.area > 0.5;
  }
  EXPECT_LE(drifted, 3);
  EXPECT_NEAR(above, kRounds / 2, 11) << "the area is not off to one side";
}

TEST(DomainClassifier, SaysWhenThereIsNotEnough) {
  PairedColumns columns;
  columns.columns = {{.name = "a", .reference = {1, 2}, .current = {1, 2}}};
  columns.reference_rows = columns.current_rows = 2;
  const DomainVerdict verdict = TellApart(columns);
  EXPECT_EQ(verdict.status, DriftStatus::kNotEnoughData);
  EXPECT_FALSE(verdict.area);
  EXPECT_FALSE(verdict.drifted);
  PairedColumns names;
  names.columns = {{.name = "id", .kind = statistics::ColumnKind::kCategorical}};
  for (int i = 0; i < 400; ++i) {
    names.columns[0].reference.push_back(i);
    names.columns[0].current.push_back(400 + i);
  }
  names.columns[0].categories = 800;
  names.reference_rows = names.current_rows = 400;
  const DomainVerdict unknown = TellApart(names);
  EXPECT_EQ(unknown.status, DriftStatus::kNotApplicable);
  EXPECT_EQ(unknown.left_out, std::vector<std::string>{"id"});
}

}  // namespace
}  // namespace millwright::drift

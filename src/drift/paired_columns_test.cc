#include "drift/paired_columns.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace millwright::drift {
namespace {

class PairedColumnsTest : public ::testing::Test {
 protected:
  PairedColumnsTest() {
    session_.Execute(
        "CREATE TABLE was AS SELECT range AS n, range / 4 AS x, ['b', 'a'][1 + range % 2] AS s, "
        "range % 3 = 0 AS flag, TIMESTAMP '2024-01-03' - to_hours(range) AS t, [1] AS list FROM "
        "range(48)");
    session_.Execute(
        "CREATE TABLE now AS SELECT range AS n, 'nan'::DOUBLE AS x, CASE WHEN range > 0 THEN 'c' "
        "END AS s, NULL::BOOLEAN AS flag, TIMESTAMP '2024-02-01' AS t, 1 AS extra FROM range(3)");
  }
  analytics::Session session_;
};

TEST_F(PairedColumnsTest, TakesWhatBothSidesHaveAsNumbers) {
  const PairedColumns paired = ReadPaired(session_, "was", "now");
  ASSERT_EQ(paired.columns.size(), 4u) << "no times, no lists, nothing that one side lacks";
  EXPECT_EQ(paired.reference_rows, 48u);
  EXPECT_EQ(paired.current_rows, 3u);
  const PairedColumn& x = paired.columns[1];
  EXPECT_EQ(x.kind, statistics::ColumnKind::kNumeric);
  EXPECT_EQ(x.reference[1], 0.25);
  EXPECT_TRUE(std::isnan(x.current[0]));
  const PairedColumn& s = paired.columns[2];
  EXPECT_EQ(s.kind, statistics::ColumnKind::kCategorical);
  EXPECT_EQ(s.categories, 3u);
  EXPECT_EQ(s.reference[0], 1) << "b";
  EXPECT_EQ(s.reference[1], 0) << "a";
  EXPECT_TRUE(std::isnan(s.current[0]));
  EXPECT_EQ(s.current[1], 2) << "c";
  EXPECT_TRUE(std::isnan(paired.columns[3].current[0]));
}

TEST_F(PairedColumnsTest, OrdersByTimeAndCutsByPeriod) {
  const PairedColumns paired = ReadPaired(
      session_, "was", "now",
      {.columns = {"n"}, .categorical = {"n"}, .time_column = "t", .period = Period::kDay});
  EXPECT_EQ(paired.columns[0].kind, statistics::ColumnKind::kCategorical);
  EXPECT_EQ(paired.reference_period.front(), "2024-01-01");
  EXPECT_EQ(paired.reference_period.back(), "2024-01-03");
  EXPECT_EQ(paired.current_period, std::vector<std::string>(3, "2024-02-01"));
  EXPECT_EQ(paired.columns[0].current, (std::vector<double>{0, 1, 12})) << "as they lie, as text";
}

TEST_F(PairedColumnsTest, DrawsTheSameRowsEveryTime) {
  session_.Execute(
      "CREATE TABLE many AS SELECT range AS n, 's' || range % 900 AS s FROM range(20000)");
  const PairedOptions options{.time_column = "n", .rows_max = 500, .seed = 3};
  const PairedColumns first = ReadPaired(session_, "many", "many", options);
  EXPECT_EQ(first.reference_rows_all, 20000);
  EXPECT_NEAR(static_cast<double>(first.reference_rows), 500, 80);
  EXPECT_EQ(first.columns[0].name, "s");
  EXPECT_LT(first.columns[0].categories, 600u) << "of the rows that were drawn";
  EXPECT_EQ(first.columns[0].reference, first.columns[0].current);
  EXPECT_EQ(first.columns[0].reference,
            ReadPaired(session_, "many", "many", options).columns[0].reference);
  PairedOptions other = options;
  other.seed = 4;
  EXPECT_NE(first.columns[0].reference,
            ReadPaired(session_, "many", "many", other).columns[0].reference);
}

TEST_F(PairedColumnsTest, RefusesWhatItCannotRead) {
  EXPECT_THROW(ReadPaired(session_, "was", "now", {.columns = {"t"}}), Error);
  EXPECT_THROW(ReadPaired(session_, "was", "now", {.columns = {"list"}}), Error);
  EXPECT_THROW(ReadPaired(session_, "was", "now", {.columns = {"absent"}}), Error);
  EXPECT_THROW(ReadPaired(session_, "was", "now", {.categorical = {"absent"}}), Error);
  EXPECT_THROW(ReadPaired(session_, "was", "now", {.period = Period::kDay}), Error);
  EXPECT_THROW(ReadPaired(session_, "was", "(SELECT 1 AS other)"), Error);
}

}  // namespace
}  // namespace millwright::drift

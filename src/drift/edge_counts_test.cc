#include "drift/edge_counts.h"

#include <gtest/gtest.h>

#include "quality/histogram_sql.h"

namespace millwright::drift {
namespace {

std::vector<int64_t> Streamed(analytics::Session& session, const std::string& table,
                              const std::vector<double>& edges) {
  EdgeCounts counts(edges);
  session.StreamNumbers("SELECT x FROM " + table, [&](const auto& spans, size_t rows) {
    counts.Add(spans[0], rows);
    return true;
  });
  return counts.Bins();
}

TEST(EdgeCounts, PutsEdgesInfinitiesAndMissingWhereTheyBelong) {
  analytics::Session session;
  session.Execute(
      "CREATE TABLE t AS SELECT unnest([-1e300, -0.1, 0, 0.5, 1, 1.5, 2, 2.1, 1e308, NULL, "
      "'nan'::DOUBLE, 'inf'::DOUBLE, '-inf'::DOUBLE]) AS x");
  EXPECT_EQ(Streamed(session, "t", {0, 1, 2}), (std::vector<int64_t>{2, 3, 2, 2, 2}));
  EXPECT_EQ(Streamed(session, "t", {1}), (std::vector<int64_t>{4, 5, 2}));
}

TEST(EdgeCounts, AgreesWithSql) {
  analytics::Session session;
  session.Execute(
      "CREATE TABLE t AS SELECT CASE WHEN range % 7 = 0 THEN NULL WHEN range % 11 = 0 THEN "
      "'nan'::DOUBLE WHEN range % 13 = 0 THEN 'inf'::DOUBLE ELSE (range * 7919 % 1000) / 10 END AS "
      "x FROM range(50000)");
  const std::vector<double> edges = {5, 10, 10.1, 50, 99};
  const analytics::Column column{"x", analytics::ColumnType::kDouble, "DOUBLE"};
  const std::string sql = quality::OutsideCountsSql(quality::FiniteSql(column), edges);
  std::vector<int64_t> expected =
      quality::ReadOutsideCounts(session.Query("SELECT " + sql + " FROM t").Text(0, 0), 5);
  expected.push_back(session.Query("SELECT count(*) FROM t WHERE x IS NULL OR isnan(x)").Int(0, 0));
  EXPECT_EQ(Streamed(session, "t", edges), expected);
}

}  // namespace
}  // namespace millwright::drift

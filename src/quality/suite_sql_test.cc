#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "quality/sql_guard.h"
#include "quality/validation.h"

namespace millwright::quality {
namespace {

Suite Of(std::vector<Expectation> expectations) {
  Suite suite;
  suite.name = "s";
  suite.expectations = std::move(expectations);
  return suite;
}

Expectation Rows(const std::string& sql, double mostly = 1) {
  return {"expect_rows_to_satisfy_sql", Json::Of({{"sql", sql}, {"mostly", mostly}})};
}

Expectation Value(const std::string& sql, const Json& min, const Json& max) {
  return {"expect_sql_value_to_be_between",
          Json::Of({{"sql", sql}, {"min_value", min}, {"max_value", max}})};
}

analytics::Session SmallTable() {
  analytics::Session session;
  session.Execute(
      "CREATE TABLE t AS SELECT * FROM (VALUES (1, 2, 'a'), (5, 3, 'b'), (NULL, 1, 'c'), (4, 4, "
      "'d')) AS rows(x, y, name)");
  return session;
}

TEST(SuiteSql, APredicateJudgesEachRowAndLeavesOutWhatIsUnknown) {
  analytics::Session session = SmallTable();
  ValidationOptions options;
  options.format = ResultFormat::kComplete;
  const auto result = Validate(session, "t", Of({Rows("x <= y")}), options).results[0];
  EXPECT_FALSE(result.success);
  EXPECT_EQ(result.result.GetInt("element_count"), 4);
  EXPECT_EQ(result.result.GetInt("missing_count"), 1);
  EXPECT_EQ(result.result.At("unexpected_list").Dump(), R"([{"x":5,"y":3}])");
  EXPECT_EQ(result.result.At("unexpected_index_list").Dump(), "[1]");
  EXPECT_TRUE(Validate(session, "t", Of({Rows("x <= y", 0.6)})).success);
}

TEST(SuiteSql, AnAggregateIsJudgedByItsBounds) {
  analytics::Session session = SmallTable();
  const auto result =
      Validate(session, "t", Of({Value("sum(y) - sum(x)", 0, 0), Value("max(y)", Json(), 3)}));
  EXPECT_TRUE(result.results[0].success) << result.ToJson().Dump(1);
  EXPECT_FALSE(result.results[1].success);
  EXPECT_EQ(result.results[1].result.GetInt("observed_value"), 4);
}

TEST(SuiteSql, MayAskTheWholeTableAndTheTablesBesideIt) {
  analytics::Session session = SmallTable();
  session.Execute("CREATE TABLE limits AS SELECT 9 AS top");
  ValidationOptions options;
  options.tables = {"limits"};
  const auto result = Validate(
      session, "t",
      Of({Rows("y <= (SELECT max(y) FROM {batch})"),
          Rows("y < (SELECT top FROM limits)"),
          {"unexpected_rows_expectation",
           Json::Of({{"unexpected_rows_query",
                      "WITH high AS (SELECT * FROM {batch} WHERE y > 9) SELECT * FROM high;"}})},
          {"expect_table_row_count_to_equal_other_table",
           Json::Of({{"other_table_name", "limits"}})}}),
      options);
  EXPECT_TRUE(result.results[0].success && result.results[1].success && result.results[2].success)
      << result.ToJson().Dump(1);
  EXPECT_EQ(result.results[3].result.Dump(), R"({"observed_value":{"self":4,"other":1}})");
}

TEST(SuiteSql, CannotWriteNorReadAnythingElse) {
  analytics::Session session = SmallTable();
  session.Execute("CREATE TABLE secret AS SELECT 42 AS key");
  const auto folder = std::filesystem::temp_directory_path();
  const std::string out = (folder / "millwright_suite_sql_out.csv").string();
  const std::string kAttempts[] = {
      "COPY t TO '" + out + "'",
      "DROP TABLE t",
      "INSERT INTO t VALUES (1, 2, 'x')",
      "ATTACH '" + out + "' AS other",
      "INSTALL httpfs",
      "LOAD json",
      "PRAGMA database_list",
      "SET threads = 1",
      "SELECT 1; DROP TABLE t",
      "SELECT 1); DROP TABLE t; SELECT (1",
      "SELECT * FROM read_csv('/etc/passwd')",
      "SELECT * FROM read_text('/etc/hostname')",
      "SELECT * FROM '/etc/passwd'",
      "SELECT * FROM glob('/etc/*')",
      "SELECT * FROM duckdb_settings()",
      "SELECT * FROM secret",
      "SELECT * FROM information_schema.tables",
      "SELECT * FROM (DESCRIBE t)",
      "SELECT * FROM query('DROP TABLE t')",
      "SELECT current_setting('memory_limit')",
      "SELECT getenv('HOME')",
      "SELECT length(repeat('a', 1000000000))",
      "WITH x AS (SELECT * FROM secret) SELECT * FROM x",
      "SELECT * FROM {batch} WHERE EXISTS (SELECT 1 FROM secret)",
      "EXPLAIN SELECT 1",
      "SUMMARIZE t",
      "",
  };
  std::vector<Expectation> all;
  for (const std::string& sql : kAttempts) {
    all.push_back({"unexpected_rows_expectation", Json::Of({{"unexpected_rows_query", sql}})});
    all.push_back(Rows(sql));
    all.push_back(Rows("(" + sql + ") IS NULL"));
    all.push_back(Value(sql, 0, 1));
  }
  for (const char* sql : {"x > 1) FROM read_csv('/etc/passwd') --", "x), (y", "x FROM t WHERE (y",
                          "x > 1 /*", "(SELECT key FROM secret) > 0"}) {
    all.push_back(Rows(sql));
    all.push_back(Value(sql, 0, 1));
  }
  all.push_back(Rows("x > 0"));
  const auto result = Validate(session, "t", Of(all));
  for (size_t i = 0; i + 1 < result.results.size(); ++i) {
    EXPECT_TRUE(result.results[i].raised) << result.results[i].expectation.kwargs.Dump();
    EXPECT_NE(result.results[i].exception_message, "");
  }
  EXPECT_FALSE(result.results.back().raised);
  EXPECT_EQ(session.Query("SELECT count(*) FROM t").Int(0, 0), 4);
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST(SuiteSql, WhatGoesWrongInItHarmsNoOther) {
  analytics::Session session = SmallTable();
  const auto result = Validate(session, "t",
                               Of({Rows("nope > 1"), Rows("name::INTEGER > 1"), Rows("sum(x) > 1"),
                                   Rows("x > 1 AND"), Value("x", 0, 1), Value("avg(name)", 0, 1),
                                   Value("'a'", 0, 1), Rows("y > 0"), Value("min(y)", 1, 1)}));
  for (size_t i = 0; i < 7; ++i) EXPECT_TRUE(result.results[i].raised) << i;
  EXPECT_TRUE(result.results[7].success && result.results[8].success);
}

TEST(SuiteSql, ATextOfManyKilobytesIsRefused) {
  analytics::Session session = SmallTable();
  const auto result =
      Validate(session, "t", Of({Rows("x > 0 OR y > " + std::string(kSuiteSqlBytesMax, '1'))}));
  EXPECT_TRUE(result.results[0].raised);
}

TEST(CramersPhi, IsThatOfScipy) {
  analytics::Session session;
  // chi2_contingency([[10, 20], [30, 5]]) = 16.3909…; without 2x2: [[10, 20, 5], [30, 5, 9]].
  session.Execute(
      "CREATE TABLE t AS SELECT a, b FROM (VALUES ('x','p',10),('x','q',20),('y','p',30),('y','q',"
      "5)) AS cells(a, b, n), range(n)");
  const auto result =
      Validate(session, "t",
               Of({{"expect_column_pair_cramers_phi_value_to_be_less_than",
                    Json::Of({{"column_A", "a"}, {"column_B", "b"}, {"threshold", 0.6}})}}));
  EXPECT_TRUE(result.success);
  // (|ad − bc| − n/2)² n / (r1 r2 c1 c2), then sqrt(chi² / n).
  const double corrected = std::abs(10.0 * 5 - 20.0 * 30) - 65 / 2.0;
  const double phi = std::sqrt(corrected * corrected / (30.0 * 35 * 40 * 25));
  EXPECT_NEAR(result.results[0].result.GetDouble("observed_value"), phi, 1e-12);
}

}  // namespace
}  // namespace millwright::quality

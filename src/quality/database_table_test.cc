#include "quality/database_table.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "quality/data_files.h"
#include "quality/validation.h"
#include "storage/test_database.h"

namespace millwright::quality {
namespace {

using storage::Dialect;
using storage::TestDatabase;

void Fill(TestDatabase& database) {
  database.db().Write([](storage::Connection& connection) {
    for (const char* sql :
         {"CREATE SCHEMA raw",
          "CREATE TABLE raw.\"Trips\" (id bigint, fare numeric(10,2), day date, seen timestamptz, "
          "town text, ok boolean, note text)",
          "INSERT INTO raw.\"Trips\" VALUES (9007199254740993, 12.50, '2001-01-04', "
          "'2001-01-04 10:00+02', 'Oslo \"A\"\nB', true, NULL), (2, 'NaN', NULL, NULL, 'Rome', "
          "false, NULL), (3, NULL, '2001-02-01', NULL, NULL, NULL, NULL)",
          "CREATE TABLE nothing (x integer, y text)"}) {
      connection.Execute({"fill", sql, ""});
    }
  });
}

ValidationResult Judge(const DatabaseSource& source, const std::string& checks) {
  const TempDir scratch;
  analytics::Session session;
  const std::string table =
      ReadCopiedTable(session, CopyDatabaseTable(source, scratch.path()), kDataTable);
  return Validate(session, table, ParseSuiteText("suite: s\nchecks:\n" + checks));
}

TEST(DatabaseTable, ATableKeepsItsColumnsAndTheirTypes) {
  TestDatabase database(Dialect::kPostgres);
  Fill(database);
  const auto result = Judge({.uri = database.uri(), .table = "raw.Trips"},
                            "- row_count: 3\n"
                            "- ordered_columns: [id, fare, day, seen, town, ok, note]\n"
                            "- max: {column: id, min: 9007199254740993, max: 9007199254740993}\n"
                            "- of_type: {column: fare, type: float64}\n"
                            "- between: {column: day, min: '2001-01-01', max: '2001-01-31'}\n"
                            "- in_set: {column: ok, values: [true, false]}\n"
                            "- in_set: {column: town, values: [\"Oslo \\\"A\\\"\\nB\", Rome]}\n"
                            "- is_null: note\n"
                            "- of_type: {column: note, type: str}\n"
                            "- not_null: {column: fare, mostly: 0.3}\n");
  for (size_t i = 0; i < result.results.size(); ++i) {
    EXPECT_EQ(result.results[i].success, i != 4) << result.results[i].ToJson().Dump(1);
    EXPECT_FALSE(result.results[i].raised) << result.results[i].ToJson().Dump(1);
  }
}

TEST(DatabaseTable, AnEmptyTableHasItsColumnsToo) {
  TestDatabase database(Dialect::kPostgres);
  Fill(database);
  const auto result = Judge({.uri = database.uri(), .table = "nothing"},
                            "- row_count: 0\n- ordered_columns: [x, y]\n- not_null: x\n");
  EXPECT_TRUE(result.success) << result.ToJson().Dump(1);
}

TEST(DatabaseTable, AQueryIsJudgedByWhatItFinds) {
  TestDatabase database(Dialect::kPostgres);
  Fill(database);
  const auto source = ParseDatabaseSource(
      database.uri(), "SELECT id, town FROM raw.\"Trips\" WHERE id < 10 ORDER BY id; ");
  EXPECT_TRUE(Judge(source, "- row_count: 2\n- ordered_columns: [id, town]\n").success);
}

TEST(DatabaseTable, WritesNothingWhateverTheQuery) {
  TestDatabase database(Dialect::kPostgres);
  Fill(database);
  const TempDir scratch;
  for (const char* query :
       {"DELETE FROM raw.\"Trips\" RETURNING id", "SELECT 1) AS t; DROP TABLE nothing; --",
        "WITH gone AS (DELETE FROM nothing RETURNING x) SELECT * FROM gone", "SELECT nope"}) {
    EXPECT_THROW(CopyDatabaseTable({.uri = database.uri(), .query = query}, scratch.path()), Error)
        << query;
  }
  EXPECT_THROW(CopyDatabaseTable({.uri = database.uri(), .table = "absent"}, scratch.path()),
               Error);
  EXPECT_EQ(CopyDatabaseTable({.uri = database.uri(), .table = "raw.Trips"}, scratch.path()).rows,
            3);
}

TEST(DatabaseSource, TakesTheTableOutOfTheAddress) {
  const auto source = ParseDatabaseSource("postgresql://h/db?host=/run&table=a.b&sslmode=off", "");
  EXPECT_EQ(source.uri, "postgresql://h/db?host=/run&sslmode=off");
  EXPECT_EQ(source.table, "a.b");
  EXPECT_EQ(ParseDatabaseSource("postgres://h/db?table=x", "").uri, "postgres://h/db");
  EXPECT_THROW(ParseDatabaseSource("postgresql://h/db", ""), Error);
  EXPECT_THROW(ParseDatabaseSource("postgresql://h/db?table=x", "SELECT 1"), Error);
}

}  // namespace
}  // namespace millwright::quality

#include "analytics/session.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <limits>
#include <thread>

#include "base/error.h"
#include "base/file.h"

namespace millwright::analytics {
namespace {

Code CodeOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "Nothing was thrown";
  return Code::kInternal;
}

std::vector<std::string> Texts(const Table& table) {
  std::vector<std::string> texts;
  for (size_t row = 0; row < table.row_count(); ++row)
    for (size_t column = 0; column < table.columns().size(); ++column)
      texts.push_back(table.Text(row, column));
  return texts;
}

TEST(Session, ReadsEveryTypeAndPrintsItAsDuckDb) {
  struct Case {
    const char* sql;
    const char* sql_type;
    ColumnType type;
    const char* text;
  };
  const Case cases[] = {
      {"true", "BOOLEAN", ColumnType::kBoolean, "true"},
      {"-7::TINYINT", "TINYINT", ColumnType::kInteger, "-7"},
      {"40000::USMALLINT", "USMALLINT", ColumnType::kInteger, "40000"},
      {"9223372036854775807", "BIGINT", ColumnType::kInteger, "9223372036854775807"},
      {"18446744073709551615::UBIGINT", "UBIGINT", ColumnType::kInteger, "18446744073709551616"},
      {"(-5)::HUGEINT", "HUGEINT", ColumnType::kInteger, "-5"},
      {"1e20::HUGEINT", "HUGEINT", ColumnType::kInteger, "100000000000000000000"},
      {"0.1::FLOAT", "FLOAT", ColumnType::kDouble, "0.1"},
      {"1.0::DOUBLE", "DOUBLE", ColumnType::kDouble, "1.0"},
      {"'-inf'::DOUBLE", "DOUBLE", ColumnType::kDouble, "-inf"},
      {"-1.5::DECIMAL(18,3)", "DECIMAL(18,3)", ColumnType::kDouble, "-1.500"},
      {"2.25::DECIMAL(38,2)", "DECIMAL(38,2)", ColumnType::kDouble, "2.25"},
      {"'naïve 東京 😀'", "VARCHAR", ColumnType::kText, "naïve 東京 😀"},
      {"''", "VARCHAR", ColumnType::kText, ""},
      {"DATE '1969-12-31'", "DATE", ColumnType::kDate, "1969-12-31"},
      {"'infinity'::DATE", "DATE", ColumnType::kDate, "infinity"},
      {"TIMESTAMP '1969-12-31 23:59:59.9'", "TIMESTAMP", ColumnType::kTimestamp,
       "1969-12-31 23:59:59.9"},
      {"TIMESTAMP_S '2001-01-02 03:04:05'", "TIMESTAMP_S", ColumnType::kTimestamp,
       "2001-01-02 03:04:05"},
      {"TIMESTAMP_MS '2001-01-02 03:04:05.678'", "TIMESTAMP_MS", ColumnType::kTimestamp,
       "2001-01-02 03:04:05.678"},
      {"TIMESTAMP_NS '2001-01-02 03:04:05.5'", "TIMESTAMP_NS", ColumnType::kTimestamp,
       "2001-01-02 03:04:05.5"},
      {"TIMESTAMPTZ '2001-01-02 03:04:05+02'", "TIMESTAMP WITH TIME ZONE", ColumnType::kTimestamp,
       "2001-01-02 01:04:05+00"},
      {"TIME '01:02:03.5'", "TIME", ColumnType::kOther, "01:02:03.5"},
      {"uuid '81223344-5566-7788-99aa-bbccddeeff00'", "UUID", ColumnType::kText,
       "81223344-5566-7788-99aa-bbccddeeff00"},
      {"'a'::ENUM('b','a')", "ENUM('b', 'a')", ColumnType::kText, "a"},
      {"[1,NULL]", "INTEGER[]", ColumnType::kOther, "[1, NULL]"},
      {"{'a':1,'b':[1.5]}", "STRUCT(\"a\" INTEGER, \"b\" DECIMAL(2,1)[])", ColumnType::kOther,
       "{'a': 1, 'b': [1.5]}"},
      {"MAP{'k':1}", "MAP(VARCHAR, INTEGER)", ColumnType::kOther, "{k=1}"},
      {"array_value(1,2)", "INTEGER[2]", ColumnType::kOther, "[1, 2]"},
      {"'a\\x00'::BLOB", "BLOB", ColumnType::kOther, "a\\x00"},
      {"INTERVAL 3 DAYS", "INTERVAL", ColumnType::kOther, "3 days"},
  };
  Session session;
  for (const auto& [sql, sql_type, type, text] : cases) {
    const Table table = session.Query(fmt::format("SELECT {} AS x UNION ALL SELECT NULL", sql));
    ASSERT_EQ(table.columns(), (std::vector<Column>{{"x", type, sql_type}})) << sql;
    ASSERT_EQ(Texts(table), (std::vector<std::string>{text, ""})) << sql;
    EXPECT_TRUE(table.IsNull(1, 0)) << sql;
  }
}

TEST(Session, GivesTimesAsMillisecondsAndWholeNumbersExactly) {
  Session session;
  const Table table = session.Query(
      "SELECT DATE '1970-01-03' AS d, TIMESTAMP '1969-12-31 23:59:59.9995' AS t, "
      "'-infinity'::TIMESTAMP AS i, sum(x) AS s FROM (VALUES (4611686018427387904)) v(x)");
  EXPECT_EQ(table.Int(0, 0), 2 * 86'400'000);
  EXPECT_EQ(table.Int(0, 1), -1);
  EXPECT_EQ(table.Int(0, 2), -std::numeric_limits<int64_t>::max());
  EXPECT_EQ(table.Int(0, 3), 4611686018427387904);
  EXPECT_EQ(table.ColumnIndex("s"), 3);
  EXPECT_EQ(table.ColumnIndex("z"), -1);
}

TEST(Session, TurnsCellsIntoJson) {
  Session session;
  const Table table =
      session.Query("SELECT 1, 1.5::DOUBLE, 'x', true, NULL::INTEGER, DATE '2001-03-01', [1]");
  Json::Array row;
  for (size_t i = 0; i < 7; ++i) row.push_back(table.ToJson(0, i));
  EXPECT_EQ(Json(row).Dump(), R"([1,1.5,"x",true,null,"2001-03-01","[1]"])");
}

TEST(Session, ReadsFloatsInRowOrderWithNullAsNan) {
  Session session;
  const FloatMatrix matrix = session.QueryFloats(
      "SELECT i AS a, CASE WHEN i % 2 = 0 THEN i / 2.0 END AS b, i > 4000 AS c, "
      "(i / 4)::DECIMAL(9,2) AS d FROM range(5000) t(i)");
  EXPECT_EQ(matrix.columns, (std::vector<std::string>{"a", "b", "c", "d"}));
  ASSERT_EQ(matrix.row_count, 5000U);
  ASSERT_EQ(matrix.values.size(), 20000U);
  for (const size_t row : {0U, 2047U, 2048U, 4999U}) {
    EXPECT_EQ(matrix.values[row * 4], static_cast<float>(row));
    EXPECT_EQ(std::isnan(matrix.values[row * 4 + 1]), row % 2 == 1);
    EXPECT_EQ(matrix.values[row * 4 + 2], row > 4000 ? 1 : 0);
    EXPECT_EQ(matrix.values[row * 4 + 3], static_cast<float>(row) / 4);
  }
  EXPECT_EQ(CodeOf([&] { session.QueryFloats("SELECT 'x' AS name"); }), Code::kInvalidArgument);
}

TEST(Session, StreamsNumbersWhereTheyLie) {
  Session session;
  int64_t sum = 0, missing = 0;
  double halves = 0;
  session.StreamNumbers(
      "SELECT i, CASE WHEN i % 3 <> 0 THEN i / 2 END::DOUBLE AS half FROM range(10000) t(i)",
      [&](const std::vector<NumberSpan>& columns, size_t rows) {
        EXPECT_EQ(columns.size(), 2U);
        for (size_t row = 0; row < rows; ++row) {
          sum += columns[0].integers[row];
          if (columns[1].Has(row)) {
            halves += columns[1].reals[row];
          } else {
            ++missing;
          }
        }
        return true;
      });
  EXPECT_EQ(sum, 49'995'000);
  EXPECT_EQ(missing, 3334);
  EXPECT_GT(halves, 16e6);
  const auto ignore = [](const std::vector<NumberSpan>&, size_t) { return true; };
  EXPECT_EQ(CodeOf([&] { session.StreamNumbers("SELECT 1::INTEGER", ignore); }),
            Code::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { session.StreamNumbers("SELECT 'x'", ignore); }), Code::kInvalidArgument);
}

TEST(Session, AppendsCellsOfEveryType) {
  Session session;
  session.Execute(
      "CREATE TABLE t (b BOOLEAN, i BIGINT, u UBIGINT, f FLOAT, d DOUBLE, s VARCHAR, small "
      "TINYINT)");
  {
    auto table = session.Append("t");
    for (int row = 0; row < 5'000; ++row) {
      table.Add(row % 2 == 0);
      table.Add(int64_t{row});
      table.Add(UINT64_MAX);
      table.Add(0.1F);
      table.Add(0.1);
      table.Add(std::string_view("a\0b", 3));
      table.Null();
      table.EndRow();
    }
    table.Close();
  }
  const auto found = session.Query(
      "SELECT count(*), sum(i)::BIGINT, min(u = 18446744073709551615), min(f = 0.1::FLOAT), min(d "
      "= "
      "0.1::DOUBLE), min(length(s)), count(small), sum(b::INT)::BIGINT FROM t");
  EXPECT_EQ(5'000, found.Int(0, 0));
  EXPECT_EQ(12'497'500, found.Int(0, 1));
  for (const size_t column : {2, 3, 4}) EXPECT_EQ("true", found.Text(0, column)) << column;
  EXPECT_EQ(3, found.Int(0, 5));
  EXPECT_EQ(0, found.Int(0, 6));
  EXPECT_EQ(2'500, found.Int(0, 7));
}

TEST(Session, RefusesRowsThatDoNotFitTheirTable) {
  Session session;
  session.Execute("CREATE TABLE t (i TINYINT)");
  auto table = session.Append("t");
  EXPECT_THROW(table.EndRow(), Error);
  EXPECT_THROW(table.Add(int64_t{1000}), Error);
  EXPECT_THROW(session.Append("absent"), Error);
}

TEST(Session, StreamsPiecesUntilToldToStop) {
  Session session;
  int64_t sum = 0;
  session.Stream("SELECT i FROM range(100000) t(i)", [&](const Table& table) {
    for (size_t row = 0; row < table.row_count(); ++row) sum += table.Int(row, 0);
    return true;
  });
  EXPECT_EQ(sum, 99999LL * 100000 / 2);
  int pieces = 0;
  session.Stream("SELECT i FROM range(100000) t(i)", [&](const Table&) { return ++pieces < 2; });
  EXPECT_EQ(pieces, 2);
  EXPECT_EQ(session.Query("SELECT 1").row_count(), 1U);
}

TEST(Session, ReportsAnErrorInTheMiddleOfAnAnswer) {
  Session session;
  EXPECT_EQ(CodeOf([&] {
              session.Query(
                  "SELECT CAST(i || CASE WHEN i = 9999 THEN 'x' ELSE '' END AS INTEGER) "
                  "FROM range(10000) t(i)");
            }),
            Code::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { session.Query("SELEC 1"); }), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { session.Query(""); }), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { session.Query("SELECT * FROM '/none.parquet'"); }), Code::kNotFound);
}

TEST(Session, RunsSeveralStatementsAndAnswersTheLast) {
  Session session;
  EXPECT_EQ(Texts(session.Query("CREATE TABLE t AS SELECT 5 AS x; SELECT x + 1 FROM t")),
            std::vector<std::string>{"6"});
  EXPECT_EQ(session.Describe("SELECT x, x::VARCHAR AS y FROM t"),
            (std::vector<Column>{{"x", ColumnType::kInteger, "INTEGER"},
                                 {"y", ColumnType::kText, "VARCHAR"}}));
}

TEST(Session, FilesThatAreNotWhatTheirNamesSayAreNamed) {
  const TempDir folder;
  WriteFileDurably(folder.path() / "cut.parquet", "PAR1 and what is no end of one");
  WriteFileDurably(folder.path() / "bad.jsonl", "{\"a\": 1}\n{\"a\" 2}\n{\"a\": 3}\n");
  Session session;
  const std::pair<const char*, const char*> cases[] = {
      {"cut.parquet", "cut.parquet is no Parquet file, or its end is missing"},
      {"bad.jsonl", "bad.jsonl line 2: unexpected character"},
  };
  for (const auto& [name, expected] : cases) {
    try {
      session.Describe("SELECT * FROM " + ReadFileSql((folder.path() / name).string()));
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.message(), expected);
    }
  }
}

TEST(Session, AcceptsOneSelectAndNothingElse) {
  Session session;
  session.Execute("CREATE TABLE t AS SELECT 1 AS x");
  for (const char* sql :
       {"SELECT 1", "FROM t", "WITH a AS (SELECT 1) SELECT * FROM a -- end", "VALUES (1)"})
    EXPECT_NO_THROW(session.RequireOneSelect(sql)) << sql;
  for (const char* sql :
       {"", "SELECT 1; SELECT 2", "DROP TABLE t", "COPY t TO 'x.csv'", "SELECT 1) TO 'x' (",
        "INSERT INTO t VALUES (1) RETURNING x", "SET threads = 1", "ATTACH 'x'", "SELECT 1;"})
    EXPECT_EQ(CodeOf([&] { session.RequireOneSelect(sql); }), Code::kInvalidArgument) << sql;
}

class ConfinedSession : public ::testing::Test {
 protected:
  ConfinedSession() {
    std::filesystem::create_directories(inside_ / "deep");
    std::filesystem::create_directories(outside_);
    WriteFileDurably(inside_ / "a.csv", "x\n1\n");
    WriteFileDurably(outside_ / "b.csv", "x\n2\n");
    std::filesystem::create_symlink(outside_ / "b.csv", inside_ / "link.csv");
  }
  void ExpectRefused(Session& session, const std::string& sql) {
    try {
      session.Query(sql);
      ADD_FAILURE() << sql;
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == Code::kPermissionDenied ||
                  error.message().find("locked") != std::string::npos)
          << sql << ": " << error.what();
    }
  }

  TempDir dir_;
  std::filesystem::path inside_ = dir_.path() / "in";
  std::filesystem::path outside_ = dir_.path() / "out";
};

TEST_F(ConfinedSession, RefusesEveryOtherFileHoweverItIsNamed) {
  Session session({.allowed_folders = {inside_.string()}});
  const std::string in = inside_.string();
  const std::string out = outside_.string();
  EXPECT_EQ(Texts(session.Query("FROM " + QuoteText(in + "/a.csv"))),
            std::vector<std::string>{"1"});
  const std::string sql[] = {
      "FROM '" + out + "/b.csv'",
      "FROM '" + in + "/../out/b.csv'",
      "FROM '" + in + "/deep/../../out/b.csv'",
      "FROM '" + in + "/a.csv/../../out/b.csv'",
      "FROM '" + in + "/link.csv'",
      "FROM '" + in + "/*.csv'",
      "FROM read_csv('file://" + out + "/b.csv')",
      "FROM glob('/etc/*')",
      "FROM read_text('/etc/passwd')",
      "FROM read_blob('/proc/self/environ')",
      "FROM sniff_csv('" + out + "/b.csv')",
      "FROM query('FROM ''" + out + "/b.csv''')",
      "CREATE VIEW v AS FROM read_csv('" + out + "/b.csv')",
      "CREATE MACRO m(p) AS TABLE FROM read_csv(p); FROM m('" + out + "/b.csv')",
      "SET VARIABLE p = '" + out + "/b.csv'; FROM read_csv(getvariable('p'))",
      "COPY (SELECT 1) TO '" + out + "/c.csv'",
      "EXPORT DATABASE '" + out + "/e'",
      "ATTACH '" + out + "/d.db'",
      "INSTALL httpfs",
      "LOAD '" + out + "/x.duckdb_extension'",
      "SET enable_external_access = true",
      "SET allowed_directories = ['/']",
      "SET allowed_paths = ['/etc/passwd']",
      "RESET allowed_directories",
      "SET lock_configuration = false",
      "SET temp_directory = '/etc'",
      "PRAGMA profiling_output = '" + out + "/p.json'",
  };
  for (const auto& statement : sql) ExpectRefused(session, statement);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(outside_), {}), 1);
}

TEST_F(ConfinedSession, SurvivesLoggingIntoAForeignFolder) {
  {
    Session session({.allowed_folders = {inside_.string()}});
    const std::string out = outside_.string();
    session.Query("FROM enable_logging(storage='file', storage_path='" + out + "')");
    ExpectRefused(session, "SELECT 1");
    ExpectRefused(session, "FROM '" + out + "/b.csv'");
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(outside_), {}), 1);
}

TEST_F(ConfinedSession, AllowsSingleFilesWithoutTheirFolder) {
  Session session({.allowed_files = {(inside_ / "a.csv").string()}});
  EXPECT_EQ(session.Query("FROM '" + inside_.string() + "/a.csv'").row_count(), 1U);
  ExpectRefused(session, "FROM '" + inside_.string() + "/link.csv'");
  ExpectRefused(session, "COPY (SELECT 1) TO '" + inside_.string() + "/new.csv'");
}

TEST(Session, EndsAQueryThatRunsLongerThanItsLimit) {
  Session session({.time_limit_ms = 50});
  const std::string endless =
      "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b";
  EXPECT_EQ(CodeOf([&] { session.Query(endless); }), Code::kDeadlineExceeded);
  EXPECT_EQ(session.Query("SELECT 1").Int(0, 0), 1);
}

TEST(Session, StopsARunningQueryWhenInterrupted) {
  Session session;
  std::atomic<bool> done = false;
  std::jthread killer([&] {
    while (!done) {
      session.Interrupt();
      std::this_thread::yield();
    }
  });
  const Code code = CodeOf([&] {
    session.Query("SELECT count(*) FROM range(100000000) a(i), range(1000) b(j) WHERE i % 7 = j");
  });
  done = true;
  EXPECT_EQ(code, Code::kAborted);
}

TEST(Session, TellsProgressAndSpillsWithoutLeavingFiles) {
  const TempDir temp;
  {
    Session session({.memory_bytes_max = 64 << 20, .temp_dir = temp.path().string()});
    session.Execute("SET preserve_insertion_order = false");
    session.Execute(
        "CREATE TABLE t AS SELECT i, hash(i)::VARCHAR AS x FROM range(1500000) r(i) ORDER BY x");
    EXPECT_EQ(session.Query("SELECT count(*) FROM t").Int(0, 0), 1500000);
    const auto progress = session.Progress();
    EXPECT_LE(progress.value_or(0), 1.0);
  }
  EXPECT_TRUE(std::filesystem::is_empty(temp.path()));
}

TEST(Session, RefusesMoreMemoryThanAllowed) {
  Session session({.memory_bytes_max = 32 << 20});
  EXPECT_EQ(CodeOf([&] { session.Query("SELECT list(i) FROM range(50000000) t(i)"); }),
            Code::kResourceExhausted);
}

TEST(SqlText, QuotesAndReadsFilesByExtension) {
  EXPECT_EQ(QuoteName("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(QuoteText("it's"), "'it''s'");
  EXPECT_EQ(ReadFileSql("/d/x.PARQUET"), "read_parquet('/d/x.PARQUET')");
  EXPECT_EQ(ReadFileSql("x.csv.gz"), "read_csv('x.csv.gz')");
  EXPECT_EQ(ReadFileSql("x.jsonl"),
            "read_json('x.jsonl', format='newline_delimited', sample_size=-1)");
  EXPECT_EQ(ReadFileSql("x.tsv", {"a'b", "c"}),
            "read_csv('x.tsv', delim='\t', types={'a''b': 'VARCHAR', 'c': 'VARCHAR'})");
  EXPECT_EQ(ReadFileSql("x.json", {"a"}), "read_json('x.json', sample_size=-1)");
  EXPECT_EQ(CodeOf([] { ReadFileSql("x.exe"); }), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf([] { QuoteText(std::string("a\0b", 3)); }), Code::kInvalidArgument);
}

}  // namespace
}  // namespace millwright::analytics

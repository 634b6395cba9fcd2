#include "quality/table_profiler.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "quality/profile_file.h"

namespace millwright::quality {
namespace {

using analytics::Session;

TableProfile Profiled(const std::string& query, const ProfileOptions& options = {}) {
  Session session;
  return ProfileWholeTable(session, "(" + query + ")", options);
}

bool Warns(const TableProfile& profile, const std::string& kind, const std::string& column) {
  for (const ProfileWarning& warning : profile.warnings) {
    if (warning.kind == kind && warning.column == column) return true;
  }
  return false;
}

std::optional<Code> CodeOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

TEST(TableProfiler, ProfilesATableWithoutRows) {
  const TableProfile profile = Profiled(
      "SELECT 1 AS i, 'a' AS s, DATE '2001-01-01' AS d, 1.5::DOUBLE AS x, [1] AS l WHERE FALSE");
  EXPECT_EQ(profile.rows, 0);
  EXPECT_EQ(profile.duplicate_rows, 0);
  ASSERT_EQ(profile.columns.size(), 5U);
  for (const ColumnStatistics& column : profile.columns) {
    EXPECT_EQ(column.distinct, 0) << column.name;
    EXPECT_TRUE(column.top_values.empty()) << column.name;
  }
  EXPECT_FALSE(profile.Find("x")->numbers->mean);
  EXPECT_TRUE(Warns(profile, "empty", ""));
}

TEST(TableProfiler, ProfilesASingleRow) {
  const TableProfile profile = Profiled("SELECT 7 AS i, 'a' AS s, TIMESTAMP '2001-01-01' AS t");
  const NumberFigures& numbers = *profile.Find("i")->numbers;
  EXPECT_EQ(numbers.mean, 7);
  EXPECT_FALSE(numbers.stddev);
  EXPECT_FALSE(numbers.kurtosis);
  EXPECT_EQ(numbers.median, 7);
  EXPECT_TRUE(numbers.is_rising && numbers.is_falling);
  EXPECT_FALSE(numbers.bins_10);
  EXPECT_EQ(profile.Find("s")->text->entropy, 0);
}

TEST(TableProfiler, TellsMissingConstantAndInfiniteColumns) {
  const TableProfile profile = Profiled(
      "SELECT NULL::DOUBLE AS nothing, NULL::VARCHAR AS no_text, 5 AS same, "
      "CASE WHEN range = 3 THEN 'inf'::DOUBLE WHEN range = 4 THEN '-inf'::DOUBLE WHEN range = 5 "
      "THEN 'nan'::DOUBLE ELSE range END AS x FROM range(200)");
  EXPECT_EQ(profile.Find("nothing")->missing, 200);
  EXPECT_TRUE(Warns(profile, "all missing", "nothing"));
  EXPECT_TRUE(Warns(profile, "all missing", "no_text"));
  EXPECT_TRUE(Warns(profile, "constant", "same"));
  const ColumnStatistics& x = *profile.Find("x");
  EXPECT_EQ(x.missing, 1);
  EXPECT_EQ(x.numbers->infinite, 2);
  EXPECT_EQ(x.numbers->max, 199);
  EXPECT_TRUE(Warns(profile, "infinite", "x"));
  EXPECT_TRUE(std::isfinite(*x.numbers->mean));
}

TEST(TableProfiler, KeepsIntegersThatNoDoubleHolds) {
  const TableProfile profile = Profiled(
      "SELECT 9007199254740993 + range AS id, (170141183460469231731687303715884105727)::HUGEINT - "
      "range AS huge, 18446744073709551615::UBIGINT - range::UBIGINT AS wide FROM range(100)");
  const ColumnStatistics& id = *profile.Find("id");
  EXPECT_EQ(id.distinct, 100);
  EXPECT_EQ(id.unique, 100);
  EXPECT_EQ(id.top_values[0].value.AsInt(), 9007199254740993);
  EXPECT_EQ(id.semantic.name, "id");
  EXPECT_EQ(profile.Find("huge")->numbers->max, 1.7014118346046923e38);
  EXPECT_EQ(profile.Find("wide")->count(), 100);
}

TEST(TableProfiler, GroupsAMillionTextsAndNumbers) {
  const TableProfile profile =
      Profiled("SELECT 'value ' || range AS s, range * 0.5 AS x FROM range(1000000)");
  EXPECT_EQ(profile.Find("s")->distinct, 1'000'000);
  EXPECT_EQ(profile.Find("s")->unique, 1'000'000);
  EXPECT_EQ(profile.Find("s")->semantic.name, "id");
  EXPECT_NEAR(*profile.Find("s")->text->entropy, std::log(1e6), 1e-9);
  EXPECT_EQ(profile.Find("x")->distinct, 1'000'000);
  EXPECT_EQ(profile.Find("x")->numbers->median, 999'999 * 0.25);
  EXPECT_LT(profile.ToJson().Dump().size(), 300'000U);
}

TEST(TableProfiler, RefusesMoreColumnsThanItHolds) {
  std::string columns;
  for (size_t i = 0; i <= kProfileColumnsMax; ++i)
    columns += fmt::format("{}{} AS c{}", i == 0 ? "" : ", ", i, i);
  Session session;
  session.Execute("CREATE TABLE wide AS SELECT " + columns);
  EXPECT_EQ(CodeOf([&] { ProfileWholeTable(session, "wide"); }), Code::kInvalidArgument);
  EXPECT_EQ(ProfileWholeTable(session, "wide", {.columns = {"c1", "c17"}}).columns.size(), 2U);
}

TEST(TableProfiler, RefusesAVeryWideFileAtOnce) {
  const TempDir folder;
  std::string line = "c0";
  for (int i = 1; i < 100'000; ++i) line += fmt::format(",c{}", i);
  WriteFileDurably(folder.path() / "wide.csv", line + "\n" + line + "\n");
  Session session;
  EXPECT_EQ(CodeOf([&] { ProfileDataFile(session, folder.path() / "wide.csv"); }),
            Code::kInvalidArgument);
}

TEST(TableProfiler, TakesWordsForMissingValues) {
  const TempDir folder;
  WriteFileDurably(folder.path() / "t.csv", "x,y\n1,a\nNA,\n3,-\n");
  Session session;
  const TableProfile profile =
      ProfileDataFile(session, folder.path() / "t.csv", {.missing_words = {"NA", "-"}});
  EXPECT_EQ(profile.Find("x")->kind, FiguresKind::kNumber);
  EXPECT_EQ(profile.Find("x")->missing, 1);
  EXPECT_EQ(profile.Find("y")->missing, 2);
}

TEST(TableProfiler, ReadsTimesWithZonesAndTheirGaps) {
  const TableProfile profile = Profiled(
      "SELECT TIMESTAMPTZ '2024-01-01 02:00:00+02' + INTERVAL (range + CASE WHEN range > 50 THEN "
      "30 "
      "ELSE 0 END) HOUR AS at, DATE '2024-01-01' + range::INTEGER AS day FROM range(100)");
  const ColumnStatistics& at = *profile.Find("at");
  EXPECT_EQ(at.kind, FiguresKind::kTime);
  EXPECT_EQ(TimeText(std::llround(*at.numbers->min)), "2024-01-01");
  ASSERT_TRUE(at.time);
  EXPECT_EQ(at.time->unit, "hour");
  EXPECT_EQ(at.time->step_seconds, 3600);
  ASSERT_EQ(at.time->gap_count, 1);
  EXPECT_EQ(at.time->gaps[0].after, "2024-01-03 02:00:00");
  EXPECT_EQ(at.time->gaps[0].seconds, 31 * 3600);
  EXPECT_NEAR(at.time->coverage, 100.0 / 130, 1e-12);
  EXPECT_TRUE(Warns(profile, "time gaps", "at"));
  EXPECT_EQ(profile.Find("day")->time->coverage, 1);
  EXPECT_EQ(profile.Find("day")->semantic.name, "date");
}

TEST(TableProfiler, PrintsNestedValues) {
  const TableProfile profile = Profiled(
      "SELECT [range % 3, 1] AS list, {'a': range % 2, 'b': 'x'} AS record, "
      "MAP {'k': range % 4} AS map FROM range(60)");
  EXPECT_EQ(profile.Find("list")->distinct, 3);
  EXPECT_EQ(profile.Find("record")->distinct, 2);
  EXPECT_EQ(profile.Find("map")->distinct, 4);
  EXPECT_EQ(profile.Find("record")->type, "other");
}

TEST(TableProfiler, TellsLooksWithTheirShare) {
  const TableProfile profile = Profiled(
      "SELECT CASE WHEN range % 10 = 0 THEN 'unknown' ELSE 'user' || range || '@example.com' END "
      "AS "
      "mail, uuid()::VARCHAR AS key, 'https://example.com/' || range AS link, '10.0.0.' || (range "
      "% "
      "250) AS host, strftime(DATE '2001-01-01' + range::INTEGER, '%d/%m/%Y') AS day, "
      "'$' || range || '.50' AS price, CASE WHEN range % 2 = 0 THEN 'yes' ELSE 'no' END AS flag, "
      "'+49 30 1234' || range AS phone, (range * 0.01)::VARCHAR || ',' || (range * 0.02)::VARCHAR "
      "AS "
      "place, (range % 90)::DOUBLE AS lat, 'a long sentence that somebody wrote about number ' || "
      "range AS remark, '2024-05-0' || (range % 9 + 1) || 'T10:00:00+02:00' AS at, range % 2 AS "
      "bit, "
      "(100 + range)::VARCHAR AS digits FROM range(1000)");
  const std::pair<const char*, const char*> looks[] = {
      {"mail", "email"},        {"key", "uuid"},       {"link", "url"},         {"host", "ip"},
      {"day", "date"},          {"price", "currency"}, {"flag", "boolean"},     {"phone", "phone"},
      {"place", "coordinates"}, {"lat", "latitude"},   {"remark", "free text"}, {"at", "datetime"},
      {"bit", "boolean"},       {"digits", "number"}};
  for (const auto& [column, name] : looks)
    EXPECT_EQ(profile.Find(column)->semantic.name, name) << column;
  EXPECT_EQ(profile.Find("day")->semantic.format, "%d/%m/%Y");
  EXPECT_NEAR(profile.Find("mail")->semantic.share, 0.9, 1e-12);
  EXPECT_TRUE(Warns(profile, "mixed forms", "mail"));
}

TEST(TableProfiler, FindsWhatGivesTheTargetAway) {
  const TableProfile profile = Profiled(
      "SELECT (hash(range) % 2)::INTEGER AS churned, hash(range * 3) % 100 AS noise, range AS id, "
      "CASE WHEN hash(range) % 2 = 1 THEN 'closed ' || (range % 70) ELSE 'open ' || (range % 70) "
      "END "
      "AS state, hash(range) % 2 = 1 AS copy FROM range(20000)",
      {.target = "churned"});
  ASSERT_EQ(profile.target_powers.size(), 4U);
  EXPECT_TRUE(Warns(profile, "leak", "state"));
  EXPECT_TRUE(Warns(profile, "leak", "copy"));
  EXPECT_FALSE(Warns(profile, "leak", "id"));
  EXPECT_FALSE(Warns(profile, "leak", "noise"));
  EXPECT_LT(profile.target_powers.back().power, 0.1);
}

TEST(TableProfiler, FindsCopiesAndDuplicates) {
  const TableProfile profile = Profiled(
      "SELECT range % 50 AS a, range % 50 AS b, (range % 50)::VARCHAR AS c, 49 - range % 50 AS "
      "mirrored FROM range(100)");
  EXPECT_EQ(profile.duplicate_rows, 50);
  using Copies = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(profile.copies, (Copies{{"a", "b"}}));
  EXPECT_TRUE(Warns(profile, "copy", "b"));
  EXPECT_TRUE(Warns(profile, "correlated", "mirrored"));
}

TEST(TableProfiler, ReadsLatin1AndEqualNames) {
  const TempDir folder;
  const auto file = folder.path() / "towns.csv";
  WriteFileDurably(file, "town,town,Town\nM\xFCnchen,1,x\nK\xF6ln,2,y\n");
  Session session;
  const TableProfile profile = ProfileDataFile(session, file);
  EXPECT_EQ(profile.rows, 2);
  EXPECT_EQ(profile.columns.size(), 3U);
  EXPECT_TRUE(Warns(profile, "encoding", ""));
  EXPECT_EQ(profile.columns[0].top_values[0].value.AsString(), "Köln");
  EXPECT_EQ(profile.name, "towns.csv");
}

TEST(TableProfiler, IsTheSameAfterJson) {
  const TableProfile profile = Profiled(
      "SELECT range AS i, range * 0.1 AS x, CASE WHEN range % 3 = 0 THEN NULL ELSE 'v' || (range % "
      "7) "
      "END AS s, TIMESTAMP '2001-01-01' + INTERVAL (range) HOUR AS at, range % 2 = 0 AS b FROM "
      "range(3000)",
      {.target = "b"});
  const std::string text = profile.ToJson().Dump();
  EXPECT_EQ(TableProfile::FromJson(ParseJson(text)).ToJson().Dump(), text);
  EXPECT_EQ(CodeOf([] { TableProfile::FromJson(ParseJson("{\"format\":1,\"columns\":[{}]}")); }),
            Code::kInvalidArgument);
  EXPECT_EQ(CodeOf([] { TableProfile::FromJson(ParseJson("{\"row_count\":3}")); }),
            Code::kInvalidArgument);
}

TEST(TableProfiler, RanksASampleOfALargeTable) {
  const TableProfile profile =
      Profiled("SELECT range AS x, (range + hash(range) % 400000)::BIGINT AS y FROM range(400000)");
  EXPECT_NEAR(static_cast<double>(profile.associations.rank_rows), kRankRowsMax, 2'000);
  ASSERT_EQ(profile.associations.spearman.size(), 1U);
  EXPECT_NEAR(profile.associations.spearman[0].value, 0.707, 0.02);
}

}  // namespace
}  // namespace millwright::quality

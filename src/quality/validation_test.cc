#include "quality/validation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "quality/row_condition.h"

namespace millwright::quality {
namespace {

const std::string kData = std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/validation/";

// Reads the file as pandas.read_csv does by default: what it takes for missing is NULL.
constexpr char kReadDirtyFlights[] =
    "read_csv('{}', header = true, nullstr = ['', 'NA', 'N/A', 'NULL', 'NaN', 'nan', 'null', "
    "'None', 'n/a'], types = {{'time': 'VARCHAR'}})";

// The cases in which this program says something else than Great Expectations on pandas, and why.
const std::map<int, std::string> kDifferences = {
    {15, "NULLs of a number column are counted together, as GX's SQL engines do"},
    {16, "as 15"},
    {19, "as 15"},
    {20, "as 15"},
    {25, "partial_unexpected_counts is given; GX leaves it out as Python cannot sort None"},
    {70, "LIKE works on files; GX has it for SQL only"},
    {71, "as 70"},
    {72, "as 70"},
    {73, "as 70"},
    {101, "unexpected_rows_query works on files; GX has it for SQL only"},
};

analytics::Session OpenDirtyFlights() {
  analytics::Session session;
  session.Execute("CREATE TABLE flights AS SELECT * FROM " +
                  fmt::format(kReadDirtyFlights, kData + "dirty_flights.csv"));
  session.Execute("CREATE TABLE flights100 AS SELECT * FROM flights LIMIT 100");
  return session;
}

// Tells where two values differ, or "". Numbers agree within 1e-9, relatively.
std::string Difference(const Json& expected, const Json& actual, const std::string& path) {
  const auto differ = [&] { return path + ": " + expected.Dump() + " != " + actual.Dump(); };
  if (expected.is_number() && actual.is_number()) {
    const double a = expected.AsDouble(), b = actual.AsDouble();
    return std::abs(a - b) <= 1e-9 * std::max(1.0, std::abs(a)) ? "" : differ();
  }
  if (expected.is_array() && actual.is_array()) {
    const auto &a = expected.AsArray(), &b = actual.AsArray();
    if (a.size() != b.size()) return path + ": size " + differ();
    for (size_t i = 0; i < a.size(); ++i) {
      const std::string found = Difference(a[i], b[i], path + "[" + std::to_string(i) + "]");
      if (!found.empty()) return found;
    }
    return "";
  }
  if (expected.is_object() && actual.is_object()) {
    for (const auto& [key, value] : actual.AsObject()) {
      if (!expected.Has(key)) return path + ": has " + key;
    }
    for (const auto& [key, value] : expected.AsObject()) {
      if (!actual.Has(key)) return path + ": lacks " + key;
      // GX writes how pandas would find the rows; here it is SQL.
      if (key == "unexpected_index_query") continue;
      const std::string found = Difference(value, actual.At(key), path + "." + key);
      if (!found.empty()) return found;
    }
    return "";
  }
  return expected == actual ? "" : differ();
}

int CaseOf(const Json& result) {
  return static_cast<int>(result.At("expectation_config").At("meta").At("case").AsInt());
}

// An exception agrees when both raised: its words are the engine's.
bool Raised(const Json& result) {
  const Json& info = result.At("exception_info");
  if (info.Has("raised_exception")) return info.GetBool("raised_exception");
  return !info.AsObject().empty();
}

std::string CaseDifference(const Json& expected, const Json& actual) {
  if (Raised(expected) || Raised(actual)) {
    if (Raised(expected) == Raised(actual)) return "";
    return "raised: " + actual.At("exception_info").Dump();
  }
  if (expected.At("success") != actual.At("success")) return "success";
  return Difference(expected.At("result"), actual.At("result"), "result");
}

std::map<int, std::string> DifferencesAt(ResultFormat format, const std::string& file) {
  analytics::Session session = OpenDirtyFlights();
  const Suite suite = ParseSuite(ParseJson(ReadFile(kData + "suite.json")).At("suite"));
  ValidationOptions options;
  options.format = format;
  options.row_sample_max = 0;
  const Json actual = Validate(session, "flights", suite, options).ToJson();
  std::map<int, Json> by_case;
  for (const Json& result : actual.At("results").AsArray()) by_case[CaseOf(result)] = result;
  std::map<int, std::string> differences;
  const Json expected = ParseJson(ReadFile(kData + file));
  const Json& run = expected.Has("result") ? expected.At("result") : expected;
  EXPECT_EQ(run.At("results").AsArray().size(), by_case.size());
  for (const Json& result : run.At("results").AsArray()) {
    const int number = CaseOf(result);
    const std::string difference = CaseDifference(result, by_case.at(number));
    if (!difference.empty()) differences[number] = difference;
  }
  return differences;
}

void ExpectOnlyListed(const std::map<int, std::string>& differences) {
  for (const auto& [number, difference] : differences) {
    EXPECT_EQ(kDifferences.count(number), 1u) << "case " << number << " " << difference;
  }
}

TEST(Validation, AgreesWithGreatExpectationsAtCompleteButForTheListedCases) {
  const auto differences = DifferencesAt(ResultFormat::kComplete, "result_complete.json");
  ExpectOnlyListed(differences);
  for (const auto& [number, reason] : kDifferences) {
    EXPECT_EQ(differences.count(number), 1u) << "no longer differs: case " << number;
  }
}

TEST(Validation, AgreesWithGreatExpectationsAtSummary) {
  ExpectOnlyListed(DifferencesAt(ResultFormat::kSummary, "result_summary.json"));
}

TEST(Validation, AgreesWithGreatExpectationsAtBasic) {
  ExpectOnlyListed(DifferencesAt(ResultFormat::kBasic, "result_basic.json"));
}

TEST(Validation, AgreesWithGreatExpectationsAtBooleanOnly) {
  ExpectOnlyListed(DifferencesAt(ResultFormat::kBooleanOnly, "result_boolean_only.json"));
}

// What GX's SQLite engine says otherwise, and why. Its results have no index lists and its own
// query text, so only what both have is compared.
const std::map<int, std::string> kSqliteDifferences = {
    {0, "SQLite's LIKE ignores case, DuckDB's and PostgreSQL's does not"},
    {3, "as 0"},
    {4, "as 0"},
    {5, "as 0"},
    {15, "GX takes another row for the 0.25 quantile in SQL than in pandas; we follow pandas"},
    {19, "SQLite has no booleans: it prints 0 for false"},
    {18, "SQLite does not count rows with a NULL as repeated, pandas and we do"},
};

TEST(Validation, AgreesWithGreatExpectationsOnSqlButForTheListedCases) {
  analytics::Session session = OpenDirtyFlights();
  const Json golden = ParseJson(ReadFile(kData + "result_sqlite_complete.json")).At("result");
  Suite suite;
  for (const Json& result : golden.At("results").AsArray()) {
    const Json& config = result.At("expectation_config");
    suite.expectations.push_back(
        {config.At("type").AsString(), config.At("kwargs"), config.At("meta")});
  }
  ValidationOptions options;
  options.format = ResultFormat::kComplete;
  options.row_sample_max = 0;
  options.tables = {"flights", "flights100"};
  const ValidationResult actual = Validate(session, "flights", suite, options);
  size_t i = 0;
  for (const Json& expected : golden.At("results").AsArray()) {
    Json mine = actual.results[i++].ToJson();
    Json same = Json::MakeObject();
    for (const auto& [key, value] : mine.At("result").AsObject()) {
      if (expected.At("result").Has(key) || Raised(mine)) same.Set(key, value);
    }
    mine.Set("result", same);
    const std::string difference = CaseDifference(expected, mine);
    EXPECT_EQ(difference.empty(), kSqliteDifferences.count(CaseOf(expected)) == 0)
        << "case " << CaseOf(expected) << " " << difference.substr(0, 300);
  }
}

TEST(Validation, AgreesWithGreatExpectationsOnIndexColumns) {
  analytics::Session session = OpenDirtyFlights();
  const Json golden = ParseJson(ReadFile(kData + "result_with_index_columns.json"));
  const Json& format = golden.At("result_format");
  ValidationOptions options;
  options.format = ParseResultFormat(format.GetString("result_format"));
  options.index_columns = format.GetStrings("unexpected_index_column_names");
  options.partial_unexpected_count = static_cast<int>(format.GetInt("partial_unexpected_count"));
  options.row_sample_max = 0;
  Suite suite;
  for (const Json& result : golden.At("results").AsArray()) {
    const Json& config = result.At("expectation_config");
    suite.expectations.push_back({config.At("type").AsString(), config.At("kwargs")});
  }
  const ValidationResult actual = Validate(session, "flights", suite, options);
  size_t i = 0;
  for (const Json& expected : golden.At("results").AsArray()) {
    EXPECT_EQ(CaseDifference(expected, actual.results[i].ToJson()), "") << i;
    ++i;
  }
  EXPECT_EQ(i, 3u);
}

TEST(Validation, RefusesWhatGreatExpectationsConstructorsRefuse) {
  analytics::Session session = OpenDirtyFlights();
  // GX names its classes there; suites name them so.
  const std::map<std::string, std::string> types = {
      {"ExpectMulticolumnValuesToBeUnique", "expect_multicolumn_values_to_be_unique"},
      {"ExpectColumnPairValuesToBeEqual", "expect_column_pair_values_to_be_equal"}};
  Suite suite;
  const Json golden = ParseJson(ReadFile(kData + "suite.json"));
  for (const Json& refused : golden.At("rejected_by_constructor").AsArray()) {
    suite.expectations.push_back({types.at(refused.GetString("type")), refused.At("kwargs")});
  }
  const ValidationResult actual = Validate(session, "flights", suite);
  ASSERT_EQ(actual.results.size(), types.size());
  for (const ExpectationResult& result : actual.results) {
    EXPECT_TRUE(result.raised) << result.expectation.type;
  }
}

TEST(Validation, NamesIndexColumnsInsteadOfPositionsWhenAsked) {
  analytics::Session session = OpenDirtyFlights();
  const Suite suite = ParseSuiteText(
      R"({"name":"s","expectations":[{"type":"expect_column_values_to_be_in_set","kwargs":
      {"column":"origin","value_set":["JFK","LGA","EWR","ISP","HPN"]}}]})");
  ValidationOptions options;
  options.index_columns = {"seq"};
  options.partial_unexpected_count = 2;
  options.row_sample_max = 0;
  const ValidationResult result = Validate(session, "flights", suite, options);
  EXPECT_EQ(result.results[0].result.At("partial_unexpected_index_list").Dump(),
            R"([{"origin":" JFK","seq":20},{"origin":"jfk","seq":21}])");
}

TEST(Validation, KeepsABoundedSampleOfWholeFailingRows) {
  analytics::Session session;
  session.Execute("CREATE TABLE t AS SELECT range AS id, range % 3 AS x FROM range(1000)");
  const Suite suite = ParseSuiteText(
      R"({"name":"s","expectations":[{"type":"expect_column_values_to_be_between",
      "kwargs":{"column":"x","max_value":1}}]})");
  ValidationOptions options;
  options.row_sample_max = 2;
  const ValidationResult result = Validate(session, "t", suite, options);
  EXPECT_EQ(result.results[0].result.At("unexpected_count").AsInt(), 333);
  EXPECT_FALSE(result.results[0].result.Has("unexpected_rows"));
  EXPECT_EQ(result.results[0].ToJson().At("unexpected_rows").Dump(),
            R"([{"id":2,"x":2},{"id":5,"x":2}])");
}

TEST(Validation, FindsRepeatedKeysAmongTheRowsOfACondition) {
  analytics::Session session;
  session.Execute(
      "CREATE TABLE t AS SELECT * FROM (VALUES ('a', 1, NULL), ('a', 2, NULL), ('a', 1, NULL), "
      "('b', 1, 5), ('b', 1, 6), (NULL, 1, 7), (NULL, 1, 7)) AS rows(kind, x, y)");
  const Suite suite = ParseSuiteText(R"({"name":"s","expectations":[
      {"type":"expect_compound_columns_to_be_unique","kwargs":{"column_list":["x","y"],
       "row_condition":"kind==\"a\"","condition_parser":"pandas","ignore_row_if":"never"}},
      {"type":"expect_compound_columns_to_be_unique","kwargs":{"column_list":["kind","x"],
       "ignore_row_if":"any_value_is_missing"}},
      {"type":"expect_column_values_to_be_unique","kwargs":{"column":"y"}},
      {"type":"expect_column_values_to_be_unique","kwargs":{"column":"x",
       "row_condition":"y==5","condition_parser":"pandas"}}]})");
  ValidationOptions options;
  options.format = ResultFormat::kComplete;
  const ValidationResult result = Validate(session, "t", suite, options);
  const auto rows = [&](size_t i) {
    return result.results[i].result.At("unexpected_index_list").Dump();
  };
  EXPECT_EQ(rows(0), "[0,2]");
  EXPECT_EQ(rows(1), "[0,2,3,4]");
  EXPECT_EQ(rows(2), "[5,6]");
  EXPECT_EQ(result.results[2].result.At("missing_count").AsInt(), 3);
  EXPECT_TRUE(result.results[3].success);
}

TEST(Validation, TakesQuantilesOfTheRowsOfACondition) {
  analytics::Session session;
  session.Execute("CREATE TABLE t AS SELECT range AS x, range < 101 AS low FROM range(1000)");
  const Suite suite = ParseSuiteText(R"({"name":"s","expectations":[
      {"type":"expect_column_quantile_values_to_be_between","kwargs":{"column":"x",
       "row_condition":"low==True","condition_parser":"pandas",
       "quantile_ranges":{"quantiles":[0.1,0.5],"value_ranges":[[10,10],[50,50]]}}}]})");
  const ValidationResult result = Validate(session, "t", suite);
  EXPECT_TRUE(result.success) << result.ToJson().Dump();
}

TEST(Validation, AnUnknownTypeRaisesForItselfAlone) {
  analytics::Session session;
  session.Execute("CREATE TABLE t AS SELECT 1 AS x");
  const Suite suite = ParseSuiteText(
      R"({"expectation_suite_name":"old","evaluation_parameters":{"top":2},"expectations":[
      {"expectation_type":"expect_the_moon","kwargs":{}},
      {"expectation_type":"expect_column_max_to_be_between",
       "kwargs":{"column":"x","max_value":{"$PARAMETER":"top"}}}]})");
  const ValidationResult result = Validate(session, "t", suite);
  EXPECT_EQ(result.suite, "old");
  EXPECT_FALSE(result.success);
  EXPECT_EQ(result.results[0].ToJson().At("exception_info").Dump(),
            R"({"raised_exception":true,"exception_traceback":null,"exception_message":)"
            R"("Expectation type is not supported: expect_the_moon"})");
  EXPECT_TRUE(result.results[1].success);
  EXPECT_EQ(result.Statistics().Dump(),
            R"({"evaluated_expectations":2,"successful_expectations":1,)"
            R"("unsuccessful_expectations":1,"success_percent":50.0})");
  EXPECT_EQ(ValidationResult::FromJson(result.ToJson()).ToJson(), result.ToJson());
}

TEST(Validation, AnExpectationThatFailsInTheScanHarmsNoOther) {
  analytics::Session session;
  session.Execute("CREATE TABLE t AS SELECT 'a' AS x");
  const Suite suite = ParseSuiteText(
      R"({"name":"s","expectations":[
      {"type":"expect_column_values_to_match_regex","kwargs":{"column":"x","regex":"(["}},
      {"type":"expect_column_values_to_match_regex","kwargs":{"column":"x","regex":"^a$"}}]})");
  const ValidationResult result = Validate(session, "t", suite);
  EXPECT_TRUE(result.results[0].raised);
  EXPECT_TRUE(result.results[1].success);
}

TEST(Validation, ASuiteCannotWrite) {
  analytics::Session session;
  session.Execute("CREATE TABLE t AS SELECT 1 AS x");
  const Suite suite = ParseSuiteText(
      R"({"name":"s","expectations":[{"type":"unexpected_rows_expectation",
      "kwargs":{"unexpected_rows_query":"SELECT 1); DROP TABLE t; SELECT (1"}},
      {"type":"unexpected_rows_expectation","kwargs":{"unexpected_rows_query":"DROP TABLE t"}}]})");
  const ValidationResult result = Validate(session, "t", suite);
  EXPECT_TRUE(result.results[1].raised);
  EXPECT_EQ(session.Query("SELECT count(*) FROM t").Int(0, 0), 1);
}

TEST(Validation, JudgesAFileWithoutADatabase) {
  const Suite suite = ParseSuiteText(
      R"({"name":"s","expectations":[{"type":"expect_table_row_count_to_equal",
      "kwargs":{"value":602}}]})");
  EXPECT_TRUE(ValidateFile(kData + "dirty_flights.csv", suite).success);
  EXPECT_THROW(ValidateFile(kData + "README.md", suite), Error);
}

TEST(RowCondition, TranslatesWhatPandasAndGreatExpectationsWrite) {
  const std::vector<analytics::Column> columns = {{"a", analytics::ColumnType::kInteger, "BIGINT"},
                                                  {"b c", analytics::ColumnType::kText, "VARCHAR"}};
  const std::pair<const char*, const char*> kCases[] = {
      {"a==1", R"(coalesce("a" = 1, FALSE))"},
      {"a != -1.5e3", R"(("a" IS DISTINCT FROM -1.5e3))"},
      {"`b c` == 'it''", nullptr},
      {"`b c` == \"it's\" and not a>2",
       R"((coalesce("b c" = 'it''s', FALSE) AND (NOT coalesce("a" > 2, FALSE))))"},
      {"col(\"a\").notNull() | a in [1, 2]",
       R"((("a" IS NOT NULL) OR coalesce("a" IN (1, 2), FALSE)))"},
      {"nope == 1", nullptr},
      {"a == 1; drop table t", nullptr},
      {"", nullptr},
  };
  for (const auto& [text, expected] : kCases) {
    if (expected == nullptr) {
      EXPECT_THROW(RowConditionSql(text, columns), Error) << text;
    } else {
      EXPECT_EQ(RowConditionSql(text, columns), expected) << text;
    }
  }
}

}  // namespace
}  // namespace millwright::quality

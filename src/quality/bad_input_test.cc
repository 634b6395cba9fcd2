// What people hand over that is not as it should be: every expectation says so for itself.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/id.h"
#include "quality/expectation_type.h"
#include "quality/profile_file.h"
#include "quality/validation.h"

namespace millwright::quality {
namespace {

ValidationResult Judge(analytics::Session& session, const std::string& expectations) {
  return Validate(session, "t",
                  ParseSuiteText(R"({"name":"s","expectations":)" + expectations + "}"));
}

std::string MessageOf(analytics::Session& session, const std::string& type,
                      const std::string& kwargs) {
  const auto result = Judge(session, R"([{"type":")" + type + R"(","kwargs":)" + kwargs + "}]");
  EXPECT_TRUE(result.results[0].raised) << type << kwargs << result.ToJson().Dump(1);
  return result.results[0].exception_message;
}

TEST(BadInput, UnknownTypesKwargsAndColumnsAreNamedWithTheNearest) {
  analytics::Session session;
  session.Execute("CREATE TABLE t AS SELECT 1 AS distance, DATE '2001-01-01' AS day, 'a' AS name");
  EXPECT_EQ(MessageOf(session, "expect_column_values_to_be_betwen", "{}"),
            "Expectation type is not supported: expect_column_values_to_be_betwen (did you mean "
            "expect_column_values_to_be_between?)");
  EXPECT_EQ(MessageOf(session, "expect_column_values_to_be_between",
                      R"({"column":"distance","min_valeu":1})"),
            "expect_column_values_to_be_between takes no min_valeu (did you mean min_value?)");
  EXPECT_EQ(MessageOf(session, "expect_column_values_to_be_in_set", R"({"column":"distance"})"),
            "expect_column_values_to_be_in_set needs value_set");
  EXPECT_EQ(MessageOf(session, "expect_column_values_to_not_be_null", R"({"column":"distnace"})"),
            "Error: The column \"distnace\" in BatchData does not exist. The nearest is "
            "\"distance\".");
  EXPECT_EQ(MessageOf(session, "expect_column_values_to_be_of_type",
                      R"({"column":"name","type_":"strng"})"),
            "Unrecognized type: strng (did you mean string?)");
  EXPECT_NE(MessageOf(session, "expect_column_values_to_be_between",
                      R"({"column":"day","min_value":"the day before"})"),
            "");
  EXPECT_NE(MessageOf(session, "expect_column_values_to_be_between",
                      R"({"column":"distance","min_value":"ten"})"),
            "");
  EXPECT_NE(MessageOf(session, "expect_column_values_to_be_between",
                      R"({"column":"distance","min_value":1,"auto":true})"),
            "");
}

TEST(BadInput, AClassOfGreatExpectationsIsNamedByItsType) {
  analytics::Session session;
  session.Execute("CREATE TABLE t AS SELECT 1 AS x");
  EXPECT_EQ(MessageOf(session, "ExpectColumnToExist", "{}"),
            "Expectation type is not supported: ExpectColumnToExist (did you mean "
            "expect_column_to_exist?)");
}

TEST(BadInput, NumbersOfManyDigitsAreNotRoundedOnTheWay) {
  analytics::Session session;
  session.Execute(
      "CREATE TABLE t AS SELECT CAST('0.9999999999999999' AS DOUBLE) AS x, 1::DOUBLE AS one");
  const auto result = Judge(session, R"([
      {"type":"expect_column_values_to_be_in_set","kwargs":{"column":"x","value_set":[0.9999999999999999]}},
      {"type":"expect_column_values_to_be_in_set","kwargs":{"column":"one","value_set":[0.9999999999999999]}},
      {"type":"expect_column_values_to_be_between","kwargs":{"column":"one","max_value":0.9999999999999999}},
      {"type":"expect_column_values_to_be_between","kwargs":{"column":"x","min_value":0.9999999999999999}},
      {"type":"expect_column_values_to_be_between","kwargs":{"column":"x","min_value":1}}])");
  const bool expected[] = {true, false, false, true, false};
  for (size_t i = 0; i < std::size(expected); ++i) {
    EXPECT_EQ(result.results[i].success, expected[i]) << i;
  }
}

TEST(BadInput, ObsoleteKwargsAtTheirDefaultsChangeNothing) {
  analytics::Session session;
  session.Execute("CREATE TABLE t AS SELECT 1 AS x");
  const auto result = Judge(session, R"([{"expectation_type":"expect_column_max_to_be_between",
      "kwargs":{"column":"x","max_value":2,"min_value":null,"auto":false,"profiler_config":null,
      "parse_strings_as_datetimes":false,"batch_id":"b","result_format":"BASIC"}}])");
  EXPECT_TRUE(result.success) << result.ToJson().Dump(1);
}

// Every type that takes one column, with bounds that are of no matter.
std::string AllOfColumn(const std::string& column) {
  std::string list = "[";
  for (const ExpectationType& type : ExpectationTypes()) {
    Json kwargs = Json::MakeObject();
    for (const KwargUse& use : KwargsOf(type)) {
      const std::string name(use.kwarg->name);
      if (name == "column" || name == "column_A" || name == "column_B") kwargs.Set(name, column);
      if (name == "min_value" || name == "value" || name == "threshold") kwargs.Set(name, 1);
      if (name == "sum_total") kwargs.Set(name, 1);
      if (name == "column_list" || name == "column_set")
        kwargs.Set(name, Json(Json::Array{column, column}));
      if (name == "value_set" || name == "value_pairs_set") kwargs.Set(name, Json::MakeArray());
      if (name == "regex" || name == "like_pattern" || name == "strftime_format" ||
          name == "type_" || name == "sql") {
        kwargs.Set(name, name == "type_" ? "float"
                         : name == "sql" ? "\"" + column + "\" > 1"
                                         : "%Y");
      }
      if (name == "regex_list" || name == "like_pattern_list")
        kwargs.Set(name, Json(Json::Array{"a"}));
      if (name == "type_list") kwargs.Set(name, Json(Json::Array{"float"}));
      if (name == "json_schema") kwargs.Set(name, Json::MakeObject());
      if (name == "other_table_name") kwargs.Set(name, "none");
      if (name == "unexpected_rows_query") kwargs.Set(name, "SELECT * FROM {batch} WHERE FALSE");
      if (name == "quantile_ranges") {
        kwargs.Set(name, ParseJson(R"({"quantiles":[0.5],"value_ranges":[[0,null]]})"));
      }
      if (name == "partition_object") {
        kwargs.Set(name, ParseJson(R"({"values":[1],"weights":[1.0]})"));
      }
    }
    if (list.size() > 1) list += ",";
    list += Json::Of({{"type", std::string(type.type)}, {"kwargs", kwargs}}).Dump();
  }
  return list + "]";
}

TEST(BadInput, EmptyTablesNullColumnsAndInfinitiesAreJudgedByEveryType) {
  for (const char* table :
       {"SELECT 1.5::DOUBLE AS x WHERE FALSE", "SELECT 'a' AS x WHERE FALSE",
        "SELECT NULL::DOUBLE AS x FROM range(5)", "SELECT NULL::VARCHAR AS x FROM range(5)",
        "SELECT NULL AS x FROM range(5)", "SELECT NULL::DATE AS x FROM range(5)",
        "SELECT unnest(['inf'::DOUBLE, '-inf', 'nan', 1, NULL]) AS x",
        "SELECT 'inf'::DOUBLE AS x FROM range(3)", "SELECT 1e308::DOUBLE AS x FROM range(9)",
        "SELECT unnest([170141183460469231731687303715884105727::HUGEINT, 1]) AS x",
        "SELECT TIMESTAMP 'infinity' AS x", "SELECT [1, 2] AS x", "SELECT '\\xFF'::BLOB AS x",
        "SELECT INTERVAL 3 DAYS AS x", "SELECT TRUE AS x"}) {
    analytics::Session session;
    session.Execute(std::string("CREATE TABLE t AS ") + table);
    const auto result = Judge(session, AllOfColumn("x"));
    EXPECT_EQ(result.results.size(), ExpectationTypes().size());
    for (const ExpectationResult& one : result.results) {
      EXPECT_EQ(one.raised, !one.exception_message.empty()) << table << one.expectation.type;
      // What is printed must be JSON, whatever the figures are.
      EXPECT_NO_THROW(ParseJson(one.ToJson().Dump())) << table << one.expectation.type;
    }
  }
}

TEST(BadInput, NothingJudgedIsSuccess) {
  analytics::Session session;
  session.Execute("CREATE TABLE t AS SELECT NULL::BIGINT AS x FROM range(3)");
  const auto result = Judge(session, R"([
      {"type":"expect_column_values_to_be_between","kwargs":{"column":"x","min_value":1}},
      {"type":"expect_column_values_to_be_unique","kwargs":{"column":"x"}},
      {"type":"expect_column_max_to_be_between","kwargs":{"column":"x","min_value":1}}])");
  EXPECT_TRUE(result.results[0].success && result.results[1].success);
  EXPECT_FALSE(result.results[2].success || result.results[2].raised);
}

TEST(BadInput, AColumnWithoutValuesIsOfNumbersWhereTheSuiteTakesItSo) {
  const Suite suite = ParseSuiteText(
      "suite: s\nchecks:\n- between: {column: a, min: 1}\n"
      "- mean: {column: a, min: 1}\n- stdev: {column: a, min: 1}\n"
      "- between: {column: b, min: 1}\n");
  for (const char* rows : {"FROM range(3)", "WHERE FALSE"}) {
    analytics::Session session;
    session.Execute(std::string("CREATE TABLE t AS SELECT NULL::VARCHAR AS a, 'x' AS b ") + rows);
    const auto result = Validate(session, "t", suite);
    EXPECT_TRUE(result.results[0].success) << result.ToJson().Dump(1);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_FALSE(result.results[i].raised) << result.results[i].exception_message;
    }
    // What Great Expectations says of a mean of nothing.
    EXPECT_EQ(result.results[1].result.Dump(), R"({"observed_value":null})");
    EXPECT_EQ(result.results[3].raised, std::string(rows) == "FROM range(3)");
  }
}

TEST(BadInput, NotANumberIsWithinNoBounds) {
  analytics::Session session;
  session.Execute(
      "CREATE TABLE t AS SELECT unnest(['1', '2', 'inf', '-inf', 'nan']::DOUBLE[]) AS a");
  const auto result = Judge(session, R"([{"type":"expect_column_mean_to_be_between",
      "kwargs":{"column":"a","min_value":0,"max_value":5}}])");
  EXPECT_FALSE(result.success) << result.ToJson().Dump(1);
}

TEST(BadInput, WhatIsShownOfFailingRowsIsBounded) {
  analytics::Session session;
  std::string columns, checks;
  for (int i = 0; i < 1500; ++i) columns += fmt::format(", range AS c{}", i);
  for (int i = 0; i < 400; ++i)
    checks += fmt::format("- between: {{column: c{}, max: -1}}\n", i + 1000);
  session.Execute("CREATE TABLE t AS SELECT repeat('x', 150000) AS text" + columns +
                  " FROM range(60)");
  ValidationOptions options;
  options.format = ResultFormat::kComplete;
  const auto result = Validate(
      session, "t",
      ParseSuiteText("suite: s\nchecks:\n- in_set: {column: text, values: [a]}\n" + checks),
      options);
  EXPECT_FALSE(result.results[1].success);
  const Json& row = result.results[1].rows.AsArray().at(0);
  EXPECT_LT(row.AsObject().size(), 40u);
  EXPECT_EQ(row.At("c1000").AsInt(), 0);
  EXPECT_EQ(result.results[0].result.At("unexpected_list").AsArray().at(0).AsString().size(),
            kShownCharactersMax + std::string("…").size());
  EXPECT_LT(result.ToJson().Dump().size(), 40u << 20);
}

TEST(BadInput, RegexesThatBlowUpElsewhereAreLinear) {
  analytics::Session session;
  session.Execute("CREATE TABLE t AS SELECT repeat('a', 5000) || '!' AS x FROM range(200)");
  const auto result = Judge(session, R"([
      {"type":"expect_column_values_to_match_regex","kwargs":{"column":"x","regex":"^(a+)+$"}},
      {"type":"expect_column_values_to_match_regex","kwargs":{"column":"x","regex":"(a|aa)+$"}},
      {"type":"expect_column_values_to_match_regex","kwargs":{"column":"x","regex":"(?=a)a"}}])");
  EXPECT_EQ(result.results[0].result.GetInt("unexpected_count"), 200);
  EXPECT_EQ(result.results[1].result.GetInt("unexpected_count"), 200);
  EXPECT_TRUE(result.results[2].raised) << "RE2 has no lookahead, and says so";
}

class FileTest : public testing::Test {
 protected:
  FileTest() : folder_(std::filesystem::temp_directory_path() / ("bad_input_" + NewHexId())) {
    std::filesystem::create_directories(folder_);
  }
  ~FileTest() override { std::filesystem::remove_all(folder_); }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return (folder_ / name).string();
  }
  const std::filesystem::path folder_;
};

using BadInputFile = FileTest;

TEST_F(BadInputFile, Latin1AndUtf16AreRead) {
  const Suite suite = ParseSuiteText(R"({"name":"s","expectations":[
      {"type":"expect_column_values_to_be_in_set","kwargs":{"column":"name","value_set":["é"]}}]})");
  const std::string latin = Write("latin.csv", "name,x\n\xE9,1\n\xE9,2\n");
  const std::string utf16 = Write("utf16.csv", std::string("\xFF\xFE"
                                                           "n\0a\0m\0e\0\n\0\xE9\0\n\0",
                                                           16));
  for (const std::string& file : {latin, utf16}) {
    const auto result = ValidateFile(file, suite);
    EXPECT_TRUE(result.success) << file << result.ToJson().Dump(1);
  }
  EXPECT_TRUE(ValidateFile(Write("utf8.csv", "\xEF\xBB\xBFname,x\né,1\né,2\n"), suite).success);
}

std::string WideCsv(int columns) {
  std::string names, values;
  for (int i = 0; i < columns; ++i) {
    names += (i == 0 ? "c" : ",c") + std::to_string(i);
    values += (i == 0 ? "" : ",") + std::to_string(i % 7);
  }
  return names + "\n" + values + "\n" + values + "\n";
}

TEST_F(BadInputFile, FiveThousandColumnsAreJudgedAndAHundredThousandAreRefusedClearly) {
  const std::string file = Write("wide.csv", WideCsv(5'000));
  EXPECT_THROW(ValidateFile(Write("wider.csv", WideCsv(100'000)), Suite()), Error);
  const Suite suite = ParseSuiteText(R"({"name":"s","expectations":[
      {"type":"expect_table_column_count_to_equal","kwargs":{"value":5000}},
      {"type":"expect_column_values_to_be_between","kwargs":{"column":"c4999","max_value":0}},
      {"type":"expect_column_values_to_be_unique","kwargs":{"column":"c3"}},
      {"type":"expect_column_max_to_be_between","kwargs":{"column":"c6","max_value":6}},
      {"type":"expect_column_to_exist","kwargs":{"column":"c5000"}}]})");
  const auto result = ValidateFile(file, suite);
  const bool expected[] = {true, false, false, true, false};
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(result.results[i].success, expected[i]) << i;
    EXPECT_FALSE(result.results[i].raised) << result.results[i].exception_message;
  }
}

TEST_F(BadInputFile, AColumnOfMixedTypesIsOfTexts) {
  const std::string file =
      Write("mixed.jsonl", "{\"a\":1}\n{\"a\":2}\n{\"a\":\"x\"}\n{\"a\":null}\n");
  const auto result = ValidateFile(
      file, ParseSuiteText("suite: s\nchecks:\n- in_set: {column: a, values: ['1', '2', x]}\n"));
  EXPECT_TRUE(result.success) << result.ToJson().Dump(1);
  analytics::Session session;
  const TableProfile profile = ProfileDataFile(session, file);
  EXPECT_EQ(profile.columns.at(0).distinct, 3);
  EXPECT_EQ(profile.columns.at(0).missing, 1);
}

TEST_F(BadInputFile, AFileThatIsNoTableIsRefused) {
  const Suite suite = ParseSuiteText(R"({"name":"s","expectations":[]})");
  EXPECT_THROW(ValidateFile(Write("empty.csv", ""), suite), Error);
  EXPECT_THROW(ValidateFile(Write("torn.parquet", "PAR1 no"), suite), Error);
  EXPECT_THROW(ValidateFile(Write("torn.jsonl", "{\"a\": 1}\n{\"a\": "), suite), Error);
  EXPECT_THROW(ValidateFile((folder_ / "none.csv").string(), suite), Error);
}

}  // namespace
}  // namespace millwright::quality

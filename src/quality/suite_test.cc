#include "quality/suite.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "base/file.h"
#include "quality/plan.h"
#include "quality/row_condition.h"
#include "quality/validation.h"

namespace millwright::quality {
namespace {

const std::string kData = std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/validation/";

TEST(Suite, ReadsTheOldFormAndWritesTheNewOne) {
  const Suite suite = ParseSuiteText(
      R"({"expectation_suite_name":"old","data_asset_type":null,"ge_cloud_id":null,
      "evaluation_parameters":{"top":3},"meta":{"great_expectations_version":"0.18.0"},
      "expectations":[{"expectation_type":"expect_column_to_exist","kwargs":{"column":"x"},
      "meta":{}}]})");
  EXPECT_EQ(suite.ToJson().Dump(),
            R"({"name":"old","expectations":[{"type":"expect_column_to_exist",)"
            R"("kwargs":{"column":"x"},"meta":{}}],"meta":{"great_expectations_version":)"
            R"("0.18.0"},"suite_parameters":{"top":3}})");
  EXPECT_EQ(ParseSuite(suite.ToJson()).ToJson(), suite.ToJson());
}

TEST(Suite, NamesTheExpectationThatIsToBlame) {
  try {
    ParseSuiteText(R"({"name":"s","expectations":[{"type":"a"},{"kwargs":{}}]})");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "Expectation 1: Missing field: type");
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
  }
  EXPECT_THROW(ParseSuiteText("[]"), Error);
  EXPECT_THROW(ParseSuiteText(R"({"name":"s"})"), Error);
  EXPECT_THROW(ParseSuiteText(R"({"name":"s","expectations":[{"type":"a","kwargs":[]}]})"), Error);
}

TEST(Suite, SupportsFiftyTypes) {
  EXPECT_GE(SupportedExpectations().size(), 50u);
}

// Puts a value of another type somewhere into a tree.
void Mutate(Json& json, std::mt19937& random) {
  static const Json kOdd[] = {Json(),
                              Json(true),
                              Json(-1),
                              Json(1e308),
                              Json("x"),
                              Json("([)'\""),
                              Json::MakeArray(),
                              Json::MakeObject(),
                              Json(""),
                              Json("delay"),
                              Json(0.5),
                              Json("%Y"),
                              Json(int64_t{1} << 62)};
  const bool descend = random() % 4 != 0;
  if (descend && json.is_object() && !json.AsObject().empty()) {
    auto& fields = json.AsObject();
    return Mutate(fields[random() % fields.size()].second, random);
  }
  if (descend && json.is_array() && !json.AsArray().empty()) {
    auto& items = json.AsArray();
    return Mutate(items[random() % items.size()], random);
  }
  json = kOdd[random() % std::size(kOdd)];
}

TEST(Suite, MutatedTextIsReadOrRefused) {
  const std::string whole = ReadFile(kData + "suite.json");
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string text = whole.substr(random() % 200, random() % 6000);
    for (int i = 0; i < 4 && !text.empty(); ++i) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    try {
      ParseSuiteText(text);
    } catch (const Error&) {
    }
  }
}

TEST(Suite, MutatedExpectationsAreJudgedOrRaiseForThemselves) {
  analytics::Session session;
  session.Execute("CREATE TABLE flights AS SELECT * FROM read_csv('" + kData +
                  "dirty_flights.csv', header = true) LIMIT 50");
  const Suite suite = ParseSuite(ParseJson(ReadFile(kData + "suite.json")).At("suite"));
  std::mt19937 random(11);
  for (int round = 0; round < 12; ++round) {
    Suite mutated = suite;
    for (Expectation& expectation : mutated.expectations) Mutate(expectation.kwargs, random);
    const ValidationResult result = Validate(session, "flights", mutated);
    EXPECT_EQ(result.results.size(), suite.expectations.size());
    EXPECT_EQ(session.Query("SELECT count(*) FROM flights").Int(0, 0), 50);
  }
}

TEST(RowCondition, MutatedTextIsTranslatedOrRefused) {
  const std::vector<analytics::Column> columns = {{"a", analytics::ColumnType::kInteger, "BIGINT"}};
  const std::string whole = "not (a >= -1.5e3 and a in [1, 2]) | ~(`a` != \"x\") or a.notnull()";
  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = whole;
    for (int i = 0; i < 3; ++i) {
      const size_t at = random() % text.size();
      if (random() % 2) {
        text.insert(at, 1, whole[random() % whole.size()]);
      } else {
        text.erase(at, 1 + random() % 3);
      }
    }
    try {
      RowConditionSql(text, columns);
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace millwright::quality

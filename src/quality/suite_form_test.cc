#include "quality/suite_form.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "base/file.h"
#include "quality/expectation_type.h"
#include "quality/plan.h"
#include "quality/validation.h"

namespace millwright::quality {
namespace {

const std::string kSource = MILLWRIGHT_SOURCE_DIR;

void CheckRoundTrips(const Suite& suite) {
  for (const SuiteForm form : {SuiteForm::kGx, SuiteForm::kGx0, SuiteForm::kYaml}) {
    const std::string text = WriteSuite(suite, form);
    EXPECT_EQ(ParseSuiteText(text).ToJson(), suite.ToJson()) << text;
    EXPECT_EQ(WriteSuite(ParseSuiteText(text), form), text);
  }
}

TEST(SuiteForm, EveryFormSaysAllOfTheGoldenSuite) {
  CheckRoundTrips(
      ParseSuite(ParseJson(ReadFile(kSource + "/tests/data/validation/suite.json")).At("suite")));
}

TEST(SuiteForm, EveryFormSaysAllOfTheExamples) {
  CheckRoundTrips(ParseSuiteText(ReadFile(kSource + "/examples/flights/suite.json")));
}

TEST(SuiteForm, EveryFormSaysWhatIsOdd) {
  CheckRoundTrips(ParseSuiteText(R"({"name":"yes: no","id":"7","notes":"a\nb","meta":{"k":[]},
      "suite_parameters":{"top":1.0,"day":"2001-01-04","none":null},"expectations":[
      {"type":"expect_column_to_exist","kwargs":{"column":"null"},"meta":{"a":{"b":"1e5"}}},
      {"type":"expect_column_values_to_be_between","kwargs":{"column":"x","min":1,"max_value":2}},
      {"type":"expect_column_values_to_be_in_set",
       "kwargs":{"column":"é \"q\" \u0007","value_set":["", "~", "true", "12", 12, 1e300, -0.5]}},
      {"type":"expect_table_row_count_to_equal","kwargs":{"value":{"$PARAMETER":"top"}}},
      {"type":"expect_table_row_count_to_be_between","kwargs":{}},
      {"type":"expect_the_moon","kwargs":{"a":{"b":null}},"notes":["x"],"description":"# no"},
      {"type":"between","kwargs":{"column":"x"}}]})"));
}

TEST(SuiteForm, IsShortInYaml) {
  const Suite suite = ParseSuiteText(R"({"name":"arrivals","expectations":[
      {"type":"expect_column_values_to_not_be_null","kwargs":{"column":"late"}},
      {"type":"expect_column_values_to_be_between","description":"Miles",
       "kwargs":{"column":"distance","min_value":10,"mostly":0.999}},
      {"type":"expect_table_row_count_to_equal","kwargs":{"value":602}}]})");
  EXPECT_EQ(WriteSuite(suite, SuiteForm::kYaml),
            "suite: arrivals\n"
            "checks:\n"
            "  - not_null: late\n"
            "  - between: {column: distance, min: 10, mostly: 0.999}\n"
            "    description: Miles\n"
            "  - row_count: 602\n");
}

TEST(SuiteForm, ReadsGreatExpectationsOwnShapeFromYamlToo) {
  const Suite suite = ParseSuiteText(
      "name: s\nexpectations:\n- type: expect_column_to_exist\n  kwargs: {column: x}\n");
  EXPECT_EQ(suite.expectations.at(0).kwargs.GetString("column"), "x");
}

TEST(SuiteForm, AnUnknownCheckIsLeftToItsOwnResult) {
  const Suite suite =
      ParseSuiteText("suite: s\nchecks:\n- betwen: {column: x, min: 1}\n- not_nul: x\n");
  ASSERT_EQ(suite.expectations.size(), 2u);
  analytics::Session session;
  session.Execute("CREATE TABLE t AS SELECT 1 AS x");
  const auto result = Validate(session, "t", suite);
  EXPECT_EQ(result.results[0].exception_message,
            "Expectation type is not supported: betwen (did you mean between?)");
  EXPECT_EQ(result.results[1].exception_message,
            "Expectation type is not supported: not_nul (did you mean not_null?)");
}

TEST(SuiteForm, NamesTheLineOfANumberThatJsonHasNot) {
  const std::pair<const char*, const char*> kCases[] = {
      {"{\n\"expectations\": [{\"type\": \"x\", \"kwargs\": {\"max_value\": Infinity}}]}",
       "line 2: Infinity is no number in JSON; a bound that is left out bounds nothing"},
      {"{\"a\": \"NaN 1e400\",\n\n\"b\": 1e400}", "line 3: the number 1e400 is too large"},
      {"{\"b\": 12345678901234567890123456789}",
       "line 1: the number 12345678901234567890123456789 is too large"},
  };
  for (const auto& [text, message] : kCases) {
    try {
      ParseSuiteText(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.message(), message);
    }
  }
}

TEST(SuiteForm, NamesTheCheckThatIsToBlameAndTheNearestKnown) {
  const std::pair<const char*, const char*> kCases[] = {
      {"suite: s\nchecks:\n- not_null: x\n  unique: x\n",
       "Check 0: A check has one name, not also unique"},
      {"suite: s\nchecks:\n- not_null: x\n- id: a\n", "Check 1: A check needs a name"},
      {"suite: s\nchecks:\n- in_set: x\n", "Check 0: in_set takes a mapping of kwargs"},
      {"suite: s\nparameter: {}\nchecks: []\n",
       "A suite has no parameter (did you mean parameters?)"},
      {"suite: s\nchekcs: []\n", "A suite has no chekcs (did you mean checks?)"},
  };
  for (const auto& [text, message] : kCases) {
    try {
      ParseSuiteText(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.message(), message);
    }
  }
}

// The table and the planners are two lists of the same types.
TEST(ExpectationType, EveryPlannerHasItsRowAndEveryRowItsPlanner) {
  const std::vector<std::string> planned = SupportedExpectations();
  EXPECT_EQ(ExpectationTypes().size(), planned.size());
  for (const std::string& type : planned) {
    const ExpectationType* row = FindExpectationType(type);
    ASSERT_NE(row, nullptr) << type;
    for (const KwargUse& use : KwargsOf(*row)) EXPECT_NE(use.kwarg, nullptr) << type;
  }
}

TEST(ExpectationType, NamesAreUniqueSoThatNoFormIsAmbiguous) {
  std::set<std::string_view> names = {"type", "kwargs", "id", "description", "notes", "meta"};
  for (const ExpectationType& type : ExpectationTypes()) {
    EXPECT_TRUE(names.insert(type.type).second) << type.type;
    EXPECT_TRUE(names.insert(type.brief).second) << type.brief;
    std::set<std::string_view> briefs;
    for (const Kwarg& kwarg : CommonKwargs()) briefs.insert(kwarg.brief);
    for (const KwargUse& use : KwargsOf(type)) {
      EXPECT_TRUE(briefs.insert(use.kwarg->brief).second) << type.type << use.kwarg->brief;
    }
  }
}

}  // namespace
}  // namespace millwright::quality

#include "quality/row_rules.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace millwright::quality {
namespace {

RowRules Rules(const std::string& checks) {
  return RowRules(ParseSuiteText("suite: s\nchecks:\n" + checks));
}

void CheckNumber(const RowRules& rules, double value, const std::string& type) {
  const ValueRule* rule = rules.columns().at(0).Broken(value);
  EXPECT_EQ(rule == nullptr ? "" : rule->type, type) << value;
}

void CheckText(const RowRules& rules, const std::string& value, const std::string& type) {
  const ValueRule* rule = rules.columns().at(0).Broken(std::string_view(value));
  EXPECT_EQ(rule == nullptr ? "" : rule->type, type) << value;
}

TEST(RowRules, JudgeNumbers) {
  const RowRules rules = Rules(
      "- not_null: x\n- between: {column: x, min: 0, max: 10, strict_max: true}\n"
      "- not_in_set: {column: x, values: [3, 4.5, true]}\n");
  CheckNumber(rules, 0, "");
  CheckNumber(rules, 2, "");
  CheckNumber(rules, -0.1, "expect_column_values_to_be_between");
  CheckNumber(rules, 10, "expect_column_values_to_be_between");
  CheckNumber(rules, INFINITY, "expect_column_values_to_be_between");
  CheckNumber(rules, 4.5, "expect_column_values_to_not_be_in_set");
  CheckNumber(rules, 1, "expect_column_values_to_not_be_in_set");
  CheckNumber(rules, NAN, "expect_column_values_to_not_be_null");
}

TEST(RowRules, RangesTogetherAreAsNarrowAsEach) {
  const RowRules rules = Rules(
      "- between: {column: x, min: 0, max: 10, strict_max: true}\n- between: {column: x, min: 5}\n"
      "- not_null: x\n- between: {column: y, min: 7, max: 6}\n");
  CheckNumber(rules, 5, "");
  CheckNumber(rules, std::nextafter(10.0, 0), "");
  CheckNumber(rules, 10, "expect_column_values_to_be_between");
  CheckNumber(rules, 4.9, "expect_column_values_to_be_between");
  CheckNumber(rules, NAN, "expect_column_values_to_not_be_null");
  EXPECT_NE(rules.columns().at(1).Broken(6.5), nullptr);
}

TEST(RowRules, AMissingValueBreaksNoOtherRule) {
  CheckNumber(Rules("- between: {column: x, min: 0}\n"), NAN, "");
  CheckNumber(Rules("- in_set: {column: x, values: [1]}\n"), NAN, "");
  CheckNumber(Rules("- is_null: x\n"), NAN, "");
  CheckNumber(Rules("- is_null: x\n"), 1, "expect_column_values_to_be_null");
}

TEST(RowRules, JudgeTexts) {
  const RowRules rules = Rules(
      "- length_between: {column: x, min: 2, max: 4}\n- regex: {column: x, regex: '^[A-Zé]+$'}\n"
      "- not_like: {column: x, pattern: 'X_Z%'}\n- in_set: {column: x, values: [JFK, LGA, éé, "
      "XXXX, XYZ]}\n");
  CheckText(rules, "JFK", "");
  CheckText(rules, "éé", "");
  CheckText(rules, "J", "expect_column_value_lengths_to_be_between");
  CheckText(rules, "jfk", "expect_column_values_to_match_regex");
  CheckText(rules, "XYZ", "expect_column_values_to_not_match_like_pattern");
  CheckText(rules, "EWR", "expect_column_values_to_be_in_set");
}

TEST(RowRules, TextAndNumbersAreNotMistakenForOneAnother) {
  CheckText(Rules("- between: {column: x, min: 0}\n"), "5", "expect_column_values_to_be_between");
  CheckText(Rules("- in_set: {column: x, values: [5]}\n"), "5",
            "expect_column_values_to_be_in_set");
  CheckNumber(Rules("- between: {column: x, min: '2001-01-01'}\n"), 5,
              "expect_column_values_to_be_between");
  CheckText(Rules("- between: {column: x, min: '2001-01-01'}\n"), "2001-01-02", "");
}

TEST(RowRules, ListsOfPatternsNeedAnyOrAll) {
  CheckText(Rules("- regexes: {column: x, regexes: [a, b]}\n"), "b", "");
  CheckText(Rules("- regexes: {column: x, regexes: [a, b], match_on: all}\n"), "b",
            "expect_column_values_to_match_regex_list");
  CheckText(Rules("- not_regexes: {column: x, regexes: [a, b]}\n"), "xb",
            "expect_column_values_to_not_match_regex_list");
}

TEST(RowRules, SayWhatCannotBeAskedOfOneRow) {
  const RowRules rules = Rules(
      "- not_null: x\n- unique: x\n- not_null: {column: y, mostly: 0.9}\n- row_count: 5\n"
      "- not_null: {column: z, where: 'x > 1'}\n");
  EXPECT_EQ(rules.left_out(),
            (std::vector<std::string>{
                "expect_column_values_to_be_unique", "expect_column_values_to_not_be_null",
                "expect_table_row_count_to_equal", "expect_column_values_to_not_be_null"}));
  EXPECT_THROW(Rules("- row_count: 5\n"), Error);
  EXPECT_THROW(Rules("- regex: {column: x, regex: '(['}\n"), Error);
  EXPECT_THROW(Rules("- between: {column: x}\n"), Error);
  EXPECT_EQ(rules.columns().at(0).rules.at(0).required, "must not be missing");
  EXPECT_EQ(Rules("- between: {column: x, min: 0, max: 5, strict_max: true}\n")
                .columns()
                .at(0)
                .rules.at(0)
                .required,
            "must be at least 0 and below 5");
}

}  // namespace
}  // namespace millwright::quality

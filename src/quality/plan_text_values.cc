// Expectations that judge each value of one column as text.
#include "base/error.h"
#include "quality/json_schema.h"
#include "quality/plan_sql.h"

namespace millwright::quality {
namespace {

using analytics::Column;
using analytics::ColumnType;
using analytics::QuoteText;

Plan Judging(const Expectation& expectation, const Column& column, const std::string& expected) {
  Plan plan;
  RowCheck& check = plan.rows.emplace();
  check.columns = {column.name};
  check.ignored = MissingSql(column);
  check.mostly = Mostly(expectation.kwargs);
  check.unexpected = "(NOT coalesce(" + expected + ", FALSE))";
  return plan;
}

std::string Regex(const Column& column, const std::string& regex) {
  return "regexp_matches(" + TextSql(column) + ", " + QuoteText(regex) + ")";
}

std::string Like(const Column& column, const std::string& pattern) {
  return TextSql(column) + " LIKE " + QuoteText(pattern);
}

using Matcher = std::string (*)(const Column&, const std::string&);

// Joins the matches of a list of patterns: any of them, or all when match_on says so.
std::string MatchList(const Expectation& expectation, const Column& column, std::string_view key,
                      Matcher matcher, std::string_view joined_by) {
  std::vector<std::string> parts;
  for (const Json& pattern : ValueSet(expectation.kwargs, key)) {
    parts.push_back("(" + matcher(column, pattern.AsString(key)) + ")");
  }
  if (parts.empty()) throw InvalidArgument("{} is empty", key).WithField(std::string(key));
  return "(" + Join(parts, joined_by) + ")";
}

std::string_view MatchOn(const Expectation& expectation) {
  const std::string match_on = expectation.kwargs.GetString("match_on", "any");
  if (match_on != "any" && match_on != "all") {
    throw InvalidArgument("match_on must be any or all: {}", match_on).WithField("match_on");
  }
  return match_on == "all" ? " AND " : " OR ";
}

Plan MatchRegex(const Expectation& expectation, const Column& column) {
  return Judging(expectation, column,
                 Regex(column, expectation.kwargs.At("regex").AsString("regex")));
}

Plan NotMatchRegex(const Expectation& expectation, const Column& column) {
  return Judging(expectation, column,
                 "NOT " + Regex(column, expectation.kwargs.At("regex").AsString("regex")));
}

Plan MatchRegexList(const Expectation& expectation, const Column& column) {
  return Judging(expectation, column,
                 MatchList(expectation, column, "regex_list", Regex, MatchOn(expectation)));
}

Plan NotMatchRegexList(const Expectation& expectation, const Column& column) {
  return Judging(expectation, column,
                 "NOT " + MatchList(expectation, column, "regex_list", Regex, " OR "));
}

Plan MatchLike(const Expectation& expectation, const Column& column) {
  return Judging(expectation, column,
                 Like(column, expectation.kwargs.At("like_pattern").AsString("like_pattern")));
}

Plan NotMatchLike(const Expectation& expectation, const Column& column) {
  return Judging(
      expectation, column,
      "NOT (" + Like(column, expectation.kwargs.At("like_pattern").AsString("like_pattern")) + ")");
}

Plan MatchLikeList(const Expectation& expectation, const Column& column) {
  return Judging(expectation, column,
                 MatchList(expectation, column, "like_pattern_list", Like, MatchOn(expectation)));
}

Plan NotMatchLikeList(const Expectation& expectation, const Column& column) {
  return Judging(expectation, column,
                 "NOT " + MatchList(expectation, column, "like_pattern_list", Like, " OR "));
}

Plan MatchStrftime(const Expectation& expectation, const Column& column) {
  const std::string& format = expectation.kwargs.At("strftime_format").AsString("strftime_format");
  if (IsNumeric(column) || column.type == ColumnType::kBoolean) {
    throw InvalidArgument(
        "Values passed to expect_column_values_to_match_strftime_format must be of type string.");
  }
  // A column that was read as a time was text in the file: what it prints as is what is judged.
  return Judging(expectation, column,
                 "try_strptime(" + TextSql(column) + ", " + QuoteText(format) + ") IS NOT NULL");
}

// The date forms that are seen in data, of the many that dateutil guesses at.
Plan DateutilParseable(const Expectation& expectation, const Column& column) {
  static constexpr std::string_view kFormats[] = {"%Y-%m-%d",
                                                  "%Y-%m-%d %H:%M",
                                                  "%Y-%m-%d %H:%M:%S",
                                                  "%Y-%m-%dT%H:%M:%S",
                                                  "%Y-%m-%dT%H:%M:%S.%g",
                                                  "%Y-%m-%d %H:%M:%S.%g",
                                                  "%Y-%m-%dT%H:%M:%SZ",
                                                  "%Y/%m/%d",
                                                  "%Y/%m/%d %H:%M:%S",
                                                  "%m/%d/%Y",
                                                  "%d/%m/%Y",
                                                  "%m/%d/%y",
                                                  "%m/%d/%Y %H:%M",
                                                  "%m/%d/%Y %H:%M:%S",
                                                  "%d.%m.%Y",
                                                  "%Y%m%d",
                                                  "%d %b %Y",
                                                  "%d %B %Y",
                                                  "%b %d, %Y",
                                                  "%B %d, %Y",
                                                  "%b %d %Y",
                                                  "%H:%M",
                                                  "%H:%M:%S"};
  std::vector<std::string> formats;
  for (std::string_view format : kFormats) formats.push_back(QuoteText(format));
  // An offset is tried by itself: in a list with it DuckDB takes 30 February for 2 March.
  const std::string text = "trim(" + TextSql(column) + ")";
  return Judging(expectation, column,
                 "(try_strptime(" + text + ", [" + Join(formats, ", ") + "]) IS NOT NULL OR " +
                     "try_strptime(" + text + ", '%Y-%m-%dT%H:%M:%S%z') IS NOT NULL)");
}

Plan JsonParseable(const Expectation& expectation, const Column& column) {
  return Judging(expectation, column, "json_valid(" + TextSql(column) + ")");
}

Plan MatchJsonSchema(const Expectation& expectation, const Column& column) {
  Plan plan;
  ScanCheck& check = plan.scan.emplace();
  check.column = column.name;
  check.mostly = Mostly(expectation.kwargs);
  check.expected = [schema = JsonSchema(expectation.kwargs.At("json_schema"))](
                       const std::string& value) { return schema.Accepts(ParseJson(value)); };
  return plan;
}

Plan LengthsBetween(const Expectation& expectation, const Column& column) {
  Column length;
  length.type = ColumnType::kInteger;
  return Judging(expectation, column,
                 BetweenSql("length(" + TextSql(column) + ")", length, expectation.kwargs));
}

Plan LengthsEqual(const Expectation& expectation, const Column& column) {
  return Judging(expectation, column,
                 "length(" + TextSql(column) +
                     ") = " + Json(expectation.kwargs.At("value").AsDouble("value")).Dump());
}

struct Planner {
  std::string_view type;
  Plan (*plan)(const Expectation&, const Column&);
};

constexpr Planner kPlanners[] = {
    {"expect_column_values_to_match_regex", MatchRegex},
    {"expect_column_values_to_not_match_regex", NotMatchRegex},
    {"expect_column_values_to_match_regex_list", MatchRegexList},
    {"expect_column_values_to_not_match_regex_list", NotMatchRegexList},
    {"expect_column_values_to_match_like_pattern", MatchLike},
    {"expect_column_values_to_not_match_like_pattern", NotMatchLike},
    {"expect_column_values_to_match_like_pattern_list", MatchLikeList},
    {"expect_column_values_to_not_match_like_pattern_list", NotMatchLikeList},
    {"expect_column_values_to_match_strftime_format", MatchStrftime},
    {"expect_column_values_to_be_dateutil_parseable", DateutilParseable},
    {"expect_column_values_to_be_json_parseable", JsonParseable},
    {"expect_column_values_to_match_json_schema", MatchJsonSchema},
    {"expect_column_value_lengths_to_be_between", LengthsBetween},
    {"expect_column_value_lengths_to_equal", LengthsEqual},
};

}  // namespace

std::optional<Plan> PlanTextValues(const Expectation& expectation, const TableShape& shape) {
  for (const Planner& planner : kPlanners) {
    if (planner.type == expectation.type) {
      return planner.plan(expectation, ColumnOf(expectation, shape));
    }
  }
  return std::nullopt;
}

std::vector<std::string> TextValuesTypes() {
  std::vector<std::string> types;
  for (const Planner& planner : kPlanners) types.emplace_back(planner.type);
  return types;
}

}  // namespace millwright::quality

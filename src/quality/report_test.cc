#include "quality/report.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "quality/report_html.h"
#include "quality/report_words.h"

namespace millwright::quality {
namespace {

const std::string kData = std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/validation/";

ValidationResult Golden(const std::string& file) {
  return ValidationResult::FromJson(ParseJson(ReadFile(kData + file)));
}

ValidationResult Dirty() {
  const Suite suite = ParseSuite(ParseJson(ReadFile(kData + "suite.json")).At("suite"));
  return ValidateFile(kData + "dirty_flights.csv", suite);
}

ExpectationResult Failed(const std::string& type, const std::string& kwargs,
                         const std::string& result) {
  ExpectationResult failed;
  failed.expectation.type = type;
  failed.expectation.kwargs = ParseJson(kwargs);
  failed.result = ParseJson(result);
  return failed;
}

size_t Count(const std::string& text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// Returns what is wrong with the nesting of elements and with attributes, "" if nothing is.
std::string StructureError(const std::string& html) {
  static const std::set<std::string> kVoid = {"meta", "!doctype"};
  std::vector<std::string> open;
  for (size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    const size_t end = html.find('>', at);
    if (end == std::string::npos) return "a tag without an end";
    std::string tag = html.substr(at + 1, end - at - 1);
    if (tag.find('<') != std::string::npos) return "a tag within a tag: " + tag;
    if (Count(tag, "\"") % 2 != 0) return "an attribute without its quote: " + tag;
    const bool closes = tag.starts_with('/');
    tag = tag.substr(closes ? 1 : 0, tag.find(' ') - (closes ? 1 : 0));
    if (closes) {
      if (open.empty() || open.back() != tag) return "</" + tag + "> closes nothing";
      open.pop_back();
    } else if (kVoid.count(tag) == 0) {
      open.push_back(tag);
    }
    at = end;
  }
  return open.empty() ? "" : "<" + open.back() + "> stays open";
}

struct Wording {
  const char* type;
  const char* kwargs;
  const char* sentence;
};

const Wording kWordings[] = {
    {"expect_column_values_to_be_between",
     R"({"column": "distance", "min_value": 0, "max_value": 6000.0})",
     "distance must be between 0 and 6000"},
    {"expect_column_values_to_be_between",
     R"({"column": "delay", "min_value": -90, "mostly": 0.99, "row_condition": "origin==\"LGA\""})",
     "delay must be at least -90, in at least 99\u202f% of values, in rows where origin==\"LGA\""},
    {"expect_column_values_to_be_between",
     R"({"column": "x", "min_value": 0, "max_value": 1, "strict_min": true})",
     "x must be more than 0 and at most 1"},
    {"expect_column_values_to_be_between",
     R"({"column": "x", "max_value": {"$PARAMETER": "longest"}})", "x must be at most 4962"},
    {"expect_column_values_to_not_be_null", R"({"column": "date", "mostly": 0.9999})",
     "date must not be missing, in at least 99.99\u202f% of rows"},
    {"expect_column_values_to_be_in_set", R"({"column": "s", "value_set": ["a", 2, true]})",
     "s must be one of a, 2 or true"},
    {"expect_column_values_to_be_in_set",
     R"({"column": "s", "value_set": [1,2,3,4,5,6,7,8,9,10,11,12,13,14]})",
     "s must be one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 or 3 more"},
    {"expect_column_values_to_match_regex", R"({"column": "origin", "regex": "^[A-Z]{3}$"})",
     "origin must match the pattern ^[A-Z]{3}$"},
    {"expect_column_values_to_be_increasing", R"({"column": "seq"})",
     "seq must not fall from row to row"},
    {"expect_column_value_lengths_to_equal", R"({"column": "origin", "value": 3})",
     "origin must have exactly 3 characters"},
    {"expect_column_mean_to_be_between", R"({"column": "delay", "min_value": 0, "max_value": 20})",
     "The mean of delay must be between 0 and 20"},
    {"expect_column_quantile_values_to_be_between",
     R"({"column": "delay", "quantile_ranges": {"quantiles": [0.1, 0.9],
         "value_ranges": [[0, 1], [2, 3]]}})",
     "The quantiles 0.1 and 0.9 of delay must lie in their ranges"},
    {"expect_column_pair_values_a_to_be_greater_than_b",
     R"({"column_A": "distance", "column_B": "delay", "or_equal": true})",
     "distance must be at least delay"},
    {"expect_compound_columns_to_be_unique", R"({"column_list": ["date", "time", "origin"]})",
     "date, time and origin together must be unique"},
    {"expect_table_row_count_to_be_between", R"({"min_value": 700})",
     "The table must have at least 700 rows"},
    {"expect_column_to_exist", R"({"column": "origin", "column_index": 3})",
     "There must be a column origin in place 4"},
    {"expect_column_values_to_be_odd", R"({"column": "x", "above": {"a": [1.5]}})",
     "expect_column_values_to_be_odd: column x, above (a: (1.5))"},
    {"expect_column_values_to_be_between", R"({"column": "x"})",
     "expect_column_values_to_be_between: column x"},
};

TEST(Report, SaysInWordsWhatIsExpected) {
  const Json parameters = Json::Of({{"longest", 4962}});
  for (const Wording& wording : kWordings) {
    Expectation expectation{.type = wording.type, .kwargs = ParseJson(wording.kwargs)};
    EXPECT_EQ(DescribeExpectation(expectation, parameters).Text(), wording.sentence);
  }
}

TEST(Report, HasWordsForEveryTypeOfTheGoldenSuite) {
  for (const ExpectationResult& result : Golden("result_summary.json").results) {
    const std::string text = DescribeExpectation(result.expectation, {}).Text();
    EXPECT_EQ(text.find(result.expectation.type), std::string::npos) << text;
  }
}

TEST(Report, PrintsSharesSoThatSomeNeverReadsAsNoneOrAll) {
  const std::map<double, std::string> texts = {{0, "0"},
                                               {0.00001, "<\u202f0.01"},
                                               {1 - 0.9999, "0.01"},
                                               {4.0 / 598, "0.67"},
                                               {0.5161, "51.6"},
                                               {0.99999, ">\u202f99.99"},
                                               {1, "100"}};
  for (const auto& [share, text] : texts) EXPECT_EQ(PercentText(share), text + "\u202f%");
}

TEST(Report, NamesSuiteDatasetTimeAndVerdict) {
  ValidationResult result = Golden("result_summary.json");
  result.meta = Json::Of({{"dataset", "flights"}, {"version", 3}, {"created_ms", 1795252380000}});
  const std::string html = RenderReport(result);
  EXPECT_NE(html.find("<title>dirty_flights on flights@3</title>"), std::string::npos);
  EXPECT_NE(html.find("21 November 2026, 09:13 UTC"), std::string::npos);
  EXPECT_NE(html.find("<strong>Failed.</strong> 60 of 104 expectations are not met; "
                      "5 could not be judged."),
            std::string::npos);
  EXPECT_EQ(StructureError(html), "");
}

TEST(Report, TellsHowFarAnExpectationFailed) {
  ValidationResult result;
  result.results.push_back(
      Failed("expect_column_values_to_be_in_set",
             R"({"column": "origin", "value_set": ["JFK"], "mostly": 0.995})",
             R"({"element_count": 602, "missing_count": 4, "unexpected_count": 4,
                 "partial_unexpected_list": [" JFK", "XXX", "XXX"],
                 "partial_unexpected_index_list": [7, 8, 9],
                 "unexpected_rows": [{"origin": " JFK", "delay": 1.5},
                                     {"origin": "XXX", "delay": null}]})"));
  const std::string html = RenderReport(result);
  EXPECT_NE(html.find("<strong>4</strong> of 598 values <span class=\"share\">0.67\u202f%</span>"
                      "<span class=\"remark\">at most 0.5\u202f% allowed</span>"
                      "<span class=\"remark\">4 missing, not judged</span>"),
            std::string::npos);
  EXPECT_NE(html.find("<li><code><span class=\"blank\"> </span>JFK</code></li>"
                      "<li><code>XXX</code><span class=\"times\">×2</span></li>"
                      "<li class=\"more\">… and 1 more</li>"),
            std::string::npos);
  EXPECT_NE(html.find("<tr><td class=\"number\"><code>8</code></td>"
                      "<td class=\"fault\"><code>XXX</code></td>"
                      "<td><i class=\"none\">missing</i></td></tr>"),
            std::string::npos);
  EXPECT_EQ(StructureError(html), "");
}

TEST(Report, GroupsWhatPassedByColumnAfterWhatFailed) {
  const std::string html = RenderReport(Dirty());
  EXPECT_LT(html.find("<h2>Not met"), html.find("<h2>Could not be judged"));
  EXPECT_LT(html.find("<h2>Could not be judged"), html.find("<h2>Met"));
  EXPECT_EQ(Count(html, "<dt><b class=\"column\">origin</b></dt>"), 1u);
  EXPECT_NE(html.find("<li>The table must have exactly <code>602</code> rows"
                      "<span class=\"remark\">observed <code>602</code></span></li>"),
            std::string::npos);
  EXPECT_EQ(StructureError(html), "");
}

TEST(Report, RendersEveryFormatOfResult) {
  for (const char* file : {"result_boolean_only.json", "result_basic.json", "result_summary.json",
                           "result_complete.json"}) {
    const std::string html = RenderReport(Golden(file));
    EXPECT_EQ(StructureError(html), "") << file;
    for (const char* outside : {"<script", "src=", "href=", "url(", "@import", "http"}) {
      EXPECT_EQ(html.find(outside), std::string::npos) << file << " " << outside;
    }
  }
}

TEST(Report, EscapesWhateverTheInputHolds) {
  const std::string hostile = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>&\x01\xff";
  ExpectationResult failed = Failed("expect_column_values_to_be_in_set", "{}", "{}");
  failed.expectation.kwargs = Json::Of({{"column", hostile}, {"value_set", Json({Json(hostile)})}});
  failed.expectation.description = hostile;
  failed.expectation.meta = Json::Of({{"why", hostile}});
  failed.result = Json::Of({{"element_count", 2},
                            {"unexpected_count", 1},
                            {"observed_value", hostile},
                            {"partial_unexpected_list", Json({Json(hostile)})},
                            {"unexpected_rows", Json({Json::Of({{hostile, hostile}})})}});
  ExpectationResult raised = failed;
  raised.raised = true;
  raised.exception_message = hostile;
  ExpectationResult unknown = Failed(hostile, "{}", "{}");
  unknown.expectation.kwargs = Json::Of({{hostile, hostile}});
  ExpectationResult passed = failed;
  passed.success = true;
  ValidationResult result;
  result.suite = hostile;
  result.meta = Json::Of({{"dataset", hostile}, {"version", hostile}});
  result.parameters = Json::Of({{hostile, hostile}});
  result.results = {failed, raised, unknown, passed};
  const std::string html = RenderReport(result);
  EXPECT_EQ(StructureError(html), "");
  for (const char* raw : {"<script", "<img", "onerror='", "&\x01", "\xff"}) {
    EXPECT_EQ(html.find(raw), std::string::npos) << raw;
  }
  EXPECT_EQ(Escape("<a href=\"x\" b='y'>&\n\x01\xff\xe2\x82é"),
            "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;\n\uFFFD\uFFFD\uFFFD\uFFFDé");
}

TEST(Report, IsSmallerThanItsLimitWhateverTheInputIs) {
  const std::string text(100'000, '"');
  Json row = Json::MakeObject(), values = Json::MakeArray(), rows = Json::MakeArray();
  for (int i = 0; i < 300; ++i)
    row.Set(std::to_string(i) + text.substr(0, 500), text.substr(0, 500));
  for (int i = 0; i < 300; ++i) values.Append(std::to_string(i) + text.substr(0, 500));
  for (int i = 0; i < 20; ++i) rows.Append(row);
  ExpectationResult failed = Failed("expect_column_values_to_be_in_set", "{}", "{}");
  failed.expectation.kwargs = Json::Of({{"column", text}, {"value_set", values}});
  failed.result = Json::Of({{"element_count", 1'000'000},
                            {"unexpected_count", 999'999},
                            {"partial_unexpected_list", values},
                            {"unexpected_rows", rows}});
  failed.exception_message = text;
  ValidationResult result;
  result.suite = text;
  for (int i = 0; i < 30; ++i) result.results.push_back(failed);
  failed.result = Json::MakeObject();
  failed.raised = true;
  for (int i = 0; i < 100; ++i) result.results.push_back(failed);
  failed.success = true;
  for (int i = 0; i < 1000; ++i) {
    failed.expectation.kwargs.Set("column", std::to_string(i) + text.substr(0, 300));
    result.results.push_back(failed);
  }
  result.parameters = row;
  const std::string html = RenderReport(result);
  EXPECT_LT(html.size(), kReportBytesMax);
  EXPECT_GT(html.size(), kReportBytesMax / 2);
  EXPECT_GE(Count(html, "<p class=\"more\">… and "), 3u);
  EXPECT_NE(html.find("… and 999,979 more"), std::string::npos);
  EXPECT_EQ(StructureError(html), "");
}

TEST(Report, ShowsHowChecksFaredAndWhatWasSaidWithinItsLimit) {
  ValidationResult validation;
  ReportNotes notes;
  for (int i = 0; i < 5000; ++i) {
    const std::string column = "c" + std::to_string(i);
    validation.results.push_back(Failed("expect_column_values_to_not_be_null",
                                        R"({"column":")" + column + R"("})",
                                        R"({"element_count":10,"unexpected_count":3})"));
    validation.results.back().success = i % 2 == 1;
    CheckHistory history{"not_null(" + column + ")", {}};
    for (int k = 0; k < 40; ++k)
      history.points.push_back({.version = k, .standing = Standing::kNotMet, .share = k / 40.0});
    history.points.back().standing = Standing::kMet;
    notes.histories.push_back(history);
    for (int k = 0; k < 20; ++k)
      notes.comments.push_back(
          {.expectation = history.key, .text = std::string(3000, '<'), .who = "<b>ana</b>"});
  }
  const std::string html = RenderReport(validation, notes);
  EXPECT_LT(html.size(), kReportBytesMax);
  EXPECT_EQ(StructureError(html), "");
  EXPECT_EQ(html.find("<b>ana"), std::string::npos);
  EXPECT_NE(html.find("&lt;b&gt;ana&lt;/b&gt;"), std::string::npos);
  EXPECT_NE(html.find("met 1 of the last 30 times"), std::string::npos);
  EXPECT_NE(html.find("<title>version 20: not met, 50"), std::string::npos);
}

TEST(Report, TakesDetailsOfAnyShape) {
  ValidationResult result;
  const char* shapes[] = {"null", "[]", "[1]", "{}", "\"text\"", "-1", "1e300", "[[1, 2], null]"};
  for (const ExpectationResult& golden : Golden("result_summary.json").results) {
    for (const char* shape : shapes) {
      ExpectationResult broken = golden;
      broken.success = false;
      for (Json::Field& field : broken.expectation.kwargs.AsObject())
        field.second = ParseJson(shape);
      for (Json::Field& field : broken.result.AsObject()) field.second = ParseJson(shape);
      broken.result.Set("unexpected_rows", ParseJson(shape));
      result.results.push_back(broken);
    }
  }
  result.meta = ParseJson(R"({"suite": [], "dataset": {}, "version": null, "created_ms": -1e300})");
  EXPECT_EQ(StructureError(RenderReport(result)), "");
}

TEST(Report, OfAnEmptySuiteSaysSo) {
  ValidationResult result;
  result.success = true;
  const std::string html = RenderReport(result);
  EXPECT_NE(html.find("<strong>Passed.</strong> The suite has no expectations."),
            std::string::npos);
  EXPECT_EQ(StructureError(html), "");
}

}  // namespace
}  // namespace millwright::quality

#include "quality/report.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"

namespace millwright::quality {
namespace {

const std::string kData = std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/validation/";

TEST(ValidationReport, ShowsWhatFailedWithExamplesAndRows) {
  const Suite suite = ParseSuite(ParseJson(ReadFile(kData + "suite.json")).At("suite"));
  ValidationResult result = ValidateFile(kData + "dirty_flights.csv", suite);
  result.meta = Json::Of({{"dataset", "flights"}, {"version", 2}, {"created_ms", 1'000'000'000}});
  const std::string html = ValidationReport(result);
  EXPECT_LT(html.size(), kReportBytesMax);
  for (const char* part : {"Failed</p>", "Dataset flights · version 2", "<code>origin</code>",
                           "Failing rows", "Could not be judged", "9999", "F00009"}) {
    EXPECT_NE(html.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(html.find("http://"), std::string::npos);
  EXPECT_EQ(html.find("https://"), std::string::npos);
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(ValidationReport(result.ToJson()), html);
  if (const char* file = std::getenv("MILLWRIGHT_REPORT_OUT")) WriteFileDurably(file, html);
}

TEST(ValidationReport, EscapesWhatComesFromData) {
  analytics::Session session;
  session.Execute("CREATE TABLE t AS SELECT '<img src=x onerror=alert(1)>' AS \"<b>x</b>\"");
  const Suite suite = ParseSuiteText(
      R"({"name":"<script>alert(1)</script>","expectations":[
      {"type":"expect_column_values_to_be_in_set","kwargs":{"column":"<b>x</b>","value_set":["&"]},
       "description":"<i>"}]})");
  const std::string html = ValidationReport(Validate(session, "t", suite));
  for (const char* raw : {"<script", "<img", "<b>x", "<i>\""}) {
    EXPECT_EQ(html.find(raw), std::string::npos) << raw;
  }
  EXPECT_NE(html.find("&lt;img src=x"), std::string::npos);
}

TEST(ValidationReport, StaysBelowItsLimit) {
  analytics::Session session;
  session.Execute(
      "CREATE TABLE t AS SELECT repeat('long', 100) || range AS x, "
      "repeat('y', 500) AS y FROM range(100)");
  Suite suite;
  suite.name = "many";
  for (int i = 0; i < 600; ++i) {
    suite.expectations.push_back(
        {"expect_column_value_lengths_to_equal", Json::Of({{"column", "x"}, {"value", i}})});
  }
  const std::string html = ValidationReport(Validate(session, "t", suite));
  EXPECT_LT(html.size(), kReportBytesMax);
  EXPECT_TRUE(html.ends_with("</main></body></html>\n"));
}

}  // namespace
}  // namespace millwright::quality

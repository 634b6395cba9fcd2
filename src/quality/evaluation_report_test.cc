#include "quality/evaluation_report.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace millwright::quality {
namespace {

metrics::Evaluation Judge(const std::string& rows, std::vector<std::string> slices = {}) {
  analytics::Session session;
  return metrics::Evaluate(session, {.table_sql = "(VALUES " + rows + ") t (y, p, s)",
                                     .truth = "y",
                                     .prediction = "p",
                                     .slices = std::move(slices),
                                     .slice_rows_min = 1});
}

bool Has(const std::string& html, std::string_view text) {
  return html.find(text) != std::string::npos;
}

TEST(EvaluationReport, EscapesWhatDataSays) {
  const std::string html = RenderEvaluation(
      Judge("('<b>cat', '<b>cat', '\"x'), ('dog', '<b>cat', '<script>')", {"s"}), "<i>file");
  EXPECT_FALSE(Has(html, "<b>cat"));
  EXPECT_FALSE(Has(html, "<script>"));
  EXPECT_FALSE(Has(html, "<i>file"));
  EXPECT_TRUE(Has(html, "&lt;b&gt;cat"));
}

TEST(EvaluationReport, StaysSmallWithManyClassesAndSlices) {
  std::string rows;
  for (int i = 0; i < 900; ++i) {
    rows += fmt::format("{}('class {}', 'class {}', 'slice {}')", i == 0 ? "" : ", ", i, i / 2, i);
  }
  const std::string html = RenderEvaluation(Judge(rows, {"s"}), "many");
  EXPECT_LT(html.size(), 100'000U);
  EXPECT_TRUE(Has(html, "and 440 more"));
  EXPECT_FALSE(Has(html, "Confusion"));
}

TEST(EvaluationReport, ShowsAConstantTruthWithoutDividingByNothing) {
  const std::string html = RenderEvaluation(Judge("(2.5, 2.5, 'a'), (2.5, 2.5, 'b')"), "constant");
  EXPECT_TRUE(Has(html, "<strong>Root mean squared error 0</strong> over 2 rows"));
  EXPECT_FALSE(Has(html, "nan"));
}

}  // namespace
}  // namespace millwright::quality

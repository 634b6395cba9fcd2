#include "alerts/expression.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"

namespace millwright::alerts {
namespace {

// Three collections of two counters and a gauge, ten seconds apart.
SampleHistory History() {
  SampleHistory history;
  history.Want({{"c", 60'000}, {"g", 60'000}, {"h_bucket", 0}});
  const char* texts[] = {
      "c{m=\"a\"} 10\nc{m=\"b\"} 5\ng{m=\"a\"} 1\n",
      "# HELP c x\nc{m=\"a\"} 20\nc{m=\"b\"} 1\ng{m=\"a\"} 5\nrubbish\n",
      "c{m=\"a\"} 30\nc{m=\"b\"} 2\ng{m=\"a\"} 3\ng{m=\"z\"} NaN\n"
      "h_bucket{le=\"1\"} 50\nh_bucket{le=\"2\"} 90\nh_bucket{le=\"+Inf\"} 100\n"};
  for (int i = 0; i < 3; ++i) {
    history.BeginCollection(100'000 + i * 10'000);
    ReadExposition(
        texts[i], [&](std::string_view name) { return history.Wants(name); },
        [&](Sample&& sample) { history.Add(std::move(sample)); });
    history.EndCollection();
  }
  return history;
}

std::string Answer(std::string_view text, int64_t points_min = 0) {
  const EvaluationTime time{.steady_ms = 120'000, .wall_ms = 7'000, .points_min = points_min};
  std::string out;
  try {
    for (const Element& element : Evaluate(Expression::Parse(text), History(), time))
      out += fmt::format("{}{}={:.6g}", out.empty() ? "" : " ", LabelsText(element.labels),
                         element.value);
  } catch (const Error& error) {
    return error.message();
  }
  return out;
}

TEST(Expression, SelectsAndCalculatesAsPromQl) {
  EXPECT_EQ(Answer("c"), "{m=\"a\"}=30 {m=\"b\"}=2");
  EXPECT_EQ(Answer("c{m=~\"a|x\"}"), "{m=\"a\"}=30");
  EXPECT_EQ(Answer("c{m!=\"a\"} * 2 + 1"), "{m=\"b\"}=5");
  EXPECT_EQ(Answer("c offset 10s"), "{m=\"a\"}=20 {m=\"b\"}=1");
  EXPECT_EQ(Answer("c / c{m=\"a\"}"), "{m=\"a\"}=1");
  EXPECT_EQ(Answer("c > 3"), "{m=\"a\"}=30");
  EXPECT_EQ(Answer("2 + 3 * 4 - 6 / 2"), "=11");
  EXPECT_EQ(Answer("-(2 - 5)"), "=3");
  EXPECT_EQ(Answer("time() - 5"), "=2");
  EXPECT_EQ(Answer("g and on(m) c > 10"), "{m=\"a\"}=3");
  EXPECT_EQ(Answer("c unless g"), "{m=\"b\"}=2");
  EXPECT_EQ(Answer("sum(c)"), "=32");
  EXPECT_EQ(Answer("max by (m) (c) or sum(g{m=\"a\"})"), "{m=\"a\"}=30 {m=\"b\"}=2 =3");
  EXPECT_EQ(Answer("sum without (m) (c)"), "=32");
  EXPECT_EQ(Answer("count(c) + avg(c)"), "=18");
  EXPECT_EQ(Answer("absent(c{m=\"q\"})"), "{m=\"q\"}=1");
  EXPECT_EQ(Answer("absent(c)"), "");
}

TEST(Expression, LooksBackOverARange) {
  EXPECT_EQ(Answer("max_over_time(g{m=\"a\"}[1m])"), "{m=\"a\"}=5");
  EXPECT_EQ(Answer("min_over_time(g{m=\"a\"}[10s])"), "{m=\"a\"}=3");
  EXPECT_EQ(Answer("avg_over_time(g{m=\"a\"}[1m])"), "{m=\"a\"}=3");
  EXPECT_EQ(Answer("count_over_time(g{m=\"a\"}[1m])"), "{m=\"a\"}=3");
  EXPECT_EQ(Answer("quantile_over_time(0.5, g{m=\"a\"}[1m])"), "{m=\"a\"}=3");
  // Too few points are no data.
  EXPECT_EQ(Answer("max_over_time(g{m=\"a\"}[1m])", 4), "");
}

// Figures of Prometheus 2.42's own extrapolation, by hand: 20 in 20 s at the end of a range of 30 s
// reach half a gap beyond the first point, not below 0.
TEST(Expression, ExtrapolatesAsPrometheus) {
  const std::vector<Point> points{{100'000, 10}, {110'000, 20}, {120'000, 30}};
  EXPECT_DOUBLE_EQ(*ExtrapolatedChange(points, 120'000, 30'000, Function::kIncrease), 30);
  EXPECT_DOUBLE_EQ(*ExtrapolatedChange(points, 120'000, 30'000, Function::kRate), 1);
  EXPECT_DOUBLE_EQ(*ExtrapolatedChange(points, 120'000, 60'000, Function::kIncrease), 30);
  // A counter that began anew: 5, 1, 2 have counted 2.
  const std::vector<Point> again{{100'000, 5}, {110'000, 1}, {120'000, 2}};
  EXPECT_DOUBLE_EQ(*ExtrapolatedChange(again, 120'000, 20'000, Function::kIncrease), 2);
  EXPECT_DOUBLE_EQ(*ExtrapolatedChange(again, 120'000, 20'000, Function::kDelta), -3);
  EXPECT_FALSE(ExtrapolatedChange({{1, 1}}, 10, 10, Function::kRate));
}

TEST(Expression, EstimatesQuantilesOfHistograms) {
  EXPECT_EQ(Answer("histogram_quantile(0.7, h_bucket)"), "=1.5");
  EXPECT_EQ(Answer("histogram_quantile(0.25, h_bucket)"), "=0.5");
  EXPECT_EQ(Answer("histogram_quantile(0.99, h_bucket)"), "=2");
  EXPECT_TRUE(std::isnan(BucketQuantile(0.5, {{1, 0}, {HUGE_VAL, 0}})));
  EXPECT_TRUE(std::isnan(BucketQuantile(0.5, {{1, 3}})));
}

TEST(Expression, SaysWhereItIsWrong) {
  EXPECT_EQ(Answer("rat(c[5m])"), "at 1: there is no function rat; did you mean rate?");
  EXPECT_EQ(Answer("rate(c)"), "at 7: rate is of a series with a range, such as name[5m]");
  EXPECT_EQ(Answer("c[5m]"),
            "at 6: a range needs a function around it, such as rate(…) or max_over_time(…)");
  EXPECT_EQ(Answer("c{m="), "at 5: a value in quotes was expected");
  EXPECT_EQ(Answer("c{m=~\"(\"}").substr(0, 34), "at 9: Not a regular expression: ( ");
  EXPECT_EQ(Answer("(c"), "at 3: ')' was expected");
  EXPECT_EQ(Answer("c + "), "at 5: something is missing at the end");
  EXPECT_EQ(Answer("c c"), "at 3: nothing more was expected");
  EXPECT_EQ(Answer("rate(c[5x])").substr(0, 32), "at 8: a range must be a duration");
  EXPECT_EQ(Answer("c / on(z) c"), "Several series of the right side have the labels ");
  EXPECT_EQ(Answer(std::string(200, '(')), "at 51: the expression is nested too deeply");
}

TEST(SampleHistory, KeepsNoMoreThanItHasRoomFor) {
  SampleHistory history;
  history.Want({{"x", 2'000'000}});
  for (int i = 0; i < 10'000; ++i) {
    history.BeginCollection(i * 100);
    history.Add({"x", {}, double(i)});
    if (i == 0)
      for (size_t j = 0; j < kHistorySeriesOfNameMax + 7; ++j)
        history.Add({"x", {{"n", std::to_string(j)}}, 0});
    history.EndCollection();
  }
  // A thousand seconds in steps of one.
  const auto& points = history.Find("x")->at("").points;
  EXPECT_LE(points.size(), 1'010u);
  EXPECT_EQ(points.back().value, 9'999);
  EXPECT_EQ(history.dropped(), 8);
}

}  // namespace
}  // namespace millwright::alerts

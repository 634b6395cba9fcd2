#include "moving/metric_file.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/file.h"

namespace millwright::moving {
namespace {

using tracking::Metric;

std::optional<Metric> OfRun(std::string_view line) {
  const auto parsed = ParseMetricLine(line, MetricFile::kOfRun);
  if (!parsed) return std::nullopt;
  return parsed->metric;
}

TEST(MetricFile, ReadsEveryFormOfALine) {
  EXPECT_EQ(OfRun("10 0.5 3"), (Metric{"", 0.5, 10, 3}));
  EXPECT_EQ(OfRun("10 1e-05"), (Metric{"", 1e-5, 10, 0}));
  EXPECT_EQ(OfRun("10 0.5 3 flights 2019 abc"),
            (Metric{"", 0.5, 10, 3, "", "flights 2019", "abc"}));
  EXPECT_EQ(OfRun("10 0.5 -3\r"), (Metric{"", 0.5, 10, -3}));
  EXPECT_TRUE(std::isnan(OfRun("10 nan 0")->value));
  EXPECT_TRUE(std::isinf(OfRun("10 -inf 0")->value));
  const auto model = ParseMetricLine("10 0.5 3 4f2 flights abc", MetricFile::kOfModel);
  ASSERT_TRUE(model);
  EXPECT_EQ(model->run_id, "4f2");
  EXPECT_EQ(model->metric, (Metric{"", 0.5, 10, 3, "", "flights", "abc"}));
}

TEST(MetricFile, RefusesGarbage) {
  for (const char* line : {"", "x", "10", "10 x", "10 0.5 x", "10 0.5 3 lonely", "1.5 2 3",
                           "99999999999999999999 1 1", "\xff\xfe"}) {
    EXPECT_FALSE(ParseMetricLine(line, MetricFile::kOfRun)) << line;
  }
  EXPECT_FALSE(ParseMetricLine("10 0.5 3", MetricFile::kOfModel));
}

TEST(MetricFile, PassesOverBadAndEndlessLines) {
  const TempDir dir;
  const auto file = dir.path() / "loss";
  WriteFileDurably(file, "1 0.5 0\ngarbage\n" + std::string(200'000, '7') + "\n\n2 0.25 1");
  std::vector<Metric> points;
  std::vector<int64_t> bad;
  ForEachMetricLine(
      file, MetricFile::kOfRun, [&](MetricLine line) { points.push_back(line.metric); },
      [&](int64_t number) { bad.push_back(number); });
  EXPECT_EQ(points, (std::vector<Metric>{{"", 0.5, 1, 0}, {"", 0.25, 2, 1}}));
  EXPECT_EQ(bad, (std::vector<int64_t>{2, 3}));
}

TEST(MetricFile, WritesWhatItReads) {
  const Metric metric{"", 0.1, 10, -3};
  EXPECT_EQ(OfRun(ToMetricLine(metric, "", MetricFile::kOfRun)), metric);
  EXPECT_EQ(ToMetricLine({"", std::nan(""), 1, 2, "", "d", "x"}, "r", MetricFile::kOfModel),
            "1 nan 2 r d x");
}

}  // namespace
}  // namespace millwright::moving

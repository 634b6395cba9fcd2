#include "cli/metric_board.h"

#include <gtest/gtest.h>

#include "cli/terminal_text.h"

namespace millwright::cli {
namespace {

using Lines = std::vector<std::string>;

TEST(MetricBoard, DrawsALineAMetricWithItsLatestValue) {
  MetricBoard board;
  for (int step = 0; step < 4; ++step) board.Add("loss", {step, 0, 3.0 - step});
  board.Add("accuracy", {0, 0, 0.25});
  EXPECT_EQ(board.Draw(36, 10), (Lines{"accuracy  ▄             0.25  step 0",
                                       "loss      █▆▃▁             0  step 3"}));
}

TEST(MetricBoard, ShowsTheNewestPointsWhenTheyDoNotFit) {
  MetricBoard board;
  for (int step = 0; step <= 1000; ++step) board.Add("m", {step, 0, step < 1000 ? 0.0 : 1.0});
  const auto line = board.Draw(26, 10).front();
  EXPECT_LE(DisplayWidth(line), 26U);
  EXPECT_NE(line.find("▁▁▁█"), std::string::npos) << line;
}

TEST(MetricBoard, PutsSystemMetricsLastAndSaysWhatIsLeftOut) {
  MetricBoard board;
  for (const char* key : {"a/loss", "system/cpu", "system/gpu", "z/loss"})
    board.Add(key, {0, 0, 1});
  const auto lines = board.Draw(60, 3);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_TRUE(lines[0].starts_with("a/loss"));
  EXPECT_TRUE(lines[1].starts_with("z/loss"));
  EXPECT_EQ(lines[2], "… and 2 more; choose with --metric");
}

TEST(MetricBoard, NeverDrawsWiderThanATerminalOfUsualSize) {
  MetricBoard board;
  board.Add(std::string(250, 'k'), {-9'000'000'000, 0, -1.2345e-300});
  for (const size_t columns : {60U, 80U, 200U})
    for (const auto& line : board.Draw(columns, 10)) EXPECT_LE(DisplayWidth(line), columns) << line;
}

}  // namespace
}  // namespace millwright::cli

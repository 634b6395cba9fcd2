#include "cli/sparkline.h"

#include <gtest/gtest.h>

#include <cfloat>
#include <cmath>
#include <vector>

namespace millwright::cli {
namespace {

void Check(const std::vector<double>& values, size_t cells, const std::string& expected) {
  EXPECT_EQ(Sparkline(values, cells), expected);
}

TEST(Sparkline, SpansTheScaleFromTheLeastToTheGreatest) {
  Check({0, 1, 2, 3, 4, 5, 6, 7}, 8, "▁▂▃▄▅▆▇█");
  Check({-1, 1}, 8, "▁█");
  Check({5}, 8, "▄");
  Check({}, 8, "");
}

TEST(Sparkline, DrawsEqualValuesAtHalfHeight) {
  Check({2, 2, 2}, 8, "▄▄▄");
}

TEST(Sparkline, GivesEachCellTheMeanOfItsShare) {
  Check({0, 0, 10, 10}, 2, "▁█");
  Check({0, 10, 0, 10, 20, 20}, 3, "▁▁█");
  Check(std::vector<double>(1'000'000, 1.5), 3, "▄▄▄");
}

TEST(Sparkline, LeavesNanAndInfinitiesOutOfTheScale) {
  const double nan = std::nan("");
  Check({0, nan, 7}, 8, "▁ █");
  Check({nan, nan}, 8, "  ");
  Check({0, INFINITY, 4, -INFINITY, 7}, 8, "▁█▅▁█");
  Check({0, DBL_MAX, 7}, 8, "▁██");
}

TEST(Sparkline, BearsTheGreatestNumbers) {
  Check({-1e308, 0, 1e308}, 3, "▁▅█");
  Check({1e308, 1e308, 1e308, 1e308}, 1, "▄");
}

}  // namespace
}  // namespace millwright::cli

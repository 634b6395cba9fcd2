#include "serving/routing.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace millwright::serving {
namespace {

TEST(TrafficSlot, SpreadsIdsThatDifferLittle) {
  int below = 0;
  for (int i = 0; i < 10'000; ++i) below += TrafficSlot(std::to_string(i)) < 1000;
  EXPECT_NEAR(below, 1000, 100);
  EXPECT_EQ(TrafficSlot("a"), TrafficSlot("a"));
}

TEST(Route, NamesTheVersionThatDoesNotServe) {
  Route route;
  route.live = std::make_shared<const RoutedRevision>(RoutedRevision{.model_version = "1"});
  EXPECT_EQ(&route.Choose("id", "1"), route.live.get());
  EXPECT_EQ(&route.Choose("id", ""), route.live.get());
  try {
    route.Choose("id", "9");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "Model version not found: 9");
  }
}

TEST(Route, ACanaryWithoutReplicasGivesItsShareBack) {
  Route route;
  route.live = std::make_shared<const RoutedRevision>(RoutedRevision{.model_version = "1"});
  route.canary = std::make_shared<const RoutedRevision>(RoutedRevision{.model_version = "2"});
  route.canary_weight = 100;
  EXPECT_EQ(route.Choose("id", "").model_version, "1");
}

}  // namespace
}  // namespace millwright::serving

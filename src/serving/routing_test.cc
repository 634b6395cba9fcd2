#include "serving/routing.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace millwright::serving {
namespace {

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

RoutedRevisionPtr Revision(const std::string& version, TrafficSlots slots = {}) {
  auto info = std::make_shared<ModelInfo>();
  info->signature.columns = {{"age"}, {"user"}};
  return std::make_shared<const RoutedRevision>(
      RoutedRevision{.model_version = version, .info = info, .slots = slots});
}

TEST(Route, ACanaryWithoutReplicasGivesItsShareBack) {
  Route route;
  route.live = Revision("1");
  route.canaries = {Revision("2", TrafficSlots().set())};
  EXPECT_EQ(route.Choose("id", "").model_version, "1");
  EXPECT_EQ(route.Choose("id", "2").model_version, "2");
}

std::string Key(const std::string& sticky_by, InferRequest request) {
  Route route;
  route.live = Revision("1");
  route.policy.sticky_by = sticky_by;
  route.sticky = StickyKeyOf(route.policy);
  request.id = "id";
  request.origin.header = [](std::string_view name) -> std::optional<std::string_view> {
    if (name == "X-User") return "ada";
    return std::nullopt;
  };
  return std::string(KeyOf(route, request));
}

TEST(Route, TheKeyIsTheHeaderOrTheInputThatThePolicyNames) {
  EXPECT_EQ(Key("", {}), "id");
  EXPECT_EQ(Key("header:X-User", {}), "ada");
  EXPECT_EQ(Key("header:X-Session", {}), "id");
  inference::Tensor user{.name = "user", .type = inference::DataType::kBytes, .shape = {2}};
  user.strings = {"bob", "eve"};
  EXPECT_EQ(Key("input:user", {.inputs = {user}}), "bob");
  EXPECT_EQ(Key("input:age", {.inputs = {user, user}}), "id");
}

TEST(Route, AColumnOfATableIsAnInputToo) {
  const auto table = [](float age, float user) {
    return InferRequest{.inputs = {inference::Tensor::OfFloats("X", {2, 2}, {age, user, 9, 9})}};
  };
  EXPECT_EQ(Key("input:user", table(30, 7)), Key("input:user", table(40, 7)));
  EXPECT_NE(Key("input:user", table(30, 7)), Key("input:user", table(30, 8)));
  EXPECT_EQ(Key("input:user", {.inputs = {inference::Tensor::OfFloats("X", {0, 2}, {})}}), "id");
}

}  // namespace
}  // namespace millwright::serving

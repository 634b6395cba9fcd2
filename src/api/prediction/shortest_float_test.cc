#include "api/prediction/shortest_float.h"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <random>
#include <string>

namespace millwright::api::prediction {
namespace {

std::string Written(float value) {
  char text[kFloatBytesMax];
  return std::string(text, WriteShortest(value, text));
}

std::string Expected(float value) {
  char text[64];
  return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

TEST(ShortestFloat, WritesNumbersAsPeopleWould) {
  EXPECT_EQ(Written(0.0F), "0");
  EXPECT_EQ(Written(-0.0F), "-0");
  EXPECT_EQ(Written(0.1F), "0.1");
  EXPECT_EQ(Written(-12.5F), "-12.5");
  EXPECT_EQ(Written(3.0F), "3");
  EXPECT_EQ(Written(100000.0F), "1e+05");
  EXPECT_EQ(Written(123456.0F), "123456");
  EXPECT_EQ(Written(0.00001F), "1e-05");
  EXPECT_EQ(Written(0.99999994F), "0.99999994");
  EXPECT_EQ(Written(1e-45F), "1e-45");
  EXPECT_EQ(Written(3.4028235e38F), "3.4028235e+38");
  EXPECT_EQ(Written(-1.1754944e-38F), "-1.1754944e-38");
}

TEST(ShortestFloat, WritesWhatToCharsDoes) {
  std::mt19937 random(11);
  for (int i = 0; i < 300'000; ++i) {
    const auto any = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (std::isfinite(any)) {
      ASSERT_EQ(Written(any), Expected(any));
    }
    // Those that models give.
    const auto share = static_cast<float>(random()) / 4294967296.0F;
    ASSERT_EQ(Written(share), Expected(share));
    const float rounded = std::round(share * 10'000'000) / static_cast<float>(1 << (i % 24));
    ASSERT_EQ(Written(-rounded), Expected(-rounded));
  }
  // Each power of two and its neighbours, where intervals are uneven.
  for (uint32_t exponent = 0; exponent < 255; ++exponent) {
    for (uint32_t near = exponent == 0 ? 0 : 0xFFFFFFFE; near != 3; ++near) {
      const auto value = std::bit_cast<float>((exponent << 23) + near);
      ASSERT_EQ(Written(value), Expected(value));
    }
  }
}

}  // namespace
}  // namespace millwright::api::prediction

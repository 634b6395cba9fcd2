#include "http/message.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace millwright::http {
namespace {

bool SameOneByOne(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

TEST(EqualsIgnoringCase, TakesOnlyLettersForTheSame) {
  std::mt19937 random(7);
  int same = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string a(random() % 30, '\0');
    for (char& c : a) c = static_cast<char>(random());
    std::string b = a;
    // Other cases of letters, and what is as far apart and no letter.
    for (char& c : b) c = static_cast<char>(random() % 4 == 0 ? c ^ 0x20 : c);
    if (random() % 8 == 0 && !b.empty()) b[random() % b.size()] = static_cast<char>(random());
    const bool expected = SameOneByOne(a, b);
    same += expected ? 1 : 0;
    EXPECT_EQ(EqualsIgnoringCase(a, b), expected)
        << testing::PrintToString(a) << testing::PrintToString(b);
  }
  EXPECT_GT(same, 1000);
  EXPECT_TRUE(EqualsIgnoringCase("Content-Length", "content-LENGTH"));
  EXPECT_TRUE(EqualsIgnoringCase("Te", "tE"));
  EXPECT_FALSE(EqualsIgnoringCase("@[`{", "`{@["));
  EXPECT_FALSE(EqualsIgnoringCase("Host", "Hosts"));
}

}  // namespace
}  // namespace millwright::http

#include "api/prediction/number_list.h"

#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace millwright::api::prediction {
namespace {

// The values of a list, or "none".
template <typename T>
std::string Scanned(std::string_view list) {
  std::vector<T> values(list.size());
  const auto count = ScanNumbers(list, values.data(), values.size());
  if (!count) return "none";
  std::string text;
  for (size_t i = 0; i < *count; ++i) {
    char digits[64];
    text.append(digits, std::to_chars(digits, digits + sizeof digits, values[i]).ptr);
    text += ' ';
  }
  return text;
}

TEST(NumberList, ReadsNumbersByJsonsGrammar) {
  const std::pair<const char*, const char*> cases[] = {
      {"[]", ""},
      {"[ \n]", ""},
      {"[1]", "1 "},
      {"[null, 1,null]", "nan 1 nan "},
      {"[12345678,1.234567890,0.00000000123456789012]", "12345678 1.23456789 1.23456789012e-09 "},
      {"[ 1 ,\t-2.50,\r\n3e2 ]", "1 -2.5 300 "},
      {"[0,-0,0.0,-0.5,1E+2,1e-2]", "0 -0 0 -0.5 100 0.01 "},
      {"[123456789012345678901234567890]", "1.2345678901234568e+29 "},
      {"[0.1234567890123456789012345]", "0.12345678901234568 "},
      {"[1.7976931348623157e308,2.2250738585072014e-308,5e-324]",
       "1.7976931348623157e+308 2.2250738585072014e-308 5e-324 "},
  };
  for (const auto& [list, values] : cases) EXPECT_EQ(Scanned<double>(list), values) << list;
}

TEST(NumberList, LeavesEverythingElseToTheWalk) {
  for (const char* list : {"",     "[",      "]",       "1",          "[1",      "1]",      "[,]",
                           "[1,]", "[,1]",   "[1,,2]",  "[1 2]",      "[01]",    "[-]",     "[+1]",
                           "[.5]", "[1.]",   "[1.e2]",  "[1e]",       "[1e+]",   "[--1]",   "[0x1]",
                           "[1a]", "[nul]",  "[-null]", "[null0]",    "[nul",    "[\"1\"]", "[[1]]",
                           "[{}]", "[true]", "[NaN]",   "[Infinity]", "[1e309]", "[-1e999]"}) {
    EXPECT_EQ(Scanned<double>(list), "none") << list;
  }
  EXPECT_EQ(Scanned<float>("[3.4028235e38]"), "3.4028235e+38 ");
  EXPECT_EQ(Scanned<float>("[3.5e38]"), "none");
  float one = 0;
  EXPECT_FALSE(ScanNumbers("[1,2]", &one, 1));
  EXPECT_EQ(ScanNumbers("[7]", &one, 1), 1u);
  EXPECT_FALSE(ScanNumbers("[7]", &one, 0));
}

// The bits of what from_chars reads, for numbers of every length and size.
TEST(NumberList, RoundsAsFromCharsDoes) {
  std::mt19937_64 random(7);
  std::string list = "[";
  std::vector<double> expected;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = std::to_string(random() % 1'000'000'000);
    for (uint64_t digits = random() % 3; digits > 0; --digits) text += std::to_string(random());
    if (random() % 2 == 0) text.insert(1 + random() % text.size(), ".");
    if (text.back() == '.') text += '0';
    if (text.size() > 1 && text[0] == '0' && text[1] != '.') text[0] = '1';
    if (random() % 3 == 0) text += "e" + std::to_string(static_cast<int>(random() % 80) - 40);
    if (random() % 2 == 0) text.insert(0, "-");
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    expected.push_back(value);
    list += (i == 0 ? "" : ",") + text;
  }
  list += "]";
  std::vector<double> values(expected.size());
  ASSERT_EQ(ListLength(list), expected.size());
  ASSERT_EQ(ScanNumbers(list, values.data(), values.size()), expected.size());
  EXPECT_EQ(std::memcmp(values.data(), expected.data(), expected.size() * sizeof(double)), 0);
}

TEST(NumberList, CountsPlainValues) {
  EXPECT_EQ(ListLength(""), 0u);
  EXPECT_EQ(ListLength("["), 0u);
  EXPECT_EQ(ListLength("[]"), 0u);
  EXPECT_EQ(ListLength("[ ]"), 0u);
  EXPECT_EQ(ListLength("[1]"), 1u);
  EXPECT_EQ(ListLength("[1, 2,3]"), 3u);
}

}  // namespace
}  // namespace millwright::api::prediction

#include "http/target.h"

#include <gtest/gtest.h>

namespace millwright::http {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST(Target, DecodesOnceAndRefusesBrokenEscapes) {
  EXPECT_EQ("a b", PercentDecode("a%20b"));
  EXPECT_EQ("%2e", PercentDecode("%252e"));
  EXPECT_EQ("a+b", PercentDecode("a+b"));
  EXPECT_EQ("ü", PercentDecode("%C3%bc"));
  for (const char* broken : {"%", "%2", "%zz", "a%0", "%00", "x%00y"})
    EXPECT_EQ(std::nullopt, PercentDecode(broken)) << broken;
}

TEST(Target, ReadsQueriesInOrder) {
  EXPECT_EQ((Pairs{{"a", "1"}, {"a", "2"}, {"b", ""}, {"c", "x y=z"}, {"", "v"}}),
            ParseQuery("a=1&a=2&b&&c=x+y%3Dz&=v"));
  EXPECT_EQ((Pairs{{"p", "100%"}, {"q", "%zz"}}), ParseQuery("p=100%&q=%zz"));
  EXPECT_EQ(Pairs{}, ParseQuery(""));
}

TEST(Target, SplitsOriginAndAbsoluteForms) {
  const auto check = [](std::string_view target, std::string_view path, std::string_view query) {
    const auto parts = SplitTarget(target);
    ASSERT_TRUE(parts) << target;
    EXPECT_EQ(path, parts->path);
    EXPECT_EQ(query, parts->query);
  };
  check("/a/b?c=d?e", "/a/b", "c=d?e");
  check("/", "/", "");
  check("http://host:80/x?y", "/x", "y");
  check("HTTPS://host", "/", "");
  check("http://host?y", "/", "y");
  for (const char* other : {"", "*", "host:80", "a/b", "ftp://host/x", "/a#b", "/a b", "/a\tb"})
    EXPECT_FALSE(SplitTarget(other)) << other;
}

}  // namespace
}  // namespace millwright::http

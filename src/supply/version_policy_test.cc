#include "supply/version_policy.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace millwright::supply {
namespace {

using Names = std::vector<std::string>;

TEST(VersionPolicy, ChoosesAmongWhatIsThere) {
  const Names there = {"1", "2", "9", "10"};
  EXPECT_EQ(ParseVersionPolicy("latest").Choose(there), (Names{"10"}));
  EXPECT_EQ(ParseVersionPolicy("latest:3").Choose(there), (Names{"2", "9", "10"}));
  EXPECT_EQ(ParseVersionPolicy("latest:100").Choose(there), there);
  EXPECT_EQ(ParseVersionPolicy("all").Choose(there), there);
  EXPECT_EQ(ParseVersionPolicy("9,3,1").Choose(there), (Names{"1", "9"}));
  EXPECT_EQ(ParseVersionPolicy("latest").Choose({}), Names{});
}

TEST(VersionPolicy, RefusesOtherWords) {
  for (const char* text : {"", "newest", "latest:", "latest:0", "latest:x", "latest2", "latest:101",
                           "1,", ",1", "1,a", "-1", "99999999999999999999"}) {
    EXPECT_THROW(ParseVersionPolicy(text), Error) << text;
  }
}

TEST(VersionPolicy, VersionsAreNumbersAndSortAsSuch) {
  Names versions = {"10", "9", "002", "1"};
  SortVersions(&versions);
  EXPECT_EQ(versions, (Names{"1", "002", "9", "10"}));
  for (const char* name : {"", "a", "1.0", "-1", "1 ", "v1"}) EXPECT_FALSE(IsVersionName(name));
}

}  // namespace
}  // namespace millwright::supply

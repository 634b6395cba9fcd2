#include "serving/logging_rules.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace millwright::serving {
namespace {

int KeptOf(const LoggingRules& rules, const std::string& name) {
  int kept = 0;
  for (int i = 0; i < 4000; ++i) kept += rules.Keeps(name, "id-" + std::to_string(i)) ? 1 : 0;
  return kept;
}

TEST(LoggingRules, AShareIsOfAllOrOfOne) {
  EXPECT_EQ(KeptOf({}, "a"), 4000);
  const LoggingRules rules({"0.25", "b=0", "c=1"}, {});
  EXPECT_NEAR(KeptOf(rules, "a"), 1000, 120);
  EXPECT_EQ(KeptOf(rules, "b"), 0);
  EXPECT_EQ(KeptOf(rules, "c"), 4000);
}

TEST(LoggingRules, ASmallerShareIsAPartOfALargerOne) {
  const LoggingRules small({"0.1"}, {});
  const LoggingRules large({"0.4"}, {});
  for (int i = 0; i < 1000; ++i) {
    const std::string id = std::to_string(i);
    if (small.Keeps("m", id)) EXPECT_TRUE(large.Keeps("m", id));
  }
}

TEST(LoggingRules, AColumnIsHiddenOfAllOrOfOne) {
  const LoggingRules rules({}, {"name", "credit:age", "*:a:b"});
  EXPECT_EQ(rules.HiddenOf("credit"), (std::vector<std::string>{"name", "age", "a:b"}));
  EXPECT_EQ(rules.HiddenOf("flights"), (std::vector<std::string>{"name", "a:b"}));
  EXPECT_TRUE(rules.Hides("credit", "age"));
  EXPECT_FALSE(rules.Hides("flights", "age"));
}

TEST(LoggingRules, RefusesWhatItCannotRead) {
  for (const char* share : {"", "2", "-0.1", "a=", "a=x", "nan", "a=1.5"}) {
    EXPECT_THROW(LoggingRules({share}, {}), Error) << share;
  }
  for (const char* column : {"", ":", "a:", ":a"}) {
    EXPECT_THROW(LoggingRules({}, {column}), Error) << column;
  }
}

}  // namespace
}  // namespace millwright::serving

#include "artifacts/known_sums.h"

#include <gtest/gtest.h>

namespace millwright::artifacts {
namespace {

TEST(KnownSums, KnowsOneVersionOfAPath) {
  KnownSums sums;
  EXPECT_EQ(sums.Find("a", "1", 0), std::nullopt);
  sums.Put("a", "1", "5e", 0);
  EXPECT_EQ(sums.Find("a", "1", 1'000'000'000), "5e");
  EXPECT_EQ(sums.Find("a", "2", 0), std::nullopt);
  sums.Put("a", "2", "77", 0);
  EXPECT_EQ(sums.Find("a", "2", 0), "77");
}

TEST(KnownSums, AsksAgainAfterAWhileForAFileWithoutOne) {
  KnownSums sums;
  sums.Put("a", "1", "", 0);
  EXPECT_EQ(sums.Find("a", "1", KnownSums::kNoneForUs), "");
  EXPECT_EQ(sums.Find("a", "1", KnownSums::kNoneForUs + 1), std::nullopt);
}

TEST(KnownSums, ForgetsWhatNobodyAskedForLongest) {
  KnownSums sums;
  for (size_t i = 0; i < KnownSums::kEntriesMax; ++i) {
    sums.Put(std::to_string(i), "1", "5e", 0);
    if (i % 1000 == 0) EXPECT_EQ(sums.Find("0", "1", 0), "5e");
  }
  EXPECT_EQ(sums.Find("0", "1", 0), "5e");
  EXPECT_EQ(sums.Find(std::to_string(KnownSums::kEntriesMax - 1), "1", 0), "5e");
  for (size_t i = 0; i < KnownSums::kEntriesMax; ++i) sums.Put("x" + std::to_string(i), "1", "", 0);
  EXPECT_EQ(sums.Find("0", "1", 0), std::nullopt);
}

}  // namespace
}  // namespace millwright::artifacts

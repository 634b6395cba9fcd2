#include "serving/replica_health.h"

#include <gtest/gtest.h>

#include "serving/hedge_budget.h"

namespace millwright::serving {
namespace {

TEST(ReplicaHealth, FailuresInARowEject) {
  ReplicaHealth health;
  EXPECT_FALSE(health.Failed(3, 0));
  EXPECT_FALSE(health.Failed(3, 0));
  health.Succeeded(100, 0);
  EXPECT_FALSE(health.Failed(3, 0));
  EXPECT_FALSE(health.Failed(3, 0));
  EXPECT_TRUE(health.Failed(3, 0));
  EXPECT_TRUE(health.IsEjected(kEjectionUs - 1));
  EXPECT_FALSE(health.IsEjected(kEjectionUs));
  EXPECT_EQ(health.ejections(), 1);
}

TEST(ReplicaHealth, AFailureRightAfterAnEjectionEjectsForTwiceAsLong) {
  ReplicaHealth health;
  EXPECT_TRUE(health.Failed(1, 0));
  int64_t now_us = 0;
  for (int64_t length = kEjectionUs; length < kEjectionUsMax; length *= 2) {
    EXPECT_EQ(health.ejected_until_us(), now_us + length);
    now_us = health.ejected_until_us();
    EXPECT_TRUE(health.Failed(1, now_us));
  }
  EXPECT_EQ(health.ejected_until_us(), now_us + kEjectionUsMax);
}

TEST(ReplicaHealth, WhatFailsWhileItIsEjectedDoesNotMakeItLonger) {
  ReplicaHealth health;
  EXPECT_TRUE(health.Failed(1, 0));
  EXPECT_FALSE(health.Failed(1, 10));
  EXPECT_EQ(health.ejected_until_us(), kEjectionUs);
}

TEST(ReplicaHealth, GoodAnswersForALongTimeAreForgiveness) {
  ReplicaHealth health;
  EXPECT_TRUE(health.Failed(1, 0));
  const int64_t later = kEjectionUs + 61'000'000;
  health.Succeeded(100, later);
  EXPECT_TRUE(health.Failed(1, later));
  EXPECT_EQ(health.ejected_until_us(), later + kEjectionUs);
}

TEST(ReplicaHealth, NeverEjectsWhereThatIsOff) {
  ReplicaHealth health;
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(health.Failed(0, 0));
}

TEST(ReplicaHealth, TheSlowOneIsTheOneThatDiffersFromTheOthers) {
  using Indexes = std::vector<size_t>;
  EXPECT_EQ(SlowOnes({100, 110, 50'000, 90}, 5), (Indexes{2}));
  EXPECT_EQ(SlowOnes({100, 50'000}, 5), (Indexes{1}));
  EXPECT_EQ(SlowOnes({50'000, 50'000, 51'000}, 5), Indexes{});
  EXPECT_EQ(SlowOnes({100, 1'000}, 5), Indexes{});  // less than two milliseconds apart
  EXPECT_EQ(SlowOnes({0, 50'000}, 5), Indexes{});   // nothing is known of the other
  EXPECT_EQ(SlowOnes({50'000}, 5), Indexes{});
}

TEST(HedgeBudget, IsAShareOfTheRequests) {
  HedgeBudget budget;
  EXPECT_FALSE(budget.Spend());
  int spent = 0;
  for (int i = 0; i < 1000; ++i) {
    budget.Earn(5);
    spent += budget.Spend();
  }
  EXPECT_EQ(spent, 50);
  EXPECT_EQ(budget.spent(), 50);
}

TEST(HedgeBudget, AQuietTimeDoesNotSaveUpAStorm) {
  HedgeBudget budget;
  for (int i = 0; i < 100'000; ++i) budget.Earn(5);
  int spent = 0;
  while (budget.Spend()) ++spent;
  EXPECT_EQ(spent, 10);
}

}  // namespace
}  // namespace millwright::serving

#include "serving/traffic_split.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "base/error.h"

namespace millwright::serving {
namespace {

using Weights = std::vector<int>;

std::vector<TrafficShare> Split(const Weights& weights) {
  std::vector<TrafficShare> shares(weights.size());
  for (size_t i = 0; i < weights.size(); ++i) shares[i].weight = weights[i];
  MoveSlots(&shares);
  return shares;
}

// How many slots changed hands.
int Move(const Weights& weights, std::vector<TrafficShare>* shares) {
  const auto before = *shares;
  for (size_t i = 0; i < weights.size(); ++i) (*shares)[i].weight = weights[i];
  MoveSlots(shares);
  size_t kept = 0;
  for (size_t i = 0; i < shares->size(); ++i)
    kept += (before[i].slots & (*shares)[i].slots).count();
  return kTrafficSlots - static_cast<int>(kept);
}

TEST(TrafficSplit, MovesOnlyTheShareThatWasMoved) {
  auto shares = Split({90, 10});
  EXPECT_EQ(Move({80, 20}, &shares), 10);
  EXPECT_EQ(Move({50, 50}, &shares), 30);
  EXPECT_EQ(Move({80, 20}, &shares), 30);
  EXPECT_EQ(Move({80, 20}, &shares), 0);
}

TEST(TrafficSplit, AnUntouchedThirdKeepsItsSlots) {
  auto shares = Split({60, 20, 20});
  const auto third = shares[2].slots;
  EXPECT_EQ(Move({30, 50, 20}, &shares), 30);
  EXPECT_EQ(shares[2].slots, third);
}

TEST(TrafficSplit, EverySlotHasOneOwnerWhateverTheMoves) {
  std::mt19937 random(7);
  auto shares = Split({100, 0, 0, 0, 0});
  for (int step = 0; step < 1000; ++step) {
    Weights weights(5);
    int left = 100;
    for (size_t i = 0; i + 1 < weights.size(); ++i) {
      weights[i] = static_cast<int>(random() % static_cast<unsigned>(left + 1));
      left -= weights[i];
    }
    weights.back() = left;
    int grown = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      grown += std::max(0, weights[i] - static_cast<int>(shares[i].slots.count()));
    }
    EXPECT_EQ(Move(weights, &shares), grown);
    TrafficSlots all;
    size_t owned = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      EXPECT_EQ(shares[i].slots.count(), static_cast<size_t>(weights[i]));
      all |= shares[i].slots;
      owned += shares[i].slots.count();
    }
    EXPECT_TRUE(all.all());
    EXPECT_EQ(owned, static_cast<size_t>(kTrafficSlots));
  }
}

TEST(TrafficSplit, SlotsSurviveTheirText) {
  for (const std::string text : {"", "0", "99", "0-99", "0-9,40-54,99"}) {
    EXPECT_EQ(FormatSlots(ParseSlots(text)), text);
  }
  for (const std::string text : {"-", "100", "1,", "1-", "a", "1-2x", "5;6"}) {
    EXPECT_THROW(ParseSlots(text), Error) << text;
  }
}

TEST(TrafficSlot, SpreadsKeysThatDifferLittle) {
  int below = 0;
  for (int i = 0; i < 10'000; ++i) below += TrafficSlot("flights", std::to_string(i)) < 10;
  EXPECT_NEAR(below, 1000, 120);
  EXPECT_EQ(TrafficSlot("flights", "a"), TrafficSlot("flights", "a"));
}

TEST(TrafficSlot, TwoEndpointsDoNotSplitCallersAlike) {
  int both = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string key = "user-" + std::to_string(i);
    both += TrafficSlot("flights", key) < 50 && TrafficSlot("cancer", key) < 50;
  }
  EXPECT_NEAR(both, 2500, 200);
}

}  // namespace
}  // namespace millwright::serving

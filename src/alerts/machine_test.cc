#include "alerts/machine.h"

#include <gtest/gtest.h>

#include "alerts/alert_clock.h"

namespace millwright::alerts {
namespace {

using C = Condition;

constexpr Timing kPlain{.for_ms = 100, .keep_firing_ms = 50, .unknown_ms_max = 1'000};
constexpr Timing kFlappy{
    .flap_changes = 6, .flap_within_ms = 1'000, .calm_ms = 300, .unknown_ms_max = 1'000};

TEST(Machine, FiresAfterForAndIsResolvedAfterItWasWellForLong) {
  Machine machine;
  EXPECT_EQ(machine.Advance(C::kWell, kPlain, 1'000), Step::kNone);
  EXPECT_EQ(machine.Advance(C::kExceeded, kPlain, 1'010), Step::kPending);
  EXPECT_EQ(machine.Advance(C::kExceeded, kPlain, 1'100), Step::kNone);
  EXPECT_EQ(machine.Advance(C::kExceeded, kPlain, 1'110), Step::kFired);
  EXPECT_EQ(machine.Advance(C::kWell, kPlain, 1'120), Step::kNone);
  EXPECT_EQ(machine.Advance(C::kExceeded, kPlain, 1'160), Step::kNone);
  EXPECT_EQ(machine.Advance(C::kWell, kPlain, 1'170), Step::kNone);
  EXPECT_EQ(machine.Advance(C::kWell, kPlain, 1'219), Step::kNone);
  EXPECT_EQ(machine.Advance(C::kWell, kPlain, 1'220), Step::kResolved);
  EXPECT_TRUE(machine.IsIdle());
}

TEST(Machine, OneThatIsPendingIsDroppedAndBeginsAnew) {
  Machine machine;
  EXPECT_EQ(machine.Advance(C::kExceeded, kPlain, 0), Step::kPending);
  EXPECT_EQ(machine.Advance(C::kBand, kPlain, 90), Step::kDropped);
  EXPECT_EQ(machine.Advance(C::kExceeded, kPlain, 95), Step::kPending);
  EXPECT_EQ(machine.Advance(C::kExceeded, kPlain, 150), Step::kNone);
  EXPECT_EQ(machine.Advance(C::kExceeded, kPlain, 195), Step::kFired);
}

TEST(Machine, BetweenTheTwoThresholdsItStaysWhatItWas) {
  Machine machine;
  EXPECT_EQ(machine.Advance(C::kBand, {}, 0), Step::kNone);
  EXPECT_EQ(machine.Advance(C::kExceeded, {}, 10), Step::kFired);
  EXPECT_EQ(machine.Advance(C::kBand, {}, 20), Step::kNone);
  EXPECT_EQ(machine.Advance(C::kWell, {}, 30), Step::kResolved);
  EXPECT_EQ(machine.Advance(C::kBand, {}, 40), Step::kNone);
}

TEST(Machine, WithoutDataNothingHappensForADay) {
  Machine machine;
  machine.Advance(C::kExceeded, kPlain, 0);
  EXPECT_EQ(machine.Advance(C::kUnknown, kPlain, 500), Step::kNone);
  EXPECT_EQ(machine.phase, Phase::kPending);
  EXPECT_EQ(machine.Advance(C::kExceeded, kPlain, 600), Step::kFired);
  EXPECT_EQ(machine.Advance(C::kUnknown, kPlain, 1'599), Step::kNone);
  EXPECT_EQ(machine.Advance(C::kUnknown, kPlain, 1'600), Step::kNone);  // well from now on
  EXPECT_EQ(machine.Advance(C::kUnknown, kPlain, 1'650), Step::kResolved);
}

TEST(Machine, OneThatChangesOftenFlapsAndIsHeldUntilItIsCalm) {
  Machine machine;
  std::vector<Step> steps;
  for (int i = 0; i < 6; ++i)
    steps.push_back(machine.Advance(i % 2 == 0 ? C::kExceeded : C::kWell, kFlappy, i * 10));
  EXPECT_EQ(steps, (std::vector{Step::kFired, Step::kResolved, Step::kFired, Step::kResolved,
                                Step::kFired, Step::kFlapping}));
  // However it goes on, nothing more is told ...
  for (int i = 6; i < 40; ++i)
    EXPECT_EQ(machine.Advance(i % 2 == 0 ? C::kExceeded : C::kWell, kFlappy, i * 10), Step::kNone);
  EXPECT_TRUE(machine.flapping);
  // ... until it was well in one piece.
  EXPECT_EQ(machine.Advance(C::kWell, kFlappy, 689), Step::kNone);
  EXPECT_EQ(machine.Advance(C::kWell, kFlappy, 690), Step::kResolved);
  EXPECT_FALSE(machine.flapping);
  EXPECT_TRUE(machine.IsIdle());
}

TEST(Machine, OneThatStaysExceededFlapsNoMore) {
  Machine machine;
  for (int i = 0; i < 6; ++i)
    machine.Advance(i % 2 == 0 ? C::kExceeded : C::kWell, kFlappy, i * 10);
  machine.Advance(C::kExceeded, kFlappy, 60);
  EXPECT_TRUE(machine.flapping);
  machine.Advance(C::kExceeded, kFlappy, 1'061);
  EXPECT_FALSE(machine.flapping);
  EXPECT_EQ(machine.Advance(C::kWell, kFlappy, 1'070), Step::kResolved);
}

TEST(Machine, GoesOnWhereItWasWrittenDown) {
  Machine machine;
  for (int i = 0; i < 5; ++i)
    machine.Advance(i % 2 == 0 ? C::kExceeded : C::kWell, kFlappy, i * 10);
  Machine read = Machine::FromJson(ParseJson(machine.ToJson().Dump()));
  EXPECT_EQ(read, machine);
  EXPECT_EQ(read.Advance(C::kWell, kFlappy, 50), Step::kFlapping);
}

TEST(AlertClock, NeverGoesBackAndGoesOnByTheSteadyClock) {
  AlertClock clock({}, 5'000'000, 100);
  EXPECT_EQ(clock.NowMs(100), 5'000'000);
  EXPECT_EQ(clock.NowMs(350), 5'000'250);  // whatever became of the wall clock
  EXPECT_EQ(clock.NowMs(340), 5'000'250);
  EXPECT_EQ(clock.NowMs(100 + 10LL * 86'400'000), 5'000'250 + AlertClock::kGapMsMax);
}

TEST(AlertClock, GoesOnAfterARestartWhateverTheWallClockSays) {
  AlertClock later({.steady_ms = 5'000'250, .wall_ms = 9'000'000}, 9'060'000, 7);
  EXPECT_EQ(later.NowMs(7), 5'060'250);
  AlertClock set_back({.steady_ms = 5'000'250, .wall_ms = 9'000'000}, 1'000'000, 7);
  EXPECT_EQ(set_back.NowMs(8), 5'000'251);
}

}  // namespace
}  // namespace millwright::alerts

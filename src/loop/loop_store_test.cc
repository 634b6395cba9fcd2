#include "loop/loop_store.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "storage/test_database.h"

namespace millwright::loop {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;
constexpr char kPolicy[] = "model: m\nretrain: {pipeline: p}\ntriggers: [{every: 1d}]\n";

class LoopStoreTest : public storage::DatabaseTest {
 protected:
  static std::optional<Step> ByHand(storage::Connection&, const StoredLoop& loop) {
    return Arrive(*loop.policy, loop.state,
                  {.trigger = "by hand", .reason = "look", .who = "ann", .time_ms = kNow + 1});
  }
  int CountEvents(const std::string& kind) {
    int count = 0;
    for (const auto& event : events_.After(0, 1000)) count += event.kind == kind;
    return count;
  }

  ManualClock clock_{kNow};
  events::EventLog events_{db(), clock_};
  LoopStore store_{db(), events_, clock_};
};

TEST_P(LoopStoreTest, KeepsADecisionTheStateAndTheEventTogether) {
  store_.Put(kPolicy, "ann");
  const StoredLoop loop = store_.Change("m", ByHand);
  EXPECT_EQ(loop.state.phase, Phase::kTriggered);
  const auto decisions = store_.Decisions("m", 10);
  ASSERT_EQ(decisions.size(), 1);
  EXPECT_EQ(decisions[0].number, 1);
  EXPECT_EQ(decisions[0].who, "ann");
  EXPECT_EQ(decisions[0].to, Phase::kTriggered);
  EXPECT_EQ(CountEvents("loop.decided"), 1);
  EXPECT_EQ(store_.Get("m").state.ToJson(), loop.state.ToJson());

  // What fails leaves nothing.
  EXPECT_THROW(store_.Change("m",
                             [](storage::Connection& connection, const StoredLoop& now) {
                               const auto step =
                                   Pause(*now.policy, now.state, {.who = "ann", .reason = "x"});
                               ByHand(connection, now);  // refused: an attempt is under way
                               return std::optional(step);
                             }),
               Error);
  EXPECT_EQ(store_.Decisions("m", 10).size(), 1);
  EXPECT_FALSE(store_.Get("m").state.is_paused);
}

TEST_P(LoopStoreTest, FollowsAnEventOnce) {
  store_.Put(kPolicy, "ann");
  store_.ChangeByEvent(7, {"m", "nobody"}, ByHand);
  EXPECT_EQ(store_.Cursor(), 7);
  store_.ChangeByEvent(7, {"m"}, [](storage::Connection&, const StoredLoop&) {
    ADD_FAILURE() << "again";
    return std::optional<Step>();
  });
  store_.MoveCursor(5);
  EXPECT_EQ(store_.Cursor(), 7);
  EXPECT_EQ(store_.Decisions("m", 10).size(), 1);
}

TEST_P(LoopStoreTest, KeepsAnAttemptWhenThePolicyChanges) {
  store_.Put(kPolicy, "ann");
  store_.Change("m", ByHand);
  clock_.Advance(1000);
  const StoredLoop loop =
      store_.Put("model: m\nretrain: {pipeline: q}\ntriggers: [{every: 2d}]\n", "bob");
  EXPECT_EQ(loop.version, 2);
  EXPECT_EQ(loop.state.phase, Phase::kTriggered);
  EXPECT_EQ(loop.state.due_ms, (std::vector<int64_t>{kNow + 1000 + 2 * 86'400'000}));
  EXPECT_EQ(loop.who, "bob");
}

TEST_P(LoopStoreTest, NumbersDecisionsOnAfterALoopWasDeleted) {
  store_.Put(kPolicy, "ann");
  store_.Change("m", ByHand);
  store_.Delete("m", "ann");
  EXPECT_THROW(store_.Get("m"), Error);
  store_.Put(kPolicy, "ann");
  store_.Change("m", ByHand);
  EXPECT_EQ(store_.Decisions("m", 1)[0].number, 2);
}

MILLWRIGHT_ON_BOTH_DATABASES(LoopStoreTest);

}  // namespace
}  // namespace millwright::loop

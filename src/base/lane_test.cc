#include "base/lane.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace millwright {
namespace {

constexpr size_t kQueueMax = 100;

TEST(Lane, BeginsThreadsAsTasksNeedThem) {
  Lane lane("test", 3, kQueueMax);
  EXPECT_EQ(lane.thread_count(), 1);
  std::promise<void> let_go;
  const std::shared_future<void> gate = let_go.get_future().share();
  std::promise<void> begun[3];
  for (auto& one : begun) {
    ASSERT_TRUE(lane.Submit([&one, gate] {
      one.set_value();
      gate.wait();
    }));
  }
  // None of them ends before all have begun.
  for (auto& one : begun) one.get_future().wait();
  EXPECT_EQ(lane.thread_count(), 3);
  std::promise<void> last;
  ASSERT_TRUE(lane.Submit([&last] { last.set_value(); }));
  EXPECT_EQ(lane.queued(), 1U);
  let_go.set_value();
  last.get_future().wait();
  EXPECT_EQ(lane.thread_count(), 3);
}

TEST(Lane, RunsWhatIsQueuedBeforeItEnds) {
  std::atomic<int> done = 0;
  {
    Lane lane("test", 4, kQueueMax);
    for (size_t i = 0; i < kQueueMax; ++i) lane.Submit([&done] { ++done; });
  }
  EXPECT_EQ(done, int{kQueueMax});
}

TEST(Lane, RefusesWhatIsTooMuch) {
  std::promise<void> let_go;
  std::promise<void> begun;
  Lane lane("test", 1, 2);
  ASSERT_TRUE(lane.Submit([&] {
    begun.set_value();
    let_go.get_future().wait();
  }));
  begun.get_future().wait();
  EXPECT_TRUE(lane.Submit([] {}));
  EXPECT_TRUE(lane.Submit([] {}));
  EXPECT_FALSE(lane.Submit([] {}));
  let_go.set_value();
}

}  // namespace
}  // namespace millwright

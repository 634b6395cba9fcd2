#include "inference/run_limit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace millwright::inference {
namespace {

constexpr int64_t kFarUs = 3'600'000'000;

RunTime At(int64_t until_us) {
  return {.until_us = until_us, .ms = 7, .set_by = "--limit-ms"};
}

// A run that ends when it is told to, and says whether it was.
bool RunsUntilStopped(RunLimit* limit) {
  std::atomic<bool> is_stopped = false;
  limit->SetStop([&] { is_stopped = true; });
  while (!is_stopped) std::this_thread::yield();
  limit->SetStop({});
  return limit->has_passed();
}

TEST(RunLimit, IsOfTheThreadThatMadeIt) {
  RunWatch watch;
  EXPECT_EQ(RunLimit::OfThisThread(), nullptr);
  {
    RunLimit limit(watch, At(MonotonicUs() + kFarUs));
    EXPECT_EQ(RunLimit::OfThisThread(), &limit);
    std::thread([] { EXPECT_EQ(RunLimit::OfThisThread(), nullptr); }).join();
    EXPECT_FALSE(limit.has_passed());
  }
  EXPECT_EQ(RunLimit::OfThisThread(), nullptr);
}

TEST(RunLimit, StopsWhatRunsWhenItsTimeHasComeAndNotBefore) {
  RunWatch watch;
  const int64_t until_us = MonotonicUs() + 20'000;
  RunLimit limit(watch, At(until_us));
  EXPECT_TRUE(RunsUntilStopped(&limit));
  EXPECT_GE(MonotonicUs(), until_us);
  // A run that begins when it is over ends at once.
  EXPECT_TRUE(RunsUntilStopped(&limit));
}

// The thread sleeps towards a later one by then.
TEST(RunLimit, AnEarlierOneDoesNotWaitForALater) {
  RunWatch watch;
  RunLimit later(watch, At(MonotonicUs() + kFarUs));
  std::thread([&] {
    RunLimit earlier(watch, At(MonotonicUs() + 1000));
    EXPECT_TRUE(RunsUntilStopped(&earlier));
  }).join();
  EXPECT_FALSE(later.has_passed());
}

TEST(RunLimit, AllPassWhenTheProcessEnds) {
  RunWatch watch;
  std::atomic<int> running = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      RunLimit limit(watch, At(MonotonicUs() + kFarUs));
      ++running;
      EXPECT_TRUE(RunsUntilStopped(&limit));
    });
  }
  while (running < 4) std::this_thread::yield();
  watch.EndAll();
  for (std::thread& thread : threads) thread.join();
  RunLimit late(watch, At(MonotonicUs() + kFarUs));
  EXPECT_TRUE(RunsUntilStopped(&late));
}

TEST(RunLimit, SaysWhatSetsIt) {
  RunWatch watch;
  RunLimit limit(watch, At(MonotonicUs()));
  EXPECT_TRUE(RunsUntilStopped(&limit));
  EXPECT_EQ(limit.Reason(), "The model was stopped, for it took longer than 7 ms (--limit-ms)");
  watch.EndAll();
  EXPECT_EQ(limit.Reason(), "The model was stopped, as its server ends");
}

TEST(RunLimit, NobodyIsStoppedAfterItsRun) {
  RunWatch watch;
  for (int i = 0; i < 2000; ++i) {
    auto stopped = std::make_unique<std::atomic<bool>>(false);
    RunLimit limit(watch, At(MonotonicUs() + i % 50));
    limit.SetStop([flag = stopped.get()] { *flag = true; });
    limit.SetStop({});
    stopped.reset();  // a call from here on would write to freed memory
  }
}

}  // namespace
}  // namespace millwright::inference

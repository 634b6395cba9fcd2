#include "serving/spare_pool.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <functional>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "serving/replica_client.h"
#include "serving/test_gateway.h"

namespace millwright::serving {
namespace {

using testing::kReadyMs;
using testing::ModelPath;
using testing::SpareHeldBy;

// A pool whose processes are this test program, or wait before they are until a file is there.
class SparePoolTest : public ::testing::Test {
 protected:
  SparePoolOptions Options() {
    return {.command = {ThisProgram(), "serve-spare"},
            .log = dir.path() / "spare.log",
            .spares_max = 3,
            .timeout_ms = kReadyMs,
            .warm_up_ms = kReadyMs,
            .surplus_ms = kReadyMs,
            .new_socket = [this] { return dir.path() / std::to_string(++sockets); }};
  }
  static SpareNeed Need(int count) { return {count, ModelPath("breast_cancer_lr")}; }

  // Tends until it holds.
  static void TendUntil(SparePool& pool, const std::function<bool()>& holds) {
    const int64_t deadline_us = MonotonicUs() + kReadyMs * 1000;
    do {
      ASSERT_LT(MonotonicUs(), deadline_us);
      pool.Tend(true);
      std::this_thread::yield();
    } while (!holds());
  }
  static void Fill(SparePool& pool, int count) {
    pool.SetNeed(Need(count));
    TendUntil(pool, [&] { return pool.size() == count && pool.CountWarm() == count; });
  }
  struct Taken {
    std::optional<ChildProcess> process;
    std::filesystem::path socket;
  };
  Taken TakeOne(SparePool& pool) {
    const auto socket = dir.path() / std::to_string(++sockets);
    return {pool.Take({.model = "m@1=" + ModelPath("breast_cancer_lr"),
                       .socket = socket,
                       .log = dir.path() / "replica.log"}),
            socket};
  }
  std::optional<ChildProcess> Take(SparePool& pool) { return TakeOne(pool).process; }
  // Until it answers for its model.
  Taken TakeAndListen(SparePool& pool) {
    Taken taken = TakeOne(pool);
    if (!taken.process) throw Internal("no spare process was taken");
    const int64_t deadline_us = MonotonicUs() + kReadyMs * 1000;
    while (MonotonicUs() < deadline_us) {
      const auto info = ReplicaClient(taken.socket, kReadyMs).Describe("m");
      if (info && *info) return taken;
      std::this_thread::yield();
    }
    throw Internal("the replica does not answer");
  }

  const TempDir dir;
  int sockets = 0;
};

TEST_F(SparePoolTest, BeginsOneAfterAnotherAndNotWhileItMayNot) {
  SparePool pool(Options());
  pool.Tend(true);
  EXPECT_EQ(pool.size(), 0);
  pool.SetNeed(Need(2));
  pool.Tend(false);
  EXPECT_EQ(pool.size(), 0);
  pool.Tend(true);
  EXPECT_EQ(pool.size(), 1);
  EXPECT_EQ(pool.CountSoonWarm(), 1);
  TendUntil(pool, [&] { return pool.size() == 2; });
  EXPECT_GE(pool.CountWarm(), 1);
  Fill(pool, 2);
  pool.SetNeed(Need(100));
  TendUntil(pool, [&] { return pool.CountWarm() == 3; });
  pool.Tend(true);
  EXPECT_EQ(pool.size(), 3);
  pool.SetNeed({});
  pool.Tend(true);
  EXPECT_EQ(pool.size(), 0);
}

TEST_F(SparePoolTest, EachThatIsTakenIsAReplica) {
  SparePool pool(Options());
  Fill(pool, 2);
  const auto first = TakeAndListen(pool);
  const auto second = TakeAndListen(pool);
  EXPECT_NE(first.process->pid(), second.process->pid());
  EXPECT_FALSE(Take(pool));
  EXPECT_EQ(pool.CountWarm(), 0);
}

TEST_F(SparePoolTest, PassesOverOneThatWasKilled) {
  SparePool pool(Options());
  Fill(pool, 2);
  const auto pids = pool.pids();
  kill(pids.back(), SIGKILL);  // the first that would be taken
  siginfo_t ended{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(pids.back()), &ended, WEXITED | WNOWAIT), 0);
  const auto taken = Take(pool);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->pid(), pids.front());
  EXPECT_EQ(pool.size(), 0);
}

TEST_F(SparePoolTest, OneThatHangsIsWaitedForOnceAndIsGone) {
  auto options = Options();
  options.timeout_ms = 50;
  SparePool pool(options);
  Fill(pool, 2);
  const auto pids = pool.pids();
  for (const pid_t pid : pids) kill(pid, SIGSTOP);
  EXPECT_FALSE(Take(pool));
  EXPECT_EQ(pool.pids(), std::vector<pid_t>{pids.front()});
  EXPECT_FALSE(Take(pool));
  EXPECT_EQ(pool.size(), 0);
}

TEST_F(SparePoolTest, AfterOneThatEndedByItselfTheNextIsNotBegunAtOnce) {
  auto options = Options();
  options.back_off_ms = kReadyMs;
  SparePool pool(options);
  Fill(pool, 1);
  kill(pool.pids().front(), SIGKILL);
  TendUntil(pool, [&] { return pool.size() == 0; });
  pool.Tend(true);
  EXPECT_EQ(pool.size(), 0);
  options.back_off_ms = 0;
  SparePool eager(options);
  Fill(eager, 1);
  const pid_t killed = eager.pids().front();
  kill(killed, SIGKILL);
  TendUntil(eager, [&] { return eager.size() == 1 && eager.pids().front() != killed; });
}

TEST_F(SparePoolTest, WhatIsMoreThanTheNeedStaysForAWhile) {
  SparePool patient(Options());
  Fill(patient, 2);
  patient.SetNeed(Need(1));
  for (int i = 0; i < 3; ++i) patient.Tend(true);
  EXPECT_EQ(patient.size(), 2);
  auto options = Options();
  options.surplus_ms = 0;
  SparePool pool(options);
  Fill(pool, 2);
  const auto pids = pool.pids();
  pool.SetNeed(Need(1));
  TendUntil(pool, [&] { return pool.size() == 1; });
  EXPECT_EQ(pool.pids(), std::vector<pid_t>{pids.back()});
}

TEST_F(SparePoolTest, AReplicaRestsWhereThereIsRoomOrInThePlaceOfOneThatIsNotWarm) {
  SparePool source(Options());
  Fill(source, 2);
  const auto fifo = dir.path() / "held";
  auto options = Options();
  options.command = SpareHeldBy(fifo);
  options.spares_max = 1;
  SparePool pool(options);
  pool.SetNeed(Need(1));
  pool.Tend(true);
  ASSERT_EQ(pool.size(), 1);
  EXPECT_EQ(pool.CountWarm(), 0);
  auto first = TakeAndListen(source);
  auto second = TakeAndListen(source);
  const pid_t resting = first.process->pid();
  EXPECT_TRUE(pool.Adopt(first.process, first.socket));
  EXPECT_FALSE(first.process);
  EXPECT_EQ(pool.pids(), std::vector<pid_t>{resting});
  TendUntil(pool, [&] { return pool.CountWarm() == 1; });
  EXPECT_FALSE(pool.Adopt(second.process, second.socket));
  EXPECT_TRUE(second.process);
}

TEST_F(SparePoolTest, AReplicaRestsInThePlaceOfOneThatHasNotServed) {
  SparePool source(Options());
  Fill(source, 1);
  auto options = Options();
  options.spares_max = 2;
  SparePool pool(options);
  Fill(pool, 2);
  const std::vector<pid_t> fresh = pool.pids();
  auto served = TakeAndListen(source);
  const pid_t resting = served.process->pid();
  EXPECT_TRUE(pool.Adopt(served.process, served.socket));
  EXPECT_EQ(pool.pids(), (std::vector<pid_t>{fresh[1], resting}));
}

}  // namespace
}  // namespace millwright::serving

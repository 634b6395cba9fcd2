#include "serving/supervisor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "base/file.h"
#include "serving/test_gateway.h"

namespace millwright::serving {
namespace {

using testing::kReadyMs;
using testing::LetGo;
using testing::ModelPath;
using testing::SpareHeldBy;

class SupervisorTest : public ::testing::Test {
 protected:
  SupervisorOptions Options() {
    return {.replica_command = {ThisProgram(), "serve"},
            .spare_command = SpareHeldBy(fifo),
            .socket_dir = dir.path() / "run",
            .log_dir = dir.path() / "logs",
            .spare_timeout_ms = kReadyMs,
            .spare_warm_up_ms = kReadyMs};
  }
  static ReplicaSpec Spec(const std::string& id) {
    return {.id = id,
            .endpoint = "cancer",
            .revision = "r1",
            .model_version = "1",
            .model_path = ModelPath("breast_cancer_lr")};
  }
  static void WaitUntil(const std::function<bool()>& holds) {
    const int64_t deadline_us = MonotonicUs() + kReadyMs * 1000;
    while (!holds()) {
      ASSERT_LT(MonotonicUs(), deadline_us);
      std::this_thread::yield();
    }
  }
  static bool IsReady(const std::shared_ptr<Replica>& replica) {
    return replica->state() == ReplicaState::kReady;
  }

  const TempDir dir;
  const std::filesystem::path fifo = dir.path() / "held";
  SystemClock clock;
};

TEST_F(SupervisorTest, OneReplicaWaitsForASpareThatWarmsUpAndTheOtherHasANewProcess) {
  Supervisor supervisor(
      Options(), clock, [](const auto&, ReplicaNotice) {}, [] {});
  supervisor.KeepSpares({1, ModelPath("breast_cancer_lr")});
  WaitUntil([&] { return supervisor.spares() == 1; });
  const auto first = supervisor.Start(Spec("first"));
  const auto second = supervisor.Start(Spec("second"));
  WaitUntil([&] { return IsReady(second); });
  EXPECT_EQ(first->facts().pid, 0);
  EXPECT_EQ(supervisor.starts_of_new(), 1);
  EXPECT_EQ(supervisor.starts_of_spares(), 0);
  LetGo(fifo);
  WaitUntil([&] { return IsReady(first); });
  EXPECT_EQ(supervisor.starts_of_new(), 1);
  EXPECT_EQ(supervisor.starts_of_spares(), 1);
}

TEST_F(SupervisorTest, NobodyWaitsForASpareForLong) {
  auto options = Options();
  options.spare_warm_up_ms = 0;
  Supervisor supervisor(
      options, clock, [](const auto&, ReplicaNotice) {}, [] {});
  supervisor.KeepSpares({1, ModelPath("breast_cancer_lr")});
  WaitUntil([&] { return supervisor.spares() == 1; });
  const auto replica = supervisor.Start(Spec("only"));
  WaitUntil([&] { return IsReady(replica); });
  EXPECT_EQ(supervisor.starts_of_new(), 1);
}

TEST_F(SupervisorTest, ReplicasLoadTheirModelsInTurns) {
  auto options = Options();
  options.spare_command = {};
  options.starts_at_once = 2;
  options.turn_ms = kReadyMs;
  std::vector<std::shared_ptr<Replica>> replicas;
  std::mutex mutex;  // guards the vector, which the callback reads
  std::atomic<int> ready = 0;
  std::atomic<int> begun_max = 0;
  // The callback runs on the thread that starts replicas: none starts meanwhile.
  const auto notice = [&](const auto&, ReplicaNotice what) {
    if (what != ReplicaNotice::kReady) return;
    std::lock_guard lock(mutex);
    const auto begun = std::count_if(replicas.begin(), replicas.end(), [](const auto& replica) {
      return replica->facts().pid != 0 && replica->state() == ReplicaState::kStarting;
    });
    begun_max = std::max(begun_max.load(), static_cast<int>(begun));
    ++ready;
  };
  Supervisor supervisor(options, clock, notice, [] {});
  {
    std::lock_guard lock(mutex);
    for (const char* id : {"first", "second", "third", "fourth", "fifth"}) {
      replicas.push_back(supervisor.Start(Spec(id)));
    }
  }
  WaitUntil([&] { return ready.load() == 5; });
  EXPECT_EQ(begun_max.load(), 1);  // besides the one that is ready
}

TEST_F(SupervisorTest, NobodyWaitsLongForAReplicaThatLoadsLong) {
  auto options = Options();
  options.starts_at_once = 1;
  options.turn_ms = 1;
  options.stop_grace_ms = 1;
  options.replica_command = {
      "/bin/sh", "-c", "case \"$1\" in *slow*) exec sleep 600;; esac; exec \"$0\" serve \"$@\"",
      ThisProgram()};
  Supervisor supervisor(
      options, clock, [](const auto&, ReplicaNotice) {}, [] {});
  ReplicaSpec slow = Spec("slow");
  slow.model_path = "slow.onnx";
  const auto first = supervisor.Start(slow);
  WaitUntil([&] { return first->facts().pid != 0; });
  const auto second = supervisor.Start(Spec("second"));
  WaitUntil([&] { return IsReady(second); });
  EXPECT_EQ(first->state(), ReplicaState::kStarting);
}

TEST_F(SupervisorTest, AReplicaThatEndsAgainAndAgainIsMadeOfNewProcesses) {
  auto options = Options();
  options.spare_command = {ThisProgram(), "serve-spare"};
  options.back_off_min_ms = 1;
  options.back_off_max_ms = 1;
  std::atomic<int> failures = 0;
  Supervisor supervisor(
      options, clock,
      [&](const auto&, ReplicaNotice notice) { failures += notice == ReplicaNotice::kStartFailed; },
      [] {});
  supervisor.KeepSpares({1, ModelPath("breast_cancer_lr")});
  WaitUntil([&] { return supervisor.spares() == 1; });
  ReplicaSpec broken = Spec("broken");
  broken.model_path = "/nonexistent/model.onnx";
  const auto replica = supervisor.Start(broken);
  WaitUntil([&] { return failures.load() >= 5; });
  EXPECT_LE(supervisor.starts_of_spares(), 2);
  EXPECT_GE(supervisor.starts_of_new(), 3);
}

}  // namespace
}  // namespace millwright::serving

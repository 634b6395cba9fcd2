#include "serving/supervisor.h"

#include <gtest/gtest.h>

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

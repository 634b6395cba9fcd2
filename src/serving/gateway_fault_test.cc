// Faults under load: replicas are killed, stopped and replaced while clients go on asking.
#include <gtest/gtest.h>

#include <map>

#include "serving/test_gateway.h"

namespace millwright::serving {
namespace {

using testing::GatewayFixture;
using testing::kReadyMs;
using testing::Load;
using testing::ModelPath;

const EndpointName kName("cancer");
const std::set<std::string> kNone;
constexpr int kClients = 4;

RevisionSpec Cancer(const std::string& version, int replicas) {
  return {version, ModelPath("breast_cancer_lr"), replicas};
}

class GatewayFaultTest : public ::testing::Test {
 protected:
  void Deploy(int replicas) {
    fixture.gateway->Deploy(kName, "breast-cancer", Cancer("1", replicas), "ada");
    fixture.gateway->WaitReady(kName, kReadyMs);
  }
  void KillOne() {
    const auto pids = fixture.Pids("cancer");
    ASSERT_FALSE(pids.empty());
    kill(pids[0], SIGKILL);
  }
  std::string live() {
    for (const auto& revision : fixture.gateway->Get(kName).revisions) {
      if (revision.record.role == Role::kLive) return revision.record.model_version;
    }
    return "";
  }

  storage::TestDatabase database{storage::Dialect::kSqlite};
  GatewayFixture fixture{database.db()};
};

TEST_F(GatewayFaultTest, AKilledReplicaOfTwoCostsNoRequest) {
  Deploy(2);
  Load load(fixture, "cancer", kClients);
  for (int i = 0; i < 5; ++i) {
    load.WaitFor(100);
    KillOne();
    fixture.gateway->WaitReady(kName, kReadyMs);
  }
  load.WaitFor(100);
  load.Stop();
  EXPECT_EQ(load.failures(), kNone);
}

TEST_F(GatewayFaultTest, AKilledOnlyReplicaHoldsRequestsUntilItIsBack) {
  Deploy(1);
  Load load(fixture, "cancer", kClients);
  for (int i = 0; i < 5; ++i) {
    load.WaitFor(100);
    KillOne();
    load.WaitFor(20);
    fixture.gateway->WaitReady(kName, kReadyMs);
  }
  load.Stop();
  EXPECT_EQ(load.failures(), kNone);
}

TEST_F(GatewayFaultTest, ADeathIsAnEventAndTheReplicaComesBackUnderItsName) {
  Deploy(1);
  KillOne();
  for (;;) {
    fixture.gateway->WaitReady(kName, kReadyMs);
    const auto kinds = fixture.EventKinds();
    if (std::count(kinds.begin(), kinds.end(), "replica.started") == 2) break;
    fixture.events.WaitFor(fixture.events.Last(), 100);
  }
  std::vector<std::string> replicas;
  for (const auto& event : fixture.events.After(0, 100)) {
    if (event.kind == "replica.died") {
      EXPECT_EQ(event.payload.GetString("reason"), "The replica was ended by signal 9");
    }
    if (event.kind.starts_with("replica.")) {
      replicas.push_back(event.kind + " " + event.payload.GetString("replica"));
    }
  }
  EXPECT_EQ(replicas,
            (std::vector<std::string>{"replica.started cancer-r1-0", "replica.died cancer-r1-0",
                                      "replica.started cancer-r1-0"}));
}

TEST_F(GatewayFaultTest, AStoppedProcessLosesItsLeaseAndIsReplaced) {
  fixture.lease_ms = 500;
  fixture.Start();
  Deploy(2);
  const auto before = fixture.Pids("cancer");
  ASSERT_EQ(before.size(), 2u);
  kill(before[0], SIGSTOP);
  for (;;) {
    const auto now = fixture.Pids("cancer");
    if (now.size() == 2 && now != before) break;
    std::this_thread::yield();
  }
  EXPECT_TRUE(fixture.Ask("cancer", "id"));
}

TEST_F(GatewayFaultTest, GivesUpOnAHeldRequestWhenTheLimitIsReached) {
  fixture.hold_ms = 1;
  fixture.Start();
  fixture.gateway->Deploy(kName, "breast-cancer", Cancer("1", 1), "ada");
  const auto answer = fixture.Ask("cancer", "id");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kUnavailable);
  EXPECT_EQ(answer.error().message(), "Endpoint cancer has no ready replica: none came in time");
}

TEST_F(GatewayFaultTest, RefusesToHoldMoreThanTheLimit) {
  fixture.held_max = 0;
  fixture.Start();
  fixture.gateway->Deploy(kName, "breast-cancer", Cancer("1", 1), "ada");
  const auto answer = fixture.Ask("cancer", "id");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message(),
            "Endpoint cancer has no ready replica and too many requests wait for one");
}

TEST_F(GatewayFaultTest, EveryStepOfARolloutUnderLoadCostsNoRequest) {
  Deploy(2);
  Load load(fixture, "cancer", kClients);
  Gateway& gateway = *fixture.gateway;
  const auto step = [&](const std::function<void()>& change) {
    change();
    gateway.WaitReady(kName, kReadyMs);
    load.WaitFor(200);
  };
  step([&] { gateway.AddShadow(kName, Cancer("2", 1), "ada"); });
  step([&] { gateway.StartCanary(kName, Cancer("2", 1), 10, "ada"); });
  step([&] { gateway.Promote(kName, "2", "ada"); });
  EXPECT_EQ(live(), "2");
  step([&] { gateway.Scale(kName, 1, "ada"); });
  step([&] { gateway.Scale(kName, 3, "ada"); });
  step([&] { gateway.Rollback(kName, "ada"); });
  EXPECT_EQ(live(), "1");
  load.Stop();
  EXPECT_EQ(load.failures(), kNone);
  EXPECT_EQ(load.versions(), (std::set<std::string>{"1", "2"}));
}

TEST_F(GatewayFaultTest, ARestartRestoresTheEndpointAsItWas) {
  Deploy(2);
  fixture.gateway->AddShadow(kName, Cancer("2", 1), "ada");
  fixture.gateway->WaitReady(kName, kReadyMs);
  fixture.Start();
  fixture.gateway->WaitReady(kName, kReadyMs);
  EXPECT_EQ(fixture.Pids("cancer").size(), 3u);
  EXPECT_TRUE(fixture.Ask("cancer", "id"));
}

TEST_F(GatewayFaultTest, ARestartGoesOnWithAPromotion) {
  Deploy(1);
  fixture.gateway->StartCanary(kName, Cancer("2", 1), 10, "ada");
  fixture.gateway.reset();
  // What a server that was killed right after the promotion's first transaction leaves behind.
  EndpointStore(database.db(), fixture.events, fixture.clock).StartPromotion(kName, "2", "ada");
  fixture.Start();
  fixture.gateway->WaitReady(kName, kReadyMs);
  EXPECT_EQ(live(), "2");
}

TEST_F(GatewayFaultTest, ARestartUndoesAPromotionThatCannotStart) {
  Deploy(1);
  fixture.gateway.reset();
  EndpointStore store(database.db(), fixture.events, fixture.clock);
  store.Deploy(kName, "breast-cancer", {"2", "/nonexistent", 1}, "ada");
  fixture.Start();
  EXPECT_THROW(fixture.gateway->WaitReady(kName, kReadyMs), Error);
  EXPECT_EQ(live(), "1");
  EXPECT_TRUE(fixture.Ask("cancer", "id"));
}

}  // namespace
}  // namespace millwright::serving

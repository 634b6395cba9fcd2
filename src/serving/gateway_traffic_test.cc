// How an endpoint's settings treat its requests: shares, stickiness, cache, limits, and replicas
// that follow the requests. Replicas are real processes.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <map>

#include "serving/gateway.h"
#include "serving/test_gateway.h"

namespace millwright::serving {
namespace {

using testing::Cancer;
using testing::CancerRow;
using testing::GatewayFixture;
using testing::GatewayReplicasTest;
using testing::kName;
using testing::kReadyMs;
using testing::Load;
using testing::ModelPath;

class GatewayTrafficTest : public storage::DatabaseTest {
 protected:
  void Deploy(const RevisionSpec& spec) {
    gateway().Deploy(kName, "breast-cancer", spec, "ada");
    gateway().WaitReady(kName, kReadyMs);
  }
  void Canary(const std::string& version, int weight) {
    gateway().StartCanary(kName, Cancer(version), weight, "ada");
    gateway().WaitReady(kName, kReadyMs);
  }
  void Configure(const Json& settings) {
    gateway().Configure(kName, settings, "ada");
    gateway().WaitReady(kName, kReadyMs);
  }
  Gateway& gateway() { return *fixture.gateway; }
  EndpointStatus status() { return gateway().Get(kName); }

  Result<InferAnswer> Ask(InferRequest request) {
    request.model = "cancer";
    if (request.id.empty()) request.id = NewHexId();
    if (request.inputs.empty()) request.inputs = CancerRow();
    Result<InferAnswer> result;
    gateway().Infer(std::move(request),
                    [&](const Result<InferAnswer>& answer) { result = answer; });
    return result;
  }
  std::string VersionFor(const std::string& user) {
    const Origin origin{.header = [&](std::string_view name) -> std::optional<std::string_view> {
      if (name == "X-User") return user;
      return std::nullopt;
    }};
    const auto answer = Ask({.origin = origin});
    return answer ? answer->model_version : answer.error().message();
  }
  std::map<std::string, std::string> VersionsOfUsers(int users) {
    std::map<std::string, std::string> versions;
    for (int i = 0; i < users; ++i) {
      const std::string user = "user-" + std::to_string(i);
      versions[user] = VersionFor(user);
    }
    return versions;
  }
  std::string Refusal(const std::function<void()>& change) {
    try {
      change();
    } catch (const Error& error) {
      return error.message();
    }
    return "";
  }

  GatewayFixture fixture{db()};
};
MILLWRIGHT_ON_BOTH_DATABASES(GatewayTrafficTest);

TEST_P(GatewayTrafficTest, UsersStayWithTheirVersionWhenWeightsMove) {
  Deploy(Cancer("1"));
  Canary("2", 10);
  Canary("3", 20);
  Configure(Json::Of({{"sticky_by", "header:X-User"}}));
  constexpr int kUsers = 400;
  const auto before = VersionsOfUsers(kUsers);
  EXPECT_EQ(before, VersionsOfUsers(kUsers));

  gateway().SetWeights(kName, {{"1", 50}, {"2", 30}, {"3", 20}}, "ada");
  const auto after = VersionsOfUsers(kUsers);
  int moved = 0;
  for (const auto& [user, version] : before) {
    if (after.at(user) == version) continue;
    ++moved;
    EXPECT_EQ(version + " to " + after.at(user), "1 to 2") << user;
  }
  EXPECT_NEAR(moved, kUsers * 0.2, kUsers * 0.08);

  // The split is part of the endpoint: another start has the same one.
  fixture.Start();
  gateway().WaitReady(kName, kReadyMs);
  EXPECT_EQ(after, VersionsOfUsers(kUsers));
}

TEST_P(GatewayTrafficTest, WeightsAreSetWholeOrNotAtAll) {
  Deploy(Cancer("1"));
  Canary("2", 10);
  const auto set = [&](const std::map<std::string, int>& weights) {
    return Refusal([&] { gateway().SetWeights(kName, weights, "ada"); });
  };
  EXPECT_EQ(set({{"1", 50}, {"2", 49}}), "The weights add up to 99, not to 100");
  EXPECT_EQ(set({{"1", 100}}), "Say the weight of every version that answers: 2");
  EXPECT_EQ(set({{"1", 50}, {"9", 50}}), "No live revision and no canary has this version: 9");
  EXPECT_EQ(set({{"1", 101}, {"2", -1}}), "A weight is 0 to 100 percent: version 1 has 101");
  EXPECT_EQ(Refusal([&] { gateway().StartCanary(kName, Cancer("3"), 91, "ada"); }),
            "Other canaries have 10 percent already: 91 is too much");
  EXPECT_EQ(set({{"1", 0}, {"2", 100}}), "");
  EXPECT_EQ(VersionFor("anybody"), "2");
  const auto events = fixture.events.After(0, 1000);
  const auto stepped = std::find_if(events.begin(), events.end(),
                                    [](const auto& one) { return one.kind == "rollout.stepped"; });
  ASSERT_NE(stepped, events.end());
  EXPECT_EQ(stepped->payload.At("weights"), Json::Of({{"2", 100}, {"1", 0}}));
}

TEST_P(GatewayTrafficTest, APromotedCanaryEndsTheOthers) {
  Deploy(Cancer("1"));
  Canary("2", 10);
  Canary("3", 20);
  gateway().Promote(kName, "3", "ada");
  gateway().WaitReady(kName, kReadyMs);
  std::map<std::string, std::string> roles;
  for (const auto& revision : status().revisions) {
    roles[revision.record.model_version] = RoleName(revision.record.role);
  }
  EXPECT_EQ(roles, (std::map<std::string, std::string>{
                       {"1", "retired"}, {"2", "retired"}, {"3", "live"}}));
}

TEST_P(GatewayTrafficTest, SettingsAreCheckedKeptAndTold) {
  Deploy(Cancer("1"));
  const auto set = [&](const Json& settings) {
    return Refusal([&] { gateway().Configure(kName, settings, "ada"); });
  };
  EXPECT_EQ(set(Json::Of({{"cache_tll_ms", 1}})),
            "Unknown setting: cache_tll_ms (did you mean cache_ttl_ms?)");
  EXPECT_EQ(set(Json::Of({{"replicas_min", 3}, {"replicas_max", 2}})),
            "replicas_min must not be above replicas_max: 3 > 2");
  EXPECT_EQ(set(Json::Of({{"sticky_by", "cookie:a"}})),
            "sticky_by is header:NAME, input:NAME or none, not \"cookie:a\"");
  EXPECT_NE(set(Json::Of({{"hedge_percent", "many"}})), "");
  EXPECT_EQ(set(Json::Of({{"cache_ttl_ms", 5000}, {"requests_per_s", 2.5}})), "");
  EXPECT_EQ(set(Json::Of({{"cache_ttl_ms", 5000}})), "");  // changes nothing and tells nothing
  fixture.Start();
  EXPECT_EQ(status().record.policy.cache_ttl_ms, 5000);
  EXPECT_EQ(status().record.policy.requests_per_s, 2.5);
  std::vector<std::string> told;
  for (const auto& event : fixture.events.After(0, 1000)) {
    if (event.kind == "endpoint.updated") told.push_back(event.payload.Dump());
  }
  EXPECT_EQ(told, (std::vector<std::string>{
                      R"({"policy":{"cache_ttl_ms":5000,"requests_per_s":2.5},)"
                      R"("from_policy":{"cache_ttl_ms":0,"requests_per_s":0.0}})"}));
}

TEST_P(GatewayTrafficTest, AnInputThatIsNotThereKeepsNobodyOnAVersion) {
  Deploy(Cancer("1"));
  const auto set = [&](const std::string& key) {
    return Refusal([&] { gateway().Configure(kName, Json::Of({{"sticky_by", key}}), "ada"); });
  };
  EXPECT_EQ(set("input:user"), "sticky_by names no input of version 1: user; it has X");
  EXPECT_EQ(status().record.policy.sticky_by, "");
  EXPECT_EQ(set("input:X"), "");
  EXPECT_EQ(set("header:user"), "");
  EXPECT_EQ(set("none"), "");
}

TEST_P(GatewayTrafficTest, AnAnswerIsGivenAgainToTheSameInputsOfTheSameVersion) {
  Deploy(Cancer("1"));
  const auto cached = [&](InferRequest request) {
    const auto answer = Ask(std::move(request));
    return answer && answer->is_cached;
  };
  EXPECT_FALSE(cached({}));
  EXPECT_FALSE(cached({}));  // off by default
  Configure(Json::Of({{"cache_ttl_ms", 600'000}}));
  EXPECT_FALSE(cached({.inputs = CancerRow(1)}));
  EXPECT_TRUE(cached({.id = "again", .inputs = CancerRow(1)}));
  EXPECT_FALSE(cached({.inputs = CancerRow(2)}));
  EXPECT_FALSE(cached({.inputs = CancerRow(1), .origin = {.wants_fresh = true}}));
  EXPECT_EQ(status().cache.hits, 1);
  EXPECT_EQ(status().cache.misses, 2);

  const auto logged = fixture.sink.WaitFor(6);
  std::map<std::string, bool> by_id;
  for (const auto& one : logged) by_id[one.id] = one.is_cached;
  EXPECT_TRUE(by_id.at("again"));
  EXPECT_EQ(
      std::count_if(logged.begin(), logged.end(), [](const auto& one) { return one.is_cached; }),
      1);

  gateway().Deploy(kName, "breast-cancer", Cancer("2"), "ada");
  gateway().WaitReady(kName, kReadyMs);
  EXPECT_FALSE(cached({.inputs = CancerRow(1)}));
  Configure(Json::Of({{"cache_ttl_ms", 0}}));
  EXPECT_EQ(status().cache.bytes, 0);
}

TEST_P(GatewayTrafficTest, WhatCannotBeAnsweredIsNotCached) {
  Deploy(Cancer("1"));
  Configure(Json::Of({{"cache_ttl_ms", 600'000}}));
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(Ask({.inputs = {inference::Tensor::OfFloats("Y", {1, 30}, {})}}));
  }
  EXPECT_EQ(status().cache.entries, 0);
}

TEST_P(GatewayTrafficTest, CallersAreHeldToTheirLimits) {
  Deploy(Cancer("1"));
  Configure(Json::Of({{"requests_per_s", 0.001}, {"burst", 2}}));
  const auto ask = [&](const std::string& who) {
    const auto answer = Ask({.origin = {.principal = who}});
    return answer ? "answered" : std::string(CodeName(answer.error().code()));
  };
  EXPECT_EQ(ask("ada"), "answered");
  EXPECT_EQ(ask("ada"), "answered");
  EXPECT_EQ(ask("ada"), "resource_exhausted");
  EXPECT_EQ(ask("bob"), "answered");
  EXPECT_EQ(status().limited, 1);
  EXPECT_EQ(status().errors, 0);
}

TEST_P(GatewayTrafficTest, AQuotaOfRowsSurvivesARestart) {
  Deploy(Cancer("1"));
  Configure(Json::Of({{"rows_per_day", 10}}));
  const auto rows = [&](int64_t count) {
    const auto values = static_cast<size_t>(count * 30);
    const auto answer =
        Ask({.inputs = {inference::Tensor::OfFloats("X", {count, 30}, std::vector<float>(values))},
             .origin = {.principal = "ada"}});
    return answer ? "" : answer.error().message();
  };
  EXPECT_EQ(rows(7), "");
  fixture.Start();
  gateway().WaitReady(kName, kReadyMs);
  EXPECT_EQ(rows(4), "ada has 3 of 10 rows left today; the request has 4");
  EXPECT_EQ(rows(3), "");
  ASSERT_EQ(status().callers.size(), 1u);
  EXPECT_EQ(status().callers[0].rows, 10);
}

TEST_P(GatewayTrafficTest, RefusesWhatIsTooLarge) {
  Deploy(Cancer("1"));
  Configure(Json::Of({{"request_bytes", 1000}, {"response_bytes", 100}}));
  const auto refused = [&](InferRequest request) {
    const auto answer = Ask(std::move(request));
    return answer
               ? ""
               : fmt::format("{}: {}", CodeName(answer.error().code()), answer.error().message());
  };
  EXPECT_EQ(refused({.origin = {.body_bytes = 1000}}), "");
  EXPECT_EQ(refused({.origin = {.body_bytes = 1001}}),
            "resource_exhausted: The request has 1001 bytes, endpoint cancer takes at most 1000");
  // How large an answer is only its protocol knows.
  const auto answer = Ask({});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body_bytes_max, 100);
  EXPECT_EQ(gateway().RefuseAnswer("cancer", 101, answer->body_bytes_max).message(),
            "The answer has 101 bytes, endpoint cancer gives at most 100: ask for fewer rows");
  EXPECT_EQ(status().too_large, 2);
}

TEST_F(GatewayReplicasTest, ASlowReplicaIsHedgedWithinTheBudget) {
  Deploy(2, Json::Of({{"hedge_percent", 10}, {"eject_slowness", 0}}));
  for (int i = 0; i < 400; ++i) ASSERT_TRUE(fixture.Ask("cancer", NewHexId()));
  const auto pids = fixture.Pids("cancer");
  ASSERT_EQ(pids.size(), 2u);
  Stop(pids[0]);
  // Each request that meets the stopped one is answered by the other; ten were saved up.
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(fixture.Ask("cancer", NewHexId()));
  kill(pids[0], SIGCONT);
  const auto status = gateway().Get(kName);
  EXPECT_GE(status.hedged, 1);
  EXPECT_GE(status.hedges_won, 1);
  EXPECT_LE(status.hedged, 50);
}

TEST_F(GatewayReplicasTest, WhatTheBudgetRefusedIsHedgedWhenThereIsOneAgain) {
  Deploy(2, Json::Of({{"hedge_percent", 0}, {"eject_slowness", 0}}));
  for (int i = 0; i < 400; ++i) ASSERT_TRUE(fixture.Ask("cancer", NewHexId()));
  gateway().Configure(kName, Json::Of({{"hedge_percent", 1}}), "ada");
  const auto pids = fixture.Pids("cancer");
  ASSERT_EQ(pids.size(), 2u);
  Stop(pids[0]);
  // One of the callers soon meets the stopped one, when no hedge is earned yet.
  const auto is_late = [](const EndpointStatus& status) {
    return status.hedges_refused + status.hedged >= 1;
  };
  std::vector<std::jthread> callers;
  for (int i = 0; i < 2; ++i) {
    callers.emplace_back([&] {
      while (!is_late(gateway().Get(kName))) EXPECT_TRUE(fixture.Ask("cancer", NewHexId()));
    });
  }
  WaitUntil(is_late);
  gateway().Configure(kName, Json::Of({{"hedge_percent", 100}}), "ada");
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(fixture.Ask("cancer", NewHexId()));
  callers.clear();  // both were answered, though the replica does nothing yet
  kill(pids[0], SIGCONT);
  EXPECT_GE(gateway().Get(kName).hedges_won, 1);
}

TEST_F(GatewayReplicasTest, ReplicasFollowTheRequests) {
  Deploy(1, Json::Of({{"replicas_max", 3}, {"replica_concurrency", 1}, {"quiet_ms", 300}}));
  EXPECT_EQ(ReadyOf(gateway().Get(kName)), 1u);
  {
    Load load(fixture, "cancer", 6);
    WaitUntil([](const auto& status) { return ReadyOf(status) == 3; });
    load.WaitFor(50);
    load.Stop();
    EXPECT_EQ(load.failures(), std::set<std::string>{});
  }
  WaitUntil([](const auto& status) { return status.revisions[0].replicas.size() == 1; });
  for (;;) {
    const auto kinds = fixture.EventKinds();
    if (std::count(kinds.begin(), kinds.end(), "endpoint.scaled") >= 2) break;
    fixture.events.WaitFor(fixture.events.Last(), 100);
  }
}

TEST_F(GatewayReplicasTest, APromotionUnderLoadKeepsAsManyReplicasAsWereNeeded) {
  Deploy(1, Json::Of({{"replicas_max", 2}, {"replica_concurrency", 1}, {"quiet_ms", 60'000}}));
  Load load(fixture, "cancer", 4);
  WaitUntil([](const auto& status) { return ReadyOf(status) == 2; });
  gateway().Deploy(kName, "breast-cancer", Cancer("2"), "ada");
  gateway().WaitReady(kName, kReadyMs);
  EXPECT_EQ(ReadyOf(gateway().Get(kName)), 2u);
  load.Stop();
  EXPECT_EQ(load.failures(), std::set<std::string>{});
}

}  // namespace
}  // namespace millwright::serving

// Endpoints without a replica, and the processes that rest until one is needed. Replicas are real
// processes.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <future>
#include <map>
#include <set>
#include <sstream>

#include "serving/gateway.h"
#include "serving/test_gateway.h"

namespace millwright::serving {
namespace {

using testing::Cancer;
using testing::GatewayReplicasTest;
using testing::kName;
using testing::kReadyMs;
using testing::Load;
using testing::ModelPath;

TEST_F(GatewayReplicasTest, AnEndpointThatSleepsWakesForARequest) {
  Deploy(1, Json::Of({{"replicas_min", 0}, {"replicas_max", 2}, {"quiet_ms", 0}}));
  WaitUntil([](const auto& status) { return status.revisions[0].replicas.empty(); });
  EXPECT_EQ(gateway().Get(kName).state, EndpointState::kReady);
  EXPECT_TRUE(gateway().Ready("cancer", ""));
  EXPECT_EQ(gateway().Describe("cancer", "")->signature.inputs[0].name, "X");
  const auto answer = fixture.Ask("cancer", "id");
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->model_version, "1");
  WaitUntil([](const auto& status) { return status.revisions[0].replicas.empty(); });
  fixture.Start();
  EXPECT_TRUE(fixture.Ask("cancer", "after a restart"));
}

// The processes that this one has begun, by their words.
std::map<pid_t, std::string> Children() {
  const auto content = [](const std::filesystem::path& path) {
    // Empty once the process has ended, also in the middle of this.
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  };
  std::map<pid_t, std::string> children;
  const std::string parent = fmt::format("\nPPid:\t{}\n", getpid());
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    if (content(entry.path() / "status").find(parent) == std::string::npos) continue;
    children[std::stoi(entry.path().filename())] = content(entry.path() / "cmdline");
  }
  return children;
}

// An endpoint whose replica goes to sleep after each request.
class SleepingReplicasTest : public GatewayReplicasTest {
 protected:
  void DeploySleepy(const std::string& endpoint, const RevisionSpec& spec) {
    const EndpointName name(endpoint);
    gateway().Deploy(name, endpoint, spec, "ada");
    gateway().Configure(name, Json::Of({{"replicas_min", 0}, {"replicas_max", 1}, {"quiet_ms", 0}}),
                        "ada");
    gateway().WaitReady(name, kReadyMs);
  }
  // The process that rests when all replicas are gone, 0 when it takes too long.
  pid_t Resting() {
    const int64_t deadline_us = MonotonicUs() + kReadyMs * 1000;
    while (MonotonicUs() < deadline_us) {
      const bool is_asleep = gateway().Get(kName).revisions[0].replicas.empty();
      const auto children = Children();
      if (is_asleep && children.size() == 1) return children.begin()->first;
    }
    ADD_FAILURE() << "no process rests";
    return 0;
  }
  // The processes there are when no endpoint has a replica and each of them, `least` or more, waits
  // for an order.
  std::set<pid_t> AllResting(size_t least) {
    const int64_t deadline_us = MonotonicUs() + kReadyMs * 1000;
    while (MonotonicUs() < deadline_us) {
      const auto endpoints = gateway().List();
      const bool are_asleep =
          std::all_of(endpoints.begin(), endpoints.end(),
                      [](const auto& endpoint) { return endpoint.revisions[0].replicas.empty(); });
      const auto children = Children();
      const bool all_wait = static_cast<size_t>(fixture.WarmSpares()) == children.size();
      if (!are_asleep || !all_wait || children.size() < least) continue;
      std::set<pid_t> pids;
      for (const auto& [pid, words] : children) pids.insert(pid);
      return pids;
    }
    ADD_FAILURE() << least << " processes do not rest";
    return {};
  }
  // The processes of these endpoints' replicas.
  std::set<pid_t> PidsOf(const std::vector<std::string>& endpoints) {
    std::set<pid_t> pids;
    for (const auto& endpoint : endpoints) {
      for (const pid_t pid : fixture.Pids(endpoint)) pids.insert(pid);
    }
    return pids;
  }
  static bool AreAmong(const std::set<pid_t>& pids, const std::set<pid_t>& others) {
    return std::includes(others.begin(), others.end(), pids.begin(), pids.end());
  }
  // So that what wakes now stays awake.
  void StayAwake(const std::vector<std::string>& endpoints) {
    for (const auto& endpoint : endpoints) {
      gateway().Configure(EndpointName(endpoint), Json::Of({{"quiet_ms", kReadyMs}}), "ada");
    }
  }
  bool MetricsSay(const std::string& line) {
    return gateway().MetricsText().find("\n" + line + "\n") != std::string::npos;
  }
  std::vector<int64_t> StartedPids() {
    std::vector<int64_t> pids;
    for (const auto& event : fixture.events.After(0, 1000)) {
      if (event.kind == "replica.started") pids.push_back(event.payload.GetInt("pid"));
    }
    return pids;
  }
  void WakeUp() {
    const auto answer = fixture.Ask("cancer", NewHexId());
    ASSERT_TRUE(answer) << answer.error().message();
  }
};

TEST_F(SleepingReplicasTest, AReplicaThatFellAsleepIsTheOneThatWakes) {
  DeploySleepy("cancer", Cancer("1"));
  const int64_t deadline_us = MonotonicUs() + kReadyMs * 1000;
  const auto most_starts = [&] {
    std::map<int64_t, int> starts;
    int most = 0;
    for (const int64_t pid : StartedPids()) most = std::max(most, ++starts[pid]);
    return most;
  };
  // Where a replica runs for long enough a new spare process is warm before it sleeps, and is the
  // next one.
  while (most_starts() < 2) {
    ASSERT_LT(MonotonicUs(), deadline_us);
    WaitUntil([](const auto& status) { return status.revisions[0].replicas.empty(); });
    WakeUp();
  }
}

TEST_F(SleepingReplicasTest, AProcessThatRestedServesWhatItIsToldAndNothingElse) {
  const RevisionSpec wine{"7", ModelPath("wine_rf"), 1};
  DeploySleepy("cancer", Cancer("1"));
  DeploySleepy("wine", wine);
  const auto wine_rows = [] {
    return std::vector{inference::Tensor::OfFloats("X", {1, 13}, std::vector<float>(13))};
  };
  for (int i = 0; i < 3; ++i) {
    const auto wine_answer = fixture.Ask("wine", NewHexId(), wine_rows());
    ASSERT_TRUE(wine_answer) << wine_answer.error().message();
    EXPECT_EQ(wine_answer->model_version, "7");
    EXPECT_EQ(wine_answer->outputs.back().shape, (std::vector<int64_t>{1, 3}));
    const auto answer = fixture.Ask("cancer", NewHexId());
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->model_version, "1");
    EXPECT_EQ(answer->outputs.back().shape, (std::vector<int64_t>{1, 2}));
  }
  // A version that came while all slept.
  WaitUntil([](const auto& status) { return status.revisions[0].replicas.empty(); });
  gateway().Deploy(kName, "cancer", Cancer("2"), "ada");
  gateway().WaitReady(kName, kReadyMs);
  for (int i = 0; i < 3; ++i) {
    WaitUntil([](const auto& status) {
      return std::all_of(status.revisions.begin(), status.revisions.end(),
                         [](const auto& revision) { return revision.replicas.empty(); });
    });
    const auto answer = fixture.Ask("cancer", NewHexId());
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->model_version, "2");
  }
}

TEST_F(SleepingReplicasTest, ARestingProcessThatIsKilledOrHangsCostsNoRequest) {
  DeploySleepy("cancer", Cancer("1"));
  WakeUp();
  const pid_t killed = Resting();
  ASSERT_GT(killed, 0);
  kill(killed, SIGKILL);
  WakeUp();
  const pid_t hung = Resting();
  ASSERT_GT(hung, 0);
  Stop(hung);
  WakeUp();
  // At once where it had said that it waits, else when it has not for long.
  const int64_t deadline_us = MonotonicUs() + kReadyMs * 1000;
  while (Children().contains(hung)) ASSERT_LT(MonotonicUs(), deadline_us);
}

TEST_F(SleepingReplicasTest, EndpointsThatWakeAtOnceAllFindAProcess) {
  fixture.spare_timeout_ms = kReadyMs;
  fixture.Start();
  const std::vector<std::string> names{"one", "two", "three"};
  for (const auto& name : names) DeploySleepy(name, Cancer("1"));
  const auto resting = AllResting(names.size());
  StayAwake(names);
  const auto new_starts = [&] {
    const std::string text = gateway().MetricsText();
    const std::string name = "millwright_replica_starts_total{process=\"new\"} ";
    return std::stoi(text.substr(text.find(name) + name.size()));
  };
  const int before = new_starts();
  {
    std::vector<std::jthread> callers;
    for (const auto& name : names) {
      callers.emplace_back([&, name] { EXPECT_TRUE(fixture.Ask(name, NewHexId())); });
    }
  }
  const auto pids = PidsOf(names);
  EXPECT_EQ(pids.size(), names.size());
  EXPECT_TRUE(AreAmong(pids, resting));
  EXPECT_EQ(new_starts(), before);
}

TEST_F(SleepingReplicasTest, AnEndpointThatHadTwoReplicasFindsTwoProcesses) {
  fixture.spare_timeout_ms = kReadyMs;
  fixture.Start();
  gateway().Deploy(kName, "breast-cancer", Cancer("1", 2), "ada");
  gateway().WaitReady(kName, kReadyMs);
  gateway().Configure(
      kName,
      Json::Of(
          {{"replicas_min", 0}, {"replicas_max", 2}, {"replica_concurrency", 1}, {"quiet_ms", 0}}),
      "ada");
  const auto resting = AllResting(2);
  StayAwake({"cancer"});
  Load load(fixture, "cancer", 4);
  WaitUntil([](const auto& status) { return ReadyOf(status) == 2; });
  load.Stop();
  EXPECT_EQ(load.failures(), std::set<std::string>{});
  const auto pids = PidsOf({"cancer"});
  EXPECT_EQ(pids.size(), 2u);
  EXPECT_TRUE(AreAmong(pids, resting));
}

TEST_F(SleepingReplicasTest, SeveralThatAreKilledOrHangCostNoRequest) {
  const std::vector<std::string> names{"one", "two", "three", "four"};
  for (const auto& name : names) DeploySleepy(name, Cancer("1"));
  const auto resting = AllResting(names.size());
  ASSERT_GE(resting.size(), names.size());
  auto pid = resting.begin();
  kill(*pid++, SIGKILL);
  kill(*pid++, SIGKILL);
  Stop(*pid++);
  std::vector<std::jthread> callers;
  for (const auto& name : names) {
    callers.emplace_back([&, name] {
      const auto answer = fixture.Ask(name, NewHexId());
      EXPECT_TRUE(answer) << answer.error().message();
    });
  }
}

TEST_F(SleepingReplicasTest, NoMoreRestThanAreAllowedAndNoneOfAnEndpointThatWent) {
  fixture.spares_max = 2;
  fixture.Start();
  const std::vector<std::string> names{"one", "two", "three"};
  for (const auto& name : names) DeploySleepy(name, Cancer("1"));
  for (const auto& name : names) EXPECT_TRUE(fixture.Ask(name, NewHexId()));
  EXPECT_EQ(AllResting(2).size(), 2u);
  const int64_t told_by_us = MonotonicUs() + kReadyMs * 1000;
  while (!MetricsSay("millwright_spare_replicas 2")) ASSERT_LT(MonotonicUs(), told_by_us);
  for (const auto& name : names) gateway().Delete(EndpointName(name), "ada");
  const int64_t deadline_us = MonotonicUs() + kReadyMs * 1000;
  while (!Children().empty()) ASSERT_LT(MonotonicUs(), deadline_us);
}

TEST_F(SleepingReplicasTest, WithoutSpareProcessesEveryWakeBeginsOne) {
  fixture.spares_max = 0;
  fixture.Start();
  DeploySleepy("cancer", Cancer("1"));
  AllResting(0);
  WakeUp();
  EXPECT_TRUE(MetricsSay("millwright_replica_starts_total{process=\"spare\"} 0"));
}

TEST_F(SleepingReplicasTest, EndpointsOfAServerThatStartsAgainFindProcessesToo) {
  const std::vector<std::string> names{"one", "two"};
  for (const auto& name : names) DeploySleepy(name, Cancer("1"));
  const auto before = AllResting(2);
  fixture.spare_timeout_ms = kReadyMs;
  fixture.Start();
  const auto resting = AllResting(2);
  for (const pid_t pid : before) EXPECT_FALSE(resting.contains(pid));
  StayAwake(names);
  for (const auto& name : names) EXPECT_TRUE(fixture.Ask(name, NewHexId()));
  const auto pids = PidsOf(names);
  EXPECT_EQ(pids.size(), names.size());
  EXPECT_TRUE(AreAmong(pids, resting));
}

TEST_F(SleepingReplicasTest, WakingWaitsForNoDatabase) {
  DeploySleepy("cancer", Cancer("1"));
  std::promise<void> is_held;
  std::promise<void> let_go;
  std::jthread holder([&] {
    database.db().Write([&](storage::Connection&) {
      is_held.set_value();
      let_go.get_future().wait();
    });
  });
  is_held.get_future().wait();
  for (int i = 0; i < 3; ++i) {
    WaitUntil([](const auto& status) { return status.revisions[0].replicas.empty(); });
    WakeUp();
  }
  const auto started = StartedPids().size();
  let_go.set_value();
  const int64_t deadline_us = MonotonicUs() + kReadyMs * 1000;
  while (StartedPids().size() < started + 3) ASSERT_LT(MonotonicUs(), deadline_us);
}

TEST_F(SleepingReplicasTest, AProcessThatKeepsTooMuchMemoryDoesNotRest) {
  setenv("MILLWRIGHT_TEST_REST_BYTES_MAX", "1", 1);
  DeploySleepy("cancer", Cancer("1"));
  const int64_t deadline_us = MonotonicUs() + kReadyMs * 1000;
  while (!Children().empty()) ASSERT_LT(MonotonicUs(), deadline_us);
  unsetenv("MILLWRIGHT_TEST_REST_BYTES_MAX");
  WakeUp();
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // whose malloc is another one
TEST_F(SleepingReplicasTest, AProcessThatRestsKeepsTheMemoryThatAModelTakes) {
  const auto own_pages = [&] {
    const auto resting = AllResting(1);
    int64_t total = 0;
    int64_t resident = 0;
    int64_t of_files = 0;
    std::ifstream(fmt::format("/proc/{}/statm", *resting.begin())) >> total >> resident >> of_files;
    return resident - of_files;
  };
  DeploySleepy("cancer", {"1", ModelPath("flights_late_xgb"), 1});
  const int64_t kept = own_pages();
  setenv("MILLWRIGHT_TEST_REST_BYTES_KEPT", "0", 1);
  fixture.Start();
  EXPECT_LT(own_pages(), kept - 1024);  // of the 2,700 that loading it takes
  unsetenv("MILLWRIGHT_TEST_REST_BYTES_KEPT");
}
#endif

TEST_F(SleepingReplicasTest, AModelThatBrokeWhileItSleptIsSaidToBeBroken) {
  const TempDir dir;
  const auto path = dir.path() / "model.onnx";
  std::filesystem::copy_file(ModelPath("breast_cancer_lr"), path);
  DeploySleepy("cancer", {"1", path.string(), 1});
  Resting();
  std::ofstream(path) << "this is no model";
  const auto answer = fixture.Ask("cancer", NewHexId());
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message().find("model.onnx"), std::string::npos)
      << answer.error().message();
}

TEST_F(GatewayReplicasTest, AReplicaIsMadeOfTheWarmProcessAndSaysWhyItCannotStart) {
  fixture.spare_timeout_ms = kReadyMs;
  fixture.Start();
  Deploy(1, Json::Of({{"replicas_max", 2}, {"replica_concurrency", 1}, {"quiet_ms", 60'000}}));
  const auto is_spare = [](const std::string& words) {
    return words.find("serve-spare") != std::string::npos;
  };
  const int64_t deadline_us = MonotonicUs() + kReadyMs * 1000;
  while (fixture.WarmSpares() == 0) ASSERT_LT(MonotonicUs(), deadline_us);
  {
    Load load(fixture, "cancer", 4);
    WaitUntil([](const auto& status) { return ReadyOf(status) == 2; });
    load.Stop();
  }
  std::vector<std::string> replicas;
  for (const pid_t pid : fixture.Pids("cancer")) {
    std::ifstream file(fmt::format("/proc/{}/cmdline", pid));
    replicas.emplace_back((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  }
  EXPECT_EQ(std::count_if(replicas.begin(), replicas.end(), is_spare), 1);
  gateway().Deploy(kName, "breast-cancer", {"2", "/nonexistent/model.onnx"}, "ada");
  try {
    gateway().WaitReady(kName, kReadyMs);
    FAIL() << "a model that is not there was promoted";
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("/nonexistent/model.onnx"), std::string::npos)
        << error.message();
  }
}

}  // namespace
}  // namespace millwright::serving

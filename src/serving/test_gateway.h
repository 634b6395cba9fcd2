#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/id.h"
#include "base/process.h"
#include "serving/gateway.h"
#include "storage/test_database.h"

// What the tests of the gateway share: a gateway whose replicas are this test program, and load.
namespace millwright::serving::testing {

inline constexpr int64_t kReadyMs = 60'000;

inline std::string ModelPath(const std::string& name) {
  return std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/models/" + name + "/model.onnx";
}

inline std::vector<inference::Tensor> CancerRow(float value = 0) {
  return {inference::Tensor::OfFloats("X", {1, 30}, std::vector<float>(30, value))};
}

inline const EndpointName kName("cancer");

inline RevisionSpec Cancer(const std::string& version, int replicas = 1) {
  return {version, ModelPath("breast_cancer_lr"), replicas};
}

// What begins a spare process that is not warm before LetGo.
inline std::vector<std::string> SpareHeldBy(const std::filesystem::path& fifo) {
  mkfifo(fifo.c_str(), 0600);
  return {"/bin/sh", "-c", "read _ < " + fifo.string() + "; exec \"$0\" \"$@\"", ThisProgram(),
          "serve-spare"};
}
// Waits until it is held.
inline void LetGo(const std::filesystem::path& fifo) {
  std::ofstream{fifo};
}

// Keeps what was logged.
class CollectingSink : public PredictionSink {
 public:
  void Take(LoggedPrediction prediction) override {
    std::lock_guard lock(mutex_);
    taken_.push_back(std::move(prediction));
    arrived_.notify_all();
  }
  std::vector<LoggedPrediction> WaitFor(size_t count) {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, std::chrono::milliseconds(kReadyMs),
                      [&] { return taken_.size() >= count; });
    return taken_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<LoggedPrediction> taken_;
};

// A database, an event log and a gateway that can be stopped and started again.
class GatewayFixture {
 public:
  explicit GatewayFixture(storage::Database& database)
      : database_(database), events(database, clock) {
    Start();
  }

  void Start() {
    GatewayOptions options;
    options.supervisor.replica_command = {ThisProgram(), "serve"};
    options.supervisor.spare_command = {ThisProgram(), "serve-spare"};
    options.supervisor.socket_dir = dir_.path() / "run";
    options.supervisor.log_dir = dir_.path() / "logs";
    options.supervisor.back_off_min_ms = 10;
    options.supervisor.lease_ms = lease_ms;
    options.supervisor.heartbeat_ms = 50;
    options.supervisor.spare_timeout_ms = spare_timeout_ms;
    options.supervisor.spares_max = spares_max;
    options.hold_ms = hold_ms;
    options.held_max = held_max;
    gateway.reset();
    gateway = std::make_unique<Gateway>(database_, events, clock, &sink, options);
  }

  Result<InferAnswer> Ask(const std::string& endpoint, const std::string& id,
                          std::vector<inference::Tensor> inputs = CancerRow()) {
    Result<InferAnswer> result;
    gateway->Infer({.model = endpoint, .id = id, .inputs = std::move(inputs)},
                   [&](const Result<InferAnswer>& answer) { result = answer; });
    return result;
  }

  std::vector<std::string> EventKinds() const {
    std::vector<std::string> kinds;
    for (const auto& event : events.After(0, 1000)) kinds.push_back(event.kind);
    return kinds;
  }

  std::vector<pid_t> Pids(const std::string& endpoint) const {
    std::vector<pid_t> pids;
    for (const auto& revision : gateway->Get(EndpointName(endpoint)).revisions) {
      for (const auto& replica : revision.replicas) {
        if (replica.facts.state == ReplicaState::kReady) pids.push_back(replica.facts.pid);
      }
    }
    return pids;
  }

  // How many spare processes wait for an order.
  int64_t WarmSpares() const {
    const std::filesystem::directory_iterator sockets(dir_.path() / "run");
    return std::count_if(begin(sockets), end(sockets),
                         [](const auto& socket) { return socket.path().extension() == ".spare"; });
  }

  int64_t hold_ms = kReadyMs;
  int64_t lease_ms = 10'000;
  int64_t spare_timeout_ms = 100;
  int spares_max = kSparesMax;
  int held_max = 512;

 private:
  storage::Database& database_;
  TempDir dir_;

 public:
  SystemClock clock;
  events::EventLog events;
  CollectingSink sink;
  std::unique_ptr<Gateway> gateway;
};

// Threads that ask one endpoint without a pause until this goes away, and what came of it.
class Load {
 public:
  Load(GatewayFixture& fixture, std::string endpoint, int threads) {
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this, &fixture, endpoint](const std::stop_token& stop) {
        while (!stop.stop_requested()) Count(fixture.Ask(endpoint, NewHexId()));
      });
    }
  }
  ~Load() { Stop(); }

  void Stop() {
    for (auto& thread : threads_) thread.request_stop();
    threads_.clear();
  }
  // Waits until `more` further requests were answered.
  void WaitFor(int64_t more) {
    std::unique_lock lock(mutex_);
    const int64_t wanted = answered_ + more;
    EXPECT_TRUE(progress_.wait_for(lock, std::chrono::milliseconds(kReadyMs),
                                   [&] { return answered_ >= wanted; }));
  }
  int64_t answered() const {
    std::lock_guard lock(mutex_);
    return answered_;
  }
  // The distinct messages of failed requests.
  std::set<std::string> failures() const {
    std::lock_guard lock(mutex_);
    return failures_;
  }
  std::set<std::string> versions() const {
    std::lock_guard lock(mutex_);
    return versions_;
  }

 private:
  void Count(const Result<InferAnswer>& result) {
    std::lock_guard lock(mutex_);
    ++answered_;
    if (result) {
      versions_.insert(result->model_version);
    } else {
      failures_.insert(result.error().message());
    }
    progress_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable progress_;
  int64_t answered_ = 0;
  std::set<std::string> failures_;
  std::set<std::string> versions_;
  std::vector<std::jthread> threads_;
};

// An endpoint whose replicas come and go.
class GatewayReplicasTest : public ::testing::Test {
 protected:
  void Deploy(int replicas, const Json& settings) {
    gateway().Deploy(kName, "breast-cancer", Cancer("1", replicas), "ada");
    gateway().Configure(kName, settings, "ada");
    gateway().WaitReady(kName, kReadyMs);
  }
  // Waits for a state of the endpoint: there is an event or a request behind each.
  void WaitUntil(const std::function<bool(const EndpointStatus&)>& holds) {
    const int64_t deadline_us = MonotonicUs() + kReadyMs * 1000;
    while (!holds(gateway().Get(kName))) {
      ASSERT_LT(MonotonicUs(), deadline_us);
      std::this_thread::yield();
    }
  }
  // A stop reaches the threads of a process one after another.
  void Stop(pid_t pid) {
    kill(pid, SIGSTOP);
    siginfo_t stopped{};
    ASSERT_EQ(waitid(P_PID, static_cast<id_t>(pid), &stopped, WSTOPPED | WNOWAIT), 0);
  }
  Gateway& gateway() { return *fixture.gateway; }
  static size_t ReadyOf(const EndpointStatus& status) {
    size_t ready = 0;
    for (const auto& replica : status.revisions[0].replicas) {
      ready += replica.facts.state == ReplicaState::kReady;
    }
    return ready;
  }

  storage::TestDatabase database{storage::Dialect::kSqlite};
  GatewayFixture fixture{database.db()};
};

}  // namespace millwright::serving::testing

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "serving/endpoint.h"
#include "serving/predictor.h"
#include "serving/replica_client.h"
#include "serving/replica_health.h"

namespace millwright::serving {

// Which model a replica serves and under what name.
struct ReplicaSpec {
  std::string id;        // "flights-late-r3-0"
  std::string endpoint;  // the name by which it knows its model
  std::string revision;
  std::string model_version;
  std::string model_path;
};

// One place of a revision: a process that is started again, with a new socket, whenever it dies.
// The supervisor alone starts and ends it; the data path only calls it. Thread-safe.
class Replica {
 public:
  explicit Replica(ReplicaSpec spec) : spec_(std::move(spec)) {}

  const ReplicaSpec& spec() const { return spec_; }
  ReplicaState state() const { return state_.load(); }
  int outstanding() const { return outstanding_.load(); }

  // Counts a request in, if the replica takes one now. A replica that starts to drain after that
  // waits for it.
  bool TryEnter();
  void Leave() { outstanding_.fetch_sub(1); }
  // Called by the data path when a connection broke: no more requests until the supervisor has
  // looked. Does nothing unless the state was ready.
  void Suspect();
  // Calls the process. Only between TryEnter and Leave.
  std::shared_ptr<ReplicaClient> client() const;
  void Count(bool is_error);
  // Whether it answers well; the data path takes notice and chooses by it.
  ReplicaHealth health;

  struct Facts {
    ReplicaState state = ReplicaState::kStarting;
    int pid = 0;  // 0 while no process runs
    int64_t started_ms = 0;
    int64_t requests = 0;
    int64_t errors = 0;
    int outstanding = 0;           // requests at work
    int64_t median_us = 0;         // of the latest requests, 0 while there are few
    int64_t ejections = 0;         // since this server started
    int64_t ejected_until_us = 0;  // of MonotonicUs; it gets no requests before
    int failed_starts = 0;         // in a row
    std::string reason;            // of the last death or failed start
    ModelInfoPtr info;             // as of the last time it was ready
  };
  Facts facts() const;

 private:
  friend class Supervisor;
  void SetState(ReplicaState state) { state_.store(state); }

  const ReplicaSpec spec_;
  std::atomic<ReplicaState> state_ = ReplicaState::kStarting;
  std::atomic<int> outstanding_ = 0;
  std::atomic<int64_t> requests_ = 0;
  std::atomic<int64_t> errors_ = 0;
  mutable std::mutex mutex_;
  std::shared_ptr<ReplicaClient> client_;
  Facts facts_;
};

}  // namespace millwright::serving

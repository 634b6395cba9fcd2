#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/process.h"

namespace millwright::analytics {

// How long a session waits for its turn where as many run as may.
inline constexpr int64_t kTurnMsMax = 10'000;
// A process that was started ahead is kept so long after the last question.
inline constexpr int64_t kSpareKeptMs = 60'000;

struct SessionHostOptions {
  // The program and its arguments; it calls RunSessionWorker (analytics/session_worker.h).
  std::vector<std::string> command;
  // What a session may take, whatever SessionOptions says, with what is not DuckDB's own count of
  // it, such as one huge value.
  uint64_t memory_bytes_max = 2ULL << 30;
  // For questions whose callers have no limit of their own.
  int64_t time_limit_ms = 60'000;
  size_t sessions_max = 3;  // at once
};

// Starts the child processes that sessions with SQL from outside live in, one each, and one ahead
// while there are questions: starting takes longer than most answers. All are started by one thread
// that lives as long as this, because a child dies with its thread. Thread-safe. Sessions must end
// before it.
class SessionHost {
 public:
  // A process with the socket to it; killed when this goes away.
  class Place {
   public:
    ~Place();
    Place(const Place&) = delete;
    int socket() const { return socket_; }
    ChildProcess& process() { return process_; }

   private:
    friend class SessionHost;
    Place(SessionHost& host, ChildProcess process, int socket);

    SessionHost& host_;
    ChildProcess process_;
    int socket_;
    bool is_taken_ = false;  // and counted
  };

  explicit SessionHost(SessionHostOptions options);
  ~SessionHost();

  const SessionHostOptions& options() const { return options_; }
  // Throws kUnavailable when as many sessions run as may and none ends within kTurnMsMax, kAborted
  // when `is_wanted` says no meanwhile, and what keeps a process from starting.
  std::unique_ptr<Place> Take(const std::function<bool()>& is_wanted = {});

 private:
  std::unique_ptr<Place> Start();
  void Run(std::stop_token stop);

  const SessionHostOptions options_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_:
  std::unique_ptr<Place> spare_;
  size_t taken_ = 0;
  int64_t asked_us_ = 0;                // when somebody wanted a process last; 0: not lately
  std::optional<std::string> failure_;  // of the last start
  std::jthread starter_;
};

}  // namespace millwright::analytics

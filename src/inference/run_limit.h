#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace millwright::inference {

class RunLimit;

// Looks after limits of time. Its thread begins with the first limit. Thread-safe; outlives the
// limits that were given to it.
class RunWatch {
 public:
  RunWatch() = default;
  ~RunWatch();
  RunWatch(const RunWatch&) = delete;
  RunWatch& operator=(const RunWatch&) = delete;

  // Passes all limits, those that come later included: nothing runs on.
  void EndAll();

 private:
  friend class RunLimit;
  using Limits = std::multimap<int64_t, RunLimit*>;

  void Add(RunLimit* limit);
  void Remove(RunLimit* limit);
  void Watch();
  // With the lock held, which keeps the limit and what it stops alive meanwhile.
  static void Pass(RunLimit* limit);

  std::mutex mutex_;
  std::condition_variable changed_;
  Limits limits_;  // by when they pass
  bool is_ending_ = false;
  bool is_over_ = false;
  int64_t wakes_us_ = INT64_MAX;  // when the thread looks again by itself
  std::thread thread_;
};

// How long runs may take, and what the caller would turn to have it otherwise.
struct RunTime {
  int64_t until_us = 0;     // by MonotonicUs
  int64_t ms = 0;           // how long that is from its beginning, as it was set
  std::string_view set_by;  // an option's name, a header's; lives for ever
};

// While one lives, the runs of this thread's models end when a time has come: an engine that can be
// stopped (ONNX Runtime looks between two nodes, within loops too) throws kDeadlineExceeded. At
// most one to a thread.
class RunLimit {
 public:
  RunLimit(RunWatch& watch, const RunTime& time);
  ~RunLimit();
  RunLimit(const RunLimit&) = delete;
  RunLimit& operator=(const RunLimit&) = delete;

  // That of the calling thread, or nullptr.
  static RunLimit* OfThisThread();

  bool has_passed() const;
  // Says why a run was stopped: the limit and what sets it.
  std::string Reason() const;
  // What ends the run under way: called once when the limit passes, at once when it has, by another
  // thread or this one; it only leaves word. Nothing calls it any more after the next SetStop.
  void SetStop(std::function<void()> stop);

 private:
  friend class RunWatch;

  RunWatch& watch_;
  const RunTime time_;
  bool has_passed_ = false;  // guarded by the watch's lock, as is the rest
  std::function<void()> stop_;
  RunWatch::Limits::iterator place_;
};

}  // namespace millwright::inference

#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace millwright::http {

// Threads that are started when work comes and kept for the next, up to a limit: for work that may
// last for hours (event streams) or never come at all. Thread-safe.
class StreamThreads {
 public:
  // Beyond `threads_max` at work, up to `queue_max` tasks wait.
  StreamThreads(std::string name, int threads_max, size_t queue_max);
  // Runs what waits and joins.
  ~StreamThreads();

  // Returns false when all threads are at work and the queue is full.
  [[nodiscard]] bool Submit(std::function<void()> task);
  int busy() const;

 private:
  void Work();

  const std::string name_;
  const size_t threads_max_;
  const size_t queue_max_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> tasks_;
  size_t idle_ = 0;
  bool closed_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace millwright::http

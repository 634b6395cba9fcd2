#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"

namespace millwright {

// A named pool of worker threads behind a bounded queue: where blocking work runs. It begins with
// one thread; as long as there are fewer than threads_max, one that takes a task while no other
// waits begins the next first. A task that throws is a programmer's error and ends the program;
// edges catch before that.
class Lane {
 public:
  Lane(std::string name, int threads_max, size_t queue_max);
  // Stops accepting, runs what is queued and joins.
  ~Lane();

  // Returns false when the queue is full: refuse the work at once with kResourceExhausted.
  [[nodiscard]] bool Submit(std::function<void()> task);

  const std::string& name() const { return name_; }
  size_t queued() const { return queue_.size(); }
  int busy() const { return busy_.load(); }
  int thread_count() const { return thread_count_.load(); }

 private:
  void Work();
  // Unless one waits for a task or there are as many as there may be.
  void AddThread();

  const std::string name_;
  const int threads_max_;
  BoundedQueue<std::function<void()>> queue_;
  std::atomic<int> busy_ = 0;
  std::atomic<int> thread_count_ = 0;
  std::mutex threads_mutex_;
  bool ends_ = false;  // no thread begins any more
  std::vector<std::jthread> threads_;
};

// Waits until a stop is asked for, at most so long. Returns whether it was.
bool WaitForStop(const std::stop_token& stop, int64_t timeout_ms);

// Names the calling thread in debuggers and `top`; 15 characters at most are kept.
void NameThisThread(const std::string& name);

}  // namespace millwright

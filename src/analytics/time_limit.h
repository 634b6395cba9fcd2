#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace millwright::analytics {

// Calls `interrupt` once if this still lives after `limit_ms`; never when the limit is 0.
class TimeLimit {
 public:
  TimeLimit(int64_t limit_ms, std::function<void()> interrupt);
  ~TimeLimit();

  bool passed() const { return passed_.load(); }

 private:
  std::atomic<bool> passed_ = false;
  std::mutex mutex_;
  std::condition_variable_any done_;
  std::jthread watch_;
};

}  // namespace millwright::analytics

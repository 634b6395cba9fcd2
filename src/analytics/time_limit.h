#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace millwright::analytics {

// Calls `interrupt` once if this still lives after `limit_ms`, without the time that was spent
// outside; never when the limit is 0.
class TimeLimit {
 public:
  TimeLimit(int64_t limit_ms, std::function<void()> interrupt);
  ~TimeLimit();

  bool passed() const { return passed_.load(); }

  // Stops the clock for as long as it lives: of what is not the limited work's own, such as a
  // caller that takes its time. One at a time.
  class Outside {
   public:
    explicit Outside(TimeLimit& limit);
    ~Outside();
    Outside(const Outside&) = delete;

   private:
    TimeLimit& limit_;
    const std::chrono::steady_clock::time_point since_;
  };

 private:
  void Watch(std::stop_token stop, const std::function<void()>& interrupt);

  std::atomic<bool> passed_ = false;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool is_outside_ = false;  // guarded by mutex_, as the next
  std::chrono::steady_clock::time_point deadline_;
  std::jthread watch_;
};

}  // namespace millwright::analytics

#include "analytics/time_limit.h"

#include <chrono>

namespace millwright::analytics {

TimeLimit::TimeLimit(int64_t limit_ms, std::function<void()> interrupt) {
  if (limit_ms <= 0) return;
  watch_ = std::jthread([this, limit_ms, interrupt = std::move(interrupt)](std::stop_token stop) {
    std::unique_lock lock(mutex_);
    done_.wait_for(lock, stop, std::chrono::milliseconds(limit_ms), [] { return false; });
    if (stop.stop_requested()) return;
    passed_ = true;
    interrupt();
  });
}

TimeLimit::~TimeLimit() = default;

}  // namespace millwright::analytics

#include "analytics/time_limit.h"

namespace millwright::analytics {

using std::chrono::steady_clock;

TimeLimit::TimeLimit(int64_t limit_ms, std::function<void()> interrupt)
    : deadline_(steady_clock::now() + std::chrono::milliseconds(limit_ms)) {
  if (limit_ms <= 0) return;
  watch_ = std::jthread(
      [this, interrupt = std::move(interrupt)](std::stop_token stop) { Watch(stop, interrupt); });
}

TimeLimit::~TimeLimit() = default;

void TimeLimit::Watch(std::stop_token stop, const std::function<void()>& interrupt) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (is_outside_) {
      changed_.wait(lock, stop, [this] { return !is_outside_; });
    } else if (steady_clock::now() < deadline_) {
      // A copy: the wait looks at it without the lock, and who comes back moves it.
      const auto until = deadline_;
      changed_.wait_until(lock, stop, until, [this] { return is_outside_; });
    } else {
      passed_ = true;
      interrupt();
      return;
    }
  }
}

TimeLimit::Outside::Outside(TimeLimit& limit) : limit_(limit), since_(steady_clock::now()) {
  std::lock_guard lock(limit_.mutex_);
  limit_.is_outside_ = true;
}

TimeLimit::Outside::~Outside() {
  std::lock_guard lock(limit_.mutex_);
  limit_.is_outside_ = false;
  limit_.deadline_ += steady_clock::now() - since_;
  limit_.changed_.notify_all();
}

}  // namespace millwright::analytics

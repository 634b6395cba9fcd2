#include "base/lane.h"

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>

namespace millwright {

Lane::Lane(std::string name, int threads_max, size_t queue_max)
    : name_(std::move(name)), threads_max_(threads_max), queue_(queue_max) {
  threads_.reserve(static_cast<size_t>(threads_max));
  threads_.emplace_back([this] { Work(); });
  thread_count_ = 1;
}

Lane::~Lane() {
  {
    std::lock_guard lock(threads_mutex_);
    ends_ = true;
  }
  queue_.Close();
  threads_.clear();
}

bool Lane::Submit(std::function<void()> task) {
  return queue_.TryPush(std::move(task));
}

// By a thread of the lane: what it inherits, as its place among the others on a processor, is the
// lane's and not that of who brings a task.
void Lane::AddThread() {
  std::lock_guard lock(threads_mutex_);
  const int count = thread_count_.load();
  if (ends_ || count >= threads_max_ || busy_.load() < count) return;
  try {
    threads_.emplace_back([this] { Work(); });
    ++thread_count_;
  } catch (const std::system_error&) {
    // The system has no more threads now: those that there are do the work.
  }
}

void Lane::Work() {
  NameThisThread(name_);
  while (auto task = queue_.Pop()) {
    if (++busy_ >= thread_count_.load()) AddThread();
    (*task)();
    --busy_;
  }
}

bool WaitForStop(const std::stop_token& stop, int64_t timeout_ms) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, std::chrono::milliseconds(timeout_ms), [] { return false; });
  return stop.stop_requested();
}

void NameThisThread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace millwright

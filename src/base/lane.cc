#include "base/lane.h"

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace millwright {

Lane::Lane(std::string name, int threads, size_t queue_max)
    : name_(std::move(name)), queue_(queue_max) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

Lane::~Lane() {
  queue_.Close();
  threads_.clear();
}

bool Lane::Submit(std::function<void()> task) {
  return queue_.TryPush(std::move(task));
}

void Lane::Work() {
  NameThisThread(name_);
  while (auto task = queue_.Pop()) {
    ++busy_;
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

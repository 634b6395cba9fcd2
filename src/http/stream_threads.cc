#include "http/stream_threads.h"

#include "base/lane.h"

namespace millwright::http {

StreamThreads::StreamThreads(std::string name, int threads_max, size_t queue_max)
    : name_(std::move(name)),
      threads_max_(static_cast<size_t>(threads_max)),
      queue_max_(queue_max) {}

StreamThreads::~StreamThreads() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  ready_.notify_all();
  threads_.clear();
}

bool StreamThreads::Submit(std::function<void()> task) {
  std::lock_guard lock(mutex_);
  if (closed_) return false;
  if (tasks_.size() >= idle_) {  // every idle thread has its task already
    if (threads_.size() < threads_max_) {
      threads_.emplace_back([this] { Work(); });
      ++idle_;
    } else if (tasks_.size() >= idle_ + queue_max_) {
      return false;
    }
  }
  tasks_.push_back(std::move(task));
  ready_.notify_one();
  return true;
}

int StreamThreads::busy() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(threads_.size() - idle_);
}

void StreamThreads::Work() {
  NameThisThread(name_);
  std::unique_lock lock(mutex_);
  while (true) {
    ready_.wait(lock, [&] { return closed_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    --idle_;
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
    ++idle_;
  }
}

}  // namespace millwright::http

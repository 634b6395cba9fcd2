#include "storage/write_queue.h"

#include <algorithm>

#include "base/error.h"

namespace millwright::storage {

void WriteQueue::Push(QueuedWrite write) {
  {
    std::lock_guard lock(mutex_);
    writes_.push_back(std::move(write));
  }
  ready_.notify_one();
}

void WriteQueue::PushOrRefuse(QueuedWrite write) {
  {
    std::unique_lock lock(mutex_);
    if (writes_.size() >= writes_max_) {
      lock.unlock();
      write.done(std::make_exception_ptr(Unavailable("Too many writes are waiting")));
      return;
    }
    writes_.push_back(std::move(write));
  }
  ready_.notify_one();
}

bool WriteQueue::Take(size_t count_max, std::vector<QueuedWrite>* out) {
  std::unique_lock lock(mutex_);
  ready_.wait(lock, [&] { return closed_ || !writes_.empty(); });
  if (writes_.empty()) return false;
  MoveOut(count_max, out);
  return true;
}

void WriteQueue::TakeMore(size_t count_max, std::vector<QueuedWrite>* out) {
  std::lock_guard lock(mutex_);
  MoveOut(count_max, out);
}

void WriteQueue::Gather(size_t count, int64_t wait_us, size_t count_max,
                        std::vector<QueuedWrite>* out) {
  std::unique_lock lock(mutex_);
  ready_.wait_for(lock, std::chrono::microseconds(wait_us),
                  [&] { return closed_ || writes_.size() >= count; });
  MoveOut(count_max, out);
}

void WriteQueue::MoveOut(size_t count_max, std::vector<QueuedWrite>* out) {
  const auto end = writes_.begin() + static_cast<ptrdiff_t>(std::min(count_max, writes_.size()));
  out->insert(out->end(), std::move_iterator(writes_.begin()), std::move_iterator(end));
  writes_.erase(writes_.begin(), end);
}

void WriteQueue::Close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  ready_.notify_all();
}

}  // namespace millwright::storage

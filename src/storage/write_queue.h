#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "storage/database.h"

namespace millwright::storage {

// A work on its way to a back-end's writer thread and whom to tell.
struct QueuedWrite {
  std::function<void(Connection&)> work;
  WriteDone done;
};

// Hands works to the writer threads of a back-end in the order in which they came. Thread-safe.
class WriteQueue {
 public:
  explicit WriteQueue(size_t writes_max) : writes_max_(writes_max) {}

  // For a caller that waits: there are never more of these than threads, so none is refused.
  void Push(QueuedWrite write);
  // For a caller that does not wait. Calls `done` with kUnavailable when writes_max are inside.
  void PushOrRefuse(QueuedWrite write);

  // Waits for works and appends up to `count_max` of them to `out`; false once the queue is closed
  // and empty.
  bool Take(size_t count_max, std::vector<QueuedWrite>* out);
  // Appends what there is, up to `count_max`, without waiting.
  void TakeMore(size_t count_max, std::vector<QueuedWrite>* out);
  // Waits until there are `count` works, at most so long, and appends what there is.
  void Gather(size_t count, int64_t wait_us, size_t count_max, std::vector<QueuedWrite>* out);
  // Lets Take return false when it has handed out what is inside. Nothing is pushed any more.
  void Close();

 private:
  void MoveOut(size_t count_max, std::vector<QueuedWrite>* out);

  const size_t writes_max_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable ready_;
  std::deque<QueuedWrite> writes_;
  bool closed_ = false;
};

}  // namespace millwright::storage

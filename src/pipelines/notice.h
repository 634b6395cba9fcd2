#pragma once

#include <mutex>
#include <string>
#include <vector>

namespace millwright::pipelines {

// What the follower of the event log tells the scheduler's loop.
struct Notice {
  enum class Kind { kQueuedRuns, kCancel };
  Kind kind;
  std::string name;  // the pipeline whose queue changed, or the run to cancel
  std::string who;
};

// Notices on their way, with a descriptor that is readable while there are some. Thread-safe. The
// list is bounded: a repeated notice is kept once.
class NoticeBox {
 public:
  NoticeBox();
  ~NoticeBox();
  NoticeBox(const NoticeBox&) = delete;
  NoticeBox& operator=(const NoticeBox&) = delete;

  void Put(Notice notice);
  std::vector<Notice> TakeAll();
  // Makes the descriptor readable without a notice.
  void Wake();
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
  std::mutex mutex_;  // guards notices_
  std::vector<Notice> notices_;
};

}  // namespace millwright::pipelines

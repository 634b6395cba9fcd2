#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <vector>

#include "serving/replica_loop.h"

namespace millwright::serving {

// The loop of one request whose caller's thread waits for it.
class BlockingLoop final : public ReplicaLoop {
 public:
  BlockingLoop() = default;
  ~BlockingLoop() override;

  // Waits and calls back until `finished` is true.
  void RunUntil(const bool& finished);

  void Ask(const std::shared_ptr<ReplicaClient>& client, std::shared_ptr<const std::string> frame,
           Answered answered) override;
  TimerId After(int64_t delay_us, Task task) override;
  void Cancel(TimerId timer) override;
  Poster MakePoster() override;

 private:
  struct Question {
    std::shared_ptr<ReplicaClient> client;
    ReplicaClient::Call call;
    Answered answered;
    int64_t deadline_us = 0;
  };
  // What other threads post, and what wakes this one: it lives as long as a Poster does.
  class Mailbox;
  struct Timer {
    TimerId id = 0;
    int64_t due_us = 0;
    Task task;
  };

  int64_t NextUs() const;  // when the next of all deadlines is
  void Wait();
  void TakeAnswer(size_t index);
  bool RunDueTimer();
  bool ExpireQuestion();

  std::vector<Question> questions_;  // two at most: the second replica of a late request
  std::vector<Timer> timers_;
  TimerId timers_made_ = 0;
  std::shared_ptr<Mailbox> mailbox_;  // made when it is first asked for
};

}  // namespace millwright::serving

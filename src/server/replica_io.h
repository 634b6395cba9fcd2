#pragma once

#include "serving/replica_loop.h"

namespace millwright::server {

// The I/O threads of the HTTP server as loops of the gateway: a request goes to its replica and
// back on the thread that has its connection. One for all of them: what it has is the thread's.
class ReplicaIo final : public serving::ReplicaLoop {
 public:
  // Null on a thread that is no I/O thread.
  serving::ReplicaLoop* Here();

  void Ask(const std::shared_ptr<serving::ReplicaClient>& client,
           std::shared_ptr<const std::string> frame, Answered answered) override;
  TimerId After(int64_t delay_us, Task task) override;
  void Cancel(TimerId timer) override;
  Poster MakePoster() override;
};

}  // namespace millwright::server

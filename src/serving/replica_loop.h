#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "serving/frame.h"
#include "serving/replica_client.h"

namespace millwright::serving {

// What the requests of a gateway wait with: one thread that sends their questions to replicas and
// calls them back, one after another. An I/O thread is one, for many requests at a time
// (server/replica_io.h); a caller that has a thread to wait with makes a BlockingLoop. All calls
// but a Poster's are made on that thread. Callbacks do not throw.
class ReplicaLoop {
 public:
  enum class Outcome {
    kAnswered,
    kGone,      // the replica went away, or is not there
    kTimedOut,  // it is there, but too slow
    kRefused,   // too many questions wait for it
  };
  // `body` is the answer's and is valid within the call.
  using Answered = std::function<void(Outcome, FrameKind kind, std::string_view body)>;
  using Task = std::function<void()>;
  using Poster = std::function<void(Task)>;
  using TimerId = uint64_t;

  virtual ~ReplicaLoop() = default;

  // Sends an encoded request; `answered` is called once, perhaps within this. A loop that ends
  // before forgets it.
  virtual void Ask(const std::shared_ptr<ReplicaClient>& client,
                   std::shared_ptr<const std::string> frame, Answered answered) = 0;
  // Calls `task` once, as soon as `delay_us` have passed.
  virtual TimerId After(int64_t delay_us, Task task) = 0;
  // Does nothing when it has been called.
  virtual void Cancel(TimerId timer) = 0;
  // Takes tasks from any thread, at any time; those for a loop that has ended are dropped.
  virtual Poster MakePoster() = 0;
};

}  // namespace millwright::serving

#include "server/replica_io.h"

#include "base/check.h"
#include "http/message_client.h"

namespace millwright::server {
namespace {

using serving::FrameHead;
using serving::ReplicaLoop;

std::optional<uint64_t> BodyBytes(std::string_view head) {
  const auto read = serving::ReadHead(head);
  return read ? std::optional(read->body_bytes) : std::nullopt;
}

constexpr http::MessageFraming kFraming{sizeof(FrameHead), BodyBytes};

ReplicaLoop::Outcome OutcomeOf(http::MessageOutcome outcome) {
  switch (outcome) {
    case http::MessageOutcome::kAnswered:
      return ReplicaLoop::Outcome::kAnswered;
    case http::MessageOutcome::kGone:
      return ReplicaLoop::Outcome::kGone;
    case http::MessageOutcome::kTimedOut:
      return ReplicaLoop::Outcome::kTimedOut;
    case http::MessageOutcome::kRefused:
      return ReplicaLoop::Outcome::kRefused;
  }
  return ReplicaLoop::Outcome::kGone;
}

http::IoThread& ThisThread() {
  http::IoThread* const thread = http::IoThread::Here();
  CHECK(thread != nullptr);
  return *thread;
}

}  // namespace

serving::ReplicaLoop* ReplicaIo::Here() {
  return http::IoThread::Here() == nullptr ? nullptr : this;
}

void ReplicaIo::Ask(const std::shared_ptr<serving::ReplicaClient>& client,
                    std::shared_ptr<const std::string> frame, Answered answered) {
  const http::MessagePeer peer{client->id(), client->path(), client->timeout_ms()};
  ThisThread().Ask(
      peer, kFraming, std::move(frame),
      [answered = std::move(answered)](http::MessageOutcome outcome, std::string_view message) {
        if (outcome != http::MessageOutcome::kAnswered) {
          return answered(OutcomeOf(outcome), serving::FrameKind::kError, {});
        }
        const auto head = serving::ReadHead(message);
        answered(Outcome::kAnswered, head->kind, message.substr(sizeof(FrameHead)));
      });
}

ReplicaLoop::TimerId ReplicaIo::After(int64_t delay_us, Task task) {
  return ThisThread().After(delay_us, std::move(task));
}

void ReplicaIo::Cancel(TimerId timer) {
  ThisThread().Cancel(timer);
}

ReplicaLoop::Poster ReplicaIo::MakePoster() {
  return ThisThread().Poster();
}

}  // namespace millwright::server

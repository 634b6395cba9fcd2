#include "http/exchange.h"

#include <utility>

#include "base/error.h"
#include "base/log.h"

namespace millwright::http {
namespace {

thread_local CallerGone running_for;

// Says whose handler runs on this thread.
class RunningFor {
 public:
  explicit RunningFor(CallerGone caller) { running_for = std::move(caller); }
  ~RunningFor() { running_for.reset(); }
  RunningFor(const RunningFor&) = delete;
};

thread_local const Connection* inline_connection = nullptr;

}  // namespace

size_t BodyChannel::Read(char* out, size_t size) {
  std::lock_guard lock(mutex_);
  if (body_ == nullptr) throw InvalidArgument("The connection of this request body is closed");
  return body_->Read(out, size);
}

void BodyChannel::Release() {
  gate_->Post([weak = connection_] {
    if (const auto connection = weak.lock()) connection->ReaderReleased();
  });
}

void BodyChannel::Cut() {
  std::lock_guard lock(mutex_);
  body_ = nullptr;
}

void LoopGate::PostReply(std::weak_ptr<Connection> connection, Response&& response) {
  std::lock_guard lock(mutex_);
  if (io_ == nullptr) return;
  replies_.push_back({std::move(connection), std::move(response)});
  if (replies_.size() > 1) return;
  boost::asio::post(*io_, [self = shared_from_this()] { self->TakeReplies(); });
}

void LoopGate::TakeReplies() {
  std::vector<ReadyReply> taken;
  {
    std::lock_guard lock(mutex_);
    taken.swap(replies_);
  }
  for (ReadyReply& reply : taken) {
    if (const auto connection = reply.connection.lock()) {
      connection->TakeReply(std::move(reply.response));
    }
  }
}

void LoopGate::ReplyOut() {
  replies_out_.fetch_add(1);
}

// Counting comes first and looking for somebody who waits second, and the other way round there:
// one of the two sees the other.
void LoopGate::ReplyGone() {
  if (replies_out_.fetch_sub(1) != 1 || !awaited_.load()) return;
  std::lock_guard lock(mutex_);
  no_replies_.notify_all();
}

void LoopGate::AwaitReplies() {
  std::unique_lock lock(mutex_);
  awaited_.store(true);
  no_replies_.wait(lock, [&] { return replies_out_.load() == 0; });
}

PendingReply::PendingReply(std::shared_ptr<LoopGate> loop_gate,
                           const std::shared_ptr<Connection>& connection)
    : gate(std::move(loop_gate)), connection(connection), origin(connection.get()) {
  gate->ReplyOut();
}

PendingReply::~PendingReply() {
  if (!answered.load()) {
    Log(LogLevel::kError, "http", "A handler dropped its reply");
    PendingReply::Take(Response::Text(500, "The request was dropped without an answer"));
  }
  gate->ReplyGone();
}

CallerGone WhetherCallerIsGone() {
  return running_for;
}

void PendingReply::Run(const std::shared_ptr<PendingReply>& self) {
  const RunningFor scope(self->caller_gone);
  // The request lives on this stack and not in `self`: a body reader must be gone when the handler
  // has returned, however long the reply is kept.
  Request request = std::move(self->request);
  const auto handle = std::move(self->handle);
  handle(std::move(request), Reply(self));
}

void PendingReply::Take(Response&& response) {
  if (answered.exchange(true)) {
    Log(LogLevel::kError, "http", "A handler answered twice; the second answer is dropped");
    return;
  }
  if (InlineScope::Holds(origin)) {
    origin->TakeReply(std::move(response));
    return;
  }
  gate->PostReply(connection, std::move(response));
}

InlineScope::InlineScope(Connection* connection) {
  inline_connection = connection;
}
InlineScope::~InlineScope() {
  inline_connection = nullptr;
}
bool InlineScope::Holds(const Connection* connection) {
  return inline_connection == connection;
}

}  // namespace millwright::http

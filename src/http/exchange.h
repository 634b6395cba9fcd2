#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "http/caller.h"
#include "http/connection.h"

namespace millwright::http {

// The connection's end of a BodyReader: cut off before the connection goes away, so that a reader
// that somebody kept for too long fails instead of reading a stranger's socket.
class BodyChannel {
 public:
  BodyChannel(RequestBody& body, std::shared_ptr<LoopGate> gate,
              std::weak_ptr<Connection> connection)
      : body_(&body), gate_(std::move(gate)), connection_(std::move(connection)) {}

  size_t Read(char* out, size_t size);
  void Release();
  void Cut();

 private:
  std::mutex mutex_;
  RequestBody* body_;
  const std::shared_ptr<LoopGate> gate_;
  const std::weak_ptr<Connection> connection_;
};

class ChannelReader : public BodyReader {
 public:
  ChannelReader(std::shared_ptr<BodyChannel> channel, std::optional<uint64_t> length)
      : channel_(std::move(channel)), length_(length) {}
  ~ChannelReader() override { channel_->Release(); }
  size_t Read(char* buffer, size_t size) override { return channel_->Read(buffer, size); }
  std::optional<uint64_t> length() const override { return length_; }

 private:
  const std::shared_ptr<BodyChannel> channel_;
  const std::optional<uint64_t> length_;
};

// A request on its way through a handler and back. Whoever drops the last reference without an
// answer answers 500, so that no client waits for ever.
struct PendingReply : public Reply::Sink {
  // The server waits for the end of this before it ends itself.
  PendingReply(std::shared_ptr<LoopGate> gate, const std::shared_ptr<Connection>& connection);
  ~PendingReply() override;

  // Runs the handler on the calling thread.
  static void Run(const std::shared_ptr<PendingReply>& self);
  void Take(Response&& response) override;

  const std::shared_ptr<LoopGate> gate;
  CallerGone caller_gone;
  const std::weak_ptr<Connection> connection;
  // Only for comparing with the connection whose inline handler runs on this thread.
  Connection* const origin;
  Request request;
  std::function<void(Request&&, Reply)> handle;
  std::atomic<bool> answered = false;
};

// Marks that the calling I/O thread runs an inline handler of this connection: its reply is then
// taken at once instead of by way of the loop's queue.
class InlineScope {
 public:
  explicit InlineScope(Connection* connection);
  ~InlineScope();
  static bool Holds(const Connection* connection);
};

}  // namespace millwright::http

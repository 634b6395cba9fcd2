#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace millwright::http {

struct Loop;

// Connections of one I/O thread to one peer, and so the messages that it works on at a time: what
// takes it long takes a thread and memory each. Messages beyond them wait; more are refused.
inline constexpr size_t kPeerConnectionsMax = 32;
inline constexpr size_t kPeerWaitingMax = 4096;

// A process that answers messages on a Unix-domain socket, one at a time on each connection. `id`
// tells apart two processes that listened on the same path one after another.
struct MessagePeer {
  uint64_t id = 0;
  std::string_view path;
  int64_t timeout_ms = 0;  // of an answer, from its question on
};

// How messages are told apart in a stream of bytes: a head of a fixed size says how long the body
// is; nothing for bytes that are no head.
struct MessageFraming {
  size_t head_bytes = 0;
  std::optional<uint64_t> (*body_bytes)(std::string_view head) = nullptr;
};

enum class MessageOutcome {
  kAnswered,
  kGone,      // the peer is not there, or went away before it had answered
  kTimedOut,  // it is there, but too slow
  kRefused,   // kPeerWaitingMax messages wait already
};
// `answer` is the message whole, head and body, and is valid within the call.
using MessageDone = std::function<void(MessageOutcome, std::string_view answer)>;

// The I/O thread that runs the caller, for handlers that ask other processes without a thread that
// waits: connections to them are kept open and belong to the thread. All calls are made on it, and
// it makes all callbacks, which must neither block nor throw.
class IoThread {
 public:
  // Nothing on any other thread.
  static IoThread* Here();

  // `done` is called once, perhaps within Ask.
  virtual void Ask(const MessagePeer& peer, const MessageFraming& framing,
                   std::shared_ptr<const std::string> message, MessageDone done) = 0;

  using TimerId = uint64_t;
  // Calls `task` once, as soon as `delay_us` have passed.
  virtual TimerId After(int64_t delay_us, std::function<void()> task) = 0;
  // Does nothing when it has been called.
  virtual void Cancel(TimerId timer) = 0;

  // Takes tasks from any thread and runs them on this one; drops them when the server has ended.
  virtual std::function<void(std::function<void()>)> Poster() = 0;

 protected:
  IoThread() = default;
  ~IoThread() = default;
  IoThread(const IoThread&) = delete;
};

}  // namespace millwright::http

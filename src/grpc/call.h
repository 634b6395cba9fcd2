#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace millwright::grpc {

class CallState;

// Who calls, as whoever checked it says: nobody where that is not asked.
struct Caller {
  std::string principal;
  std::string token;         // by which the principal called; empty where by none
  bool is_verified = false;  // the principal has shown to be it
};

// One call of a client. A handle: its copies mean the same call, and the call lasts as long as one
// of them. Thread-safe but for message() of a stream, which belongs to the handler that was given
// it.
class Call {
 public:
  explicit Call(std::shared_ptr<CallState> state) : state_(std::move(state)) {}

  // What the client sent: the bytes of one message, valid until it is answered.
  std::string_view message() const;
  // The first value under a key in lower case.
  std::optional<std::string_view> FindMetadata(std::string_view key) const;
  // By MonotonicUs; nothing where the client waits for ever.
  std::optional<int64_t> DeadlineUs() const;
  void SetCaller(Caller caller) const;  // before the handler runs
  const Caller& caller() const;
  // Where the client is, "127.0.0.1:50312" or "[::1]:50312".
  std::string Peer() const;
  // Nobody waits for an answer any more: the call was cancelled, its deadline has passed, or it has
  // ended.
  bool IsGivenUp() const;

  // Adds a header of the answer; before anything is sent. Keys are in lower case.
  void AddMetadata(std::string key, std::string value) const;
  // Each call ends by one of these; what comes after the first is ignored. Finish answers a method
  // of one message with it.
  void Finish(std::string message) const;
  void Fail(Code code, std::string_view message) const;
  // Sends one message of a stream. Returns false, and sends nothing, while the one before is still
  // on its way or when the call is over.
  bool Send(std::string message) const;
  // Ends a stream for the server's sake: with UNAVAILABLE, after a last message where there is one,
  // as soon as what is on its way has gone.
  void End(std::optional<std::string> last) const;

 private:
  std::shared_ptr<CallState> state_;
};

}  // namespace millwright::grpc

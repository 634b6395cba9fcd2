#pragma once

#include <array>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "http/loop.h"
#include "http/message_client.h"

namespace millwright::http {

class PeerConnection;

// A message that was not answered yet.
struct PeerQuestion {
  std::shared_ptr<const std::string> message;
  MessageDone done;
  int64_t deadline_ms = 0;
};

// The connections of a loop to one peer, and who waits for one. Of the loop's thread.
class PeerConnections {
 public:
  PeerConnections(boost::asio::io_context& io, std::string path, const MessageFraming& framing)
      : io_(io), path_(std::move(path)), framing_(framing) {}
  ~PeerConnections();

  void Ask(PeerQuestion question);
  // Ends what has waited for too long, and connections that nobody has used for long.
  void CheckDeadlines(int64_t now_ms);
  // Cuts all connections; whoever waits is told that the peer has gone.
  void Close();
  bool empty() const { return open_.empty() && waiting_.empty(); }

 private:
  friend class PeerConnection;
  void TakeBack(const std::shared_ptr<PeerConnection>& connection);
  void Forget(PeerConnection& connection);
  std::shared_ptr<PeerConnection> Connect();

  boost::asio::io_context& io_;
  const std::string path_;
  const MessageFraming framing_;
  std::vector<std::shared_ptr<PeerConnection>> open_;
  std::vector<std::shared_ptr<PeerConnection>> idle_;  // the one used last is the next
  std::deque<PeerQuestion> waiting_;
};

// One connection. Its coroutine always reads: an answer, or that the peer closed. Questions are
// written by whoever asks.
class PeerConnection : public std::enable_shared_from_this<PeerConnection> {
 public:
  using Socket = boost::asio::basic_stream_socket<boost::asio::local::stream_protocol, Executor>;

  PeerConnection(PeerConnections& owner, Socket socket, const MessageFraming& framing);

  static Awaitable<void> Serve(std::shared_ptr<PeerConnection> self);
  // Only while it is idle.
  void Begin(PeerQuestion question);
  void CheckDeadline(int64_t now_ms);
  // Cuts it; a question under way ends with `outcome`.
  void End(MessageOutcome outcome);
  // Its owner goes away.
  void Orphan() { owner_ = nullptr; }

 private:
  // Most messages are small: head and body come by one read then.
  static constexpr size_t kFirstReadBytes = 8 * 1024;

  Awaitable<bool> ReadAnswer();
  Awaitable<size_t> Receive(char* out, size_t size);
  static Awaitable<void> WriteRest(std::shared_ptr<PeerConnection> self, size_t written);
  void Finish(MessageOutcome outcome, std::string_view answer);

  PeerConnections* owner_;
  Socket socket_;
  const MessageFraming framing_;
  PeerQuestion question_;  // without `done` while it is idle
  int64_t idle_until_ms_ = 0;
  bool is_writing_ = false;  // a long question
  bool ended_ = false;
  std::array<char, kFirstReadBytes> first_;
  std::string long_;  // an answer that is longer than `first_`
  std::string_view answer_;
};

}  // namespace millwright::http

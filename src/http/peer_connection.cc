#include "http/peer_connection.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>

#include "base/clock.h"
#include "http/socket_io.h"

namespace millwright::http {
namespace {

namespace asio = boost::asio;

constexpr int64_t kIdleMsMax = 60'000;  // the same as clients' connections have

int64_t NowMs() {
  return MonotonicUs() / 1000;
}

void Rethrow(const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
}

// Connecting to a Unix-domain socket never waits: it is done, or its backlog is full.
int ConnectTo(const std::string& path) {
  sockaddr_un address{};
  if (path.size() >= sizeof address.sun_path) return -1;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  const int failure = errno;
  close(fd);
  errno = failure;
  return -1;
}

}  // namespace

PeerConnections::~PeerConnections() {
  for (const auto& connection : open_) connection->Orphan();
}

std::shared_ptr<PeerConnection> PeerConnections::Connect() {
  const int fd = ConnectTo(path_);
  if (fd < 0) return nullptr;
  PeerConnection::Socket socket(io_.get_executor(), asio::local::stream_protocol(), fd);
  auto connection = std::make_shared<PeerConnection>(*this, std::move(socket), framing_);
  open_.push_back(connection);
  asio::co_spawn(io_, PeerConnection::Serve(connection), Rethrow);
  return connection;
}

void PeerConnections::Ask(PeerQuestion question) {
  if (!idle_.empty()) {
    const auto connection = std::move(idle_.back());
    idle_.pop_back();
    connection->Begin(std::move(question));
    return;
  }
  const auto connection = open_.size() < kPeerConnectionsMax ? Connect() : nullptr;
  if (connection != nullptr) return connection->Begin(std::move(question));
  // With a full backlog the peer is there, and a connection of ours comes free.
  const bool may_wait = open_.size() == kPeerConnectionsMax || (errno == EAGAIN && !open_.empty());
  if (!may_wait) return question.done(MessageOutcome::kGone, {});
  if (waiting_.size() >= kPeerWaitingMax) return question.done(MessageOutcome::kRefused, {});
  waiting_.push_back(std::move(question));
}

void PeerConnections::TakeBack(const std::shared_ptr<PeerConnection>& connection) {
  if (waiting_.empty()) {
    idle_.push_back(connection);
    return;
  }
  PeerQuestion next = std::move(waiting_.front());
  waiting_.pop_front();
  connection->Begin(std::move(next));
}

void PeerConnections::Forget(PeerConnection& connection) {
  const auto is_it = [&](const auto& other) { return other.get() == &connection; };
  std::erase_if(idle_, is_it);
  std::erase_if(open_, is_it);
  if (!open_.empty()) return;
  std::deque<PeerQuestion> waiting;
  waiting.swap(waiting_);  // nobody is left who would take them
  for (const PeerQuestion& question : waiting) question.done(MessageOutcome::kGone, {});
}

void PeerConnections::CheckDeadlines(int64_t now_ms) {
  const auto open = open_;
  for (const auto& connection : open) connection->CheckDeadline(now_ms);
  while (!waiting_.empty() && waiting_.front().deadline_ms <= now_ms) {
    const PeerQuestion question = std::move(waiting_.front());
    waiting_.pop_front();
    question.done(MessageOutcome::kTimedOut, {});
  }
}

void PeerConnections::Close() {
  const auto open = open_;
  for (const auto& connection : open) connection->End(MessageOutcome::kGone);
}

PeerConnection::PeerConnection(PeerConnections& owner, Socket socket, const MessageFraming& framing)
    : owner_(&owner), socket_(std::move(socket)), framing_(framing) {
  boost::system::error_code ec;
  socket_.non_blocking(true, ec);
}

Awaitable<void> PeerConnection::Serve(std::shared_ptr<PeerConnection> self) {
  while (!self->ended_) {
    const bool came = co_await self->ReadAnswer();
    // Nobody has asked for it, or not yet to the end.
    if (!came || !self->question_.done || self->is_writing_) break;
    self->Finish(MessageOutcome::kAnswered, self->answer_);
  }
  self->End(MessageOutcome::kGone);
}

void PeerConnection::Begin(PeerQuestion question) {
  question_ = std::move(question);
  const std::string& message = *question_.message;
  const ptrdiff_t sent = TryWrite(socket_.native_handle(), message, More::kNo);
  // A peer that has closed is noticed by the read, too, and is told of there.
  if (sent < 0 || static_cast<size_t>(sent) == message.size()) return;
  is_writing_ = true;
  asio::co_spawn(socket_.get_executor(), WriteRest(shared_from_this(), static_cast<size_t>(sent)),
                 Rethrow);
}

Awaitable<void> PeerConnection::WriteRest(std::shared_ptr<PeerConnection> self, size_t written) {
  const auto message = self->question_.message;
  boost::system::error_code ec;
  co_await asio::async_write(self->socket_,
                             asio::buffer(message->data() + written, message->size() - written),
                             asio::redirect_error(kAwait, ec));
  self->is_writing_ = false;
}

// One message and no byte more: a connection has one question at a time.
Awaitable<bool> PeerConnection::ReadAnswer() {
  size_t got = 0;
  while (got < framing_.head_bytes) {
    const size_t more = co_await Receive(first_.data() + got, first_.size() - got);
    if (more == 0) co_return false;
    got += more;
  }
  const auto body_bytes = framing_.body_bytes({first_.data(), framing_.head_bytes});
  if (!body_bytes || got > framing_.head_bytes + *body_bytes) co_return false;
  const size_t bytes = framing_.head_bytes + *body_bytes;
  char* whole = first_.data();
  if (bytes > first_.size()) {
    long_.resize(bytes);
    std::memcpy(long_.data(), first_.data(), got);
    whole = long_.data();
  }
  while (got < bytes) {
    const size_t more = co_await Receive(whole + got, bytes - got);
    if (more == 0) co_return false;
    got += more;
  }
  answer_ = {whole, bytes};
  co_return true;
}

Awaitable<size_t> PeerConnection::Receive(char* out, size_t size) {
  boost::system::error_code ec;
  const size_t got =
      co_await socket_.async_read_some(asio::buffer(out, size), asio::redirect_error(kAwait, ec));
  co_return ec ? 0 : got;
}

// The answer is read by `done` before this connection can be asked again: it lies in its buffer.
void PeerConnection::Finish(MessageOutcome outcome, std::string_view answer) {
  const MessageDone done = std::move(question_.done);
  question_ = {};
  done(outcome, answer);
  if (long_.capacity() > kFirstReadBytes) long_ = {};
  if (ended_ || owner_ == nullptr) return;
  idle_until_ms_ = NowMs() + kIdleMsMax;
  owner_->TakeBack(shared_from_this());
}

void PeerConnection::End(MessageOutcome outcome) {
  if (ended_) return;
  ended_ = true;
  const auto self = shared_from_this();
  boost::system::error_code ec;
  socket_.close(ec);
  if (owner_ != nullptr) owner_->Forget(*this);
  if (question_.done) Finish(outcome, {});
}

void PeerConnection::CheckDeadline(int64_t now_ms) {
  if (question_.done) {
    if (now_ms >= question_.deadline_ms) End(MessageOutcome::kTimedOut);
  } else if (now_ms >= idle_until_ms_ && idle_until_ms_ > 0) {
    End(MessageOutcome::kGone);
  }
}

}  // namespace millwright::http

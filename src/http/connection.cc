#include "http/connection.h"

#include <poll.h>

#include <boost/asio/redirect_error.hpp>

#include "base/clock.h"
#include "http/exchange.h"
#include "http/outbox.h"
#include "http/socket_io.h"

// One coroutine per connection: head → handler → answer → next head. Waits for a peer are asio
// reads and writes; waits for another thread (handler, body reader, stream thread) are Suspend()
// and are ended by a task that this thread posts. Deadlines are plain numbers that the loop's
// ticker looks at a few times a second: a timer per operation would cost more than the operation.
//
// Each co_await is a statement of its own: g++ 12 miscompiles some that stand inside of conditions.
namespace millwright::http {
namespace {

namespace asio = boost::asio;

// A small rest of an unread body is read and thrown away, so that the connection can go on.
constexpr uint64_t kDiscardBytesMax = 64 * 1024;
// How long and how much is read from a client that is refused while it still sends: closing at once
// would reset the connection and take the answer away from it.
constexpr int64_t kLingerMs = 5'000;
constexpr uint64_t kLingerBytesMax = 64ULL << 20;
// Whole bodies grow by what has come, not by what was announced; simdjson reads this far past the
// end.
constexpr size_t kBodySlack = 64;
constexpr size_t kBodyReserveMax = 1 << 20;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

int64_t NowMs() {
  return MonotonicUs() / 1000;
}

}  // namespace

Connection::Connection(Loop& loop, Socket socket, std::string peer)
    : loop_(loop),
      state_(loop.state),
      socket_(std::move(socket)),
      fd_(socket_.native_handle()),
      peer_(std::move(peer)),
      body_(fd_, buffer_, parser_, loop.state.options.read_timeout_ms) {
  loop_.connections.insert(this);
  state_.connections.fetch_add(1);
}

Connection::~Connection() {
  loop_.connections.erase(this);
  if (state_.connections.fetch_sub(1) != 1) return;
  std::lock_guard lock(state_.drained_mutex);
  state_.drained.notify_all();
}

Awaitable<void> Connection::Serve(std::shared_ptr<Connection> self) {
  Connection& connection = *self;
  while (true) {
    const bool got_head = co_await connection.ReadHead();
    if (!got_head) break;
    co_await connection.HandleRequest();
    if (!connection.keep_alive_ || connection.aborted_) break;
  }
  if (connection.linger_ && !connection.aborted_) co_await connection.Linger();
  connection.Close();
}

Awaitable<bool> Connection::ReadHead() {
  parser_.Reset();
  timed_out_ = false;
  linger_ = false;
  head_bytes_ = 0;
  SetDeadline(State::kIdle, state_.options.idle_timeout_ms);
  while (!aborted_) {
    if (!buffer_.empty()) {
      const size_t used = parser_.PutHead(buffer_.view());
      buffer_.Consume(used);
      head_bytes_ += used;
      if (parser_.refusal()) {
        Refuse(parser_.refusal()->status, parser_.refusal()->text);
        co_await Respond();
        co_return false;
      }
      const bool done = parser_.head_done();
      if (head_bytes_ + (done ? 0 : buffer_.size()) > state_.options.head_bytes_max) {
        Refuse(431, "Request header is too large");
        co_await Respond();
        co_return false;
      }
      if (done) co_return true;
      if (phase_ == State::kIdle) SetDeadline(State::kHead, state_.options.read_timeout_ms);
    } else if (phase_ == State::kIdle && state_.draining.load()) {
      co_return false;
    }
    const size_t got = co_await FillBuffer(read_step_);
    if (got == 0) {
      if (!timed_out_ || phase_ != State::kHead) co_return false;
      Refuse(408, "The request header came too slowly");
      co_await Respond();
      co_return false;
    }
  }
  co_return false;
}

Awaitable<void> Connection::HandleRequest() {
  Request& request = parser_.request();
  const Framing& framing = parser_.framing();
  state_.requests.fetch_add(1, std::memory_order_relaxed);
  request.peer = peer_;
  method_ = request.method;
  keep_alive_ = framing.keep_alive && !state_.draining.load();
  replied_ = false;
  if (const auto range = request.headers.Find("Range")) range_ = *range;
  if (const auto if_range = request.headers.Find("If-Range")) if_range_ = *if_range;

  Target target = state_.resolve(request);
  body_.Begin(framing, target.body_bytes_max);
  BodyResult result = BodyResult::kOk;
  if (framing.length.value_or(0) > target.body_bytes_max) {
    result = BodyResult::kTooLarge;
  } else if (target.body == Body::kWhole && !body_.done()) {
    const uint64_t bytes = head_bytes_ + framing.length.value_or(0) + kBodySlack;
    read_step_ = static_cast<size_t>(std::clamp<uint64_t>(bytes, kReadStep, kReadStepMax));
    const bool is_taken = TakeBufferedBody(&request.body);
    if (!is_taken) result = co_await ReadWholeBody(&request.body);
  }
  switch (result) {
    case BodyResult::kOk:
      StartHandler(std::move(target));
      while (!replied_ && !aborted_) co_await Suspend();
      break;
    case BodyResult::kTooLarge:
      RefuseBody(target);
      break;
    case BodyResult::kTooSlow:
      Refuse(408, "The request body came too slowly");
      break;
    case BodyResult::kMalformed:
      Refuse(400, "Malformed chunked body");
      break;
    case BodyResult::kClosed:
      keep_alive_ = false;
      co_return;
  }
  if (aborted_) {
    co_await FinishBody();  // a handler may be reading still: the socket stays until it is not
    co_return;
  }
  if (!body_.done() &&
      (body_.framing().chunked || body_.left() > kDiscardBytesMax || body_.continue_pending()))
    keep_alive_ = false;  // said in the head of the answer
  const bool is_short = WordShortAnswer();
  if (!is_short) {
    co_await Respond();
  } else if (loop_.outbox->Holds(this)) {
    is_held_ = true;
    loop_.outbox->Add(shared_from_this());
    while (is_held_) co_await Suspend();
  } else {
    SendShortAnswer();
  }
  if (has_unsent_) co_await Respond();
  if (reader_out_ || channel_ || !body_.done()) co_await FinishBody();
  range_.clear();
  if_range_.clear();
}

bool Connection::TakeBufferedBody(std::string* body) {
  if (body_.framing().chunked || body_.left() > buffer_.size()) return false;
  const auto bytes = static_cast<size_t>(body_.left());
  body->reserve(bytes + kBodySlack);
  body->append(buffer_.view().substr(0, bytes));
  buffer_.Consume(bytes);
  body_.CountRead(bytes);
  body_.ContinueSent();
  return true;
}

Awaitable<Connection::BodyResult> Connection::ReadWholeBody(std::string* body) {
  body_start_ms_ = NowMs();
  SetBodyDeadline();
  if (body_.continue_pending() && buffer_.empty()) {
    const bool sent = co_await Write(kContinue, More::kNo);
    if (!sent) co_return BodyResult::kClosed;
  }
  body_.ContinueSent();
  BodyResult result = BodyResult::kOk;
  if (body_.framing().chunked) {
    result = co_await ReadChunkedBody(body);
  } else {
    result = co_await ReadPlainBody(body);
  }
  co_return result;
}

Awaitable<Connection::BodyResult> Connection::ReadPlainBody(std::string* body) {
  body->reserve(std::min<uint64_t>(body_.left(), kBodyReserveMax) + kBodySlack);
  body->resize(std::min<uint64_t>(body_.left(), buffer_.size()));
  body_.CountRead(buffer_.Take(body->data(), body->size()));
  while (!body_.done()) {
    const size_t before = body->size();
    const size_t step = std::min<uint64_t>(body_.left(), std::max(kBodyReadStep, before));
    if (body->capacity() < before + step + kBodySlack)
      body->reserve(2 * before + step + kBodySlack);
    body->resize(before + step);
    const size_t got = co_await Receive(body->data() + before, step);
    body->resize(before + got);
    if (got == 0) co_return timed_out_ ? BodyResult::kTooSlow : BodyResult::kClosed;
    body_.CountRead(got);
    SetBodyDeadline();
  }
  co_return BodyResult::kOk;
}

Awaitable<Connection::BodyResult> Connection::ReadChunkedBody(std::string* body) {
  while (true) {
    switch (body_.DecodeChunks(body)) {
      case RequestBody::Decoded::kOk:
        break;
      case RequestBody::Decoded::kMalformed:
        co_return BodyResult::kMalformed;
      case RequestBody::Decoded::kTooLarge:
        co_return BodyResult::kTooLarge;
    }
    if (body_.done()) break;
    const size_t got = co_await FillBuffer(kChunkLineBytesMax);
    if (got == 0) co_return timed_out_ ? BodyResult::kTooSlow : BodyResult::kClosed;
    SetBodyDeadline();
  }
  body->reserve(body->size() + kBodySlack);
  co_return BodyResult::kOk;
}

// The answer is there when this returns, or wakes the coroutine later.
void Connection::StartHandler(Target target) {
  if (aborted_) return;
  SetDeadline(State::kHandler, 0);
  const auto pending = std::make_shared<PendingReply>(loop_.gate, shared_from_this());
  Request request = std::move(parser_.request());
  pending->caller_gone = peer_gone_;
  if (target.body == Body::kStream) {
    channel_ = std::make_shared<BodyChannel>(body_, loop_.gate, weak_from_this());
    const Framing& framing = body_.framing();
    request.body_reader = std::make_unique<ChannelReader>(
        channel_,
        framing.chunked ? std::nullopt : std::optional<uint64_t>(framing.length.value_or(0)));
    reader_out_ = true;
  }
  if (target.lane == http::Lane::kInline) {
    const InlineScope scope(this);
    target.handle(std::move(request), Reply(pending));
    return;
  }
  pending->request = std::move(request);
  pending->handle = std::move(target.handle);
  if (!state_.pools->LaneOf(target.lane).Submit([pending] { PendingReply::Run(pending); })) {
    state_.refused.fetch_add(1);
    pending->answered = true;
    TakeReply(Response::Text(503, "Too many requests are waiting"));
    response_.headers.Add("Retry-After", "1");
  }
}

// Waits until the handler has let go of the body and reads a small rest.
Awaitable<void> Connection::FinishBody() {
  while (reader_out_ && !abandoned_) co_await Suspend();
  if (channel_) channel_->Cut();
  channel_.reset();
  if (body_.done() || aborted_) co_return;
  linger_ = true;
  if (!keep_alive_ || body_.framing().chunked || body_.left() > kDiscardBytesMax) {
    keep_alive_ = false;
    co_return;
  }
  body_start_ms_ = NowMs();
  SetBodyDeadline();
  std::string rest;
  const BodyResult result = co_await ReadPlainBody(&rest);
  keep_alive_ = result == BodyResult::kOk;
}

Awaitable<void> Connection::Linger() {
  boost::system::error_code ec;
  socket_.shutdown(Socket::shutdown_send, ec);
  SetDeadline(State::kLinger, kLingerMs);
  buffer_.Consume(buffer_.size());
  buffer_.Reserve(kBodyReadStep);
  uint64_t thrown_away = 0;
  while (thrown_away < kLingerBytesMax && !timed_out_ && !aborted_) {
    const size_t got = co_await Receive(buffer_.tail(), buffer_.tail_size());
    if (got == 0) co_return;
    thrown_away += got;
  }
}

// Returns 0 when the peer has closed or a deadline cancelled the wait.
Awaitable<size_t> Connection::Receive(char* out, size_t size) {
  boost::system::error_code ec;
  const size_t got =
      co_await socket_.async_read_some(asio::buffer(out, size), asio::redirect_error(kAwait, ec));
  co_return ec ? 0 : got;
}

Awaitable<size_t> Connection::FillBuffer(size_t bytes_min) {
  buffer_.Reserve(bytes_min);
  boost::system::error_code ec;
  const size_t got = co_await socket_.async_read_some(
      asio::buffer(buffer_.tail(), buffer_.tail_size()), asio::redirect_error(kAwait, ec));
  if (ec) co_return 0;
  buffer_.Commit(got);
  co_return got;
}

Awaitable<void> Connection::Suspend() {
  return asio::async_initiate<const asio::use_awaitable_t<Executor>, void()>(
      [this](WakeHandler&& handler) { waiter_.emplace(std::move(handler)); }, kAwait);
}

void Connection::Wake() {
  if (!waiter_) return;
  WakeHandler handler = std::move(*waiter_);
  waiter_.reset();
  handler();
}

void Connection::TakeReply(Response&& response) {
  if (replied_) return;
  response_ = std::move(response);
  replied_ = true;
  Wake();
}

void Connection::ReaderReleased() {
  reader_out_ = false;
  Wake();
}

void Connection::StreamFinished(bool reusable) {
  stream_done_ = true;
  stream_reusable_ = reusable;
  Wake();
}

void Connection::SendHeld() {
  SendShortAnswer();
}

void Connection::HeldIsSent() {
  is_held_ = false;
  Wake();
}

void Connection::SetDeadline(State state, int64_t timeout_ms) {
  phase_ = state;
  deadline_ms_ = timeout_ms == 0 ? 0 : NowMs() + timeout_ms;
}

void Connection::SetBodyDeadline() {
  const int64_t timeout_ms = state_.options.read_timeout_ms;
  const auto earned_ms = static_cast<int64_t>(body_.received()) * 1000 / kBodyBytesPerSecondMin;
  phase_ = State::kBody;
  deadline_ms_ = std::min(NowMs() + timeout_ms, body_start_ms_ + timeout_ms + earned_ms);
}

void Connection::CheckDeadline(int64_t now_ms) {
  if (phase_ == State::kHandler) LookWhetherPeerIsGone();
  if (deadline_ms_ == 0 || now_ms < deadline_ms_) return;
  deadline_ms_ = 0;
  timed_out_ = true;
  boost::system::error_code ec;
  socket_.cancel(ec);
}

void Connection::LookWhetherPeerIsGone() {
  pollfd peer{fd_, POLLRDHUP, 0};
  if (poll(&peer, 1, 0) > 0 && (peer.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0)
    peer_gone_->store(true);
}

void Connection::Drain() {
  keep_alive_ = false;
  boost::system::error_code ec;
  if (phase_ == State::kIdle) socket_.cancel(ec);
}

void Connection::Abort() {
  if (aborted_) return;
  aborted_ = true;
  peer_gone_->store(true);
  boost::system::error_code ec;
  socket_.shutdown(Socket::shutdown_both, ec);
  socket_.cancel(ec);
  Wake();
}

void Connection::Abandon() {
  Abort();
  abandoned_ = true;
  Wake();
}

// Prepares an answer after which the connection is closed.
void Connection::Refuse(int status, std::string_view text) {
  response_ = Response::Text(status, std::string(text));
  response_.is_guarded = true;
  keep_alive_ = false;
  linger_ = true;
}

void Connection::RefuseBody(const Target& target) {
  const Error error =
      ResourceExhausted("The request body is larger than {} bytes", target.body_bytes_max);
  Refuse(413, error.message());
  if (target.word_error == nullptr) return;
  response_ = target.word_error(error);
  response_.status = 413;
  response_.is_guarded = true;
}

void Connection::Close() {
  deadline_ms_ = 0;
  boost::system::error_code ec;
  socket_.shutdown(Socket::shutdown_both, ec);
  socket_.close(ec);
}

}  // namespace millwright::http

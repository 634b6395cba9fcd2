#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/redirect_error.hpp>
#include <charconv>

#include "base/clock.h"
#include "base/log.h"
#include "http/connection.h"
#include "http/socket_io.h"
#include "http/stream_writer.h"

// The answering half of a connection.
namespace millwright::http {
namespace {

// Bodies up to this size are copied behind the head and go out by one call.
constexpr size_t kJoinedBodyMax = 32 * 1024;

class OpenFile {
 public:
  explicit OpenFile(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat info {};
    if (fd_ < 0 || fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) return;
    regular_ = true;
    size_ = static_cast<uint64_t>(info.st_size);
  }
  ~OpenFile() {
    if (fd_ >= 0) close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  bool regular() const { return regular_; }
  int fd() const { return fd_; }
  uint64_t size() const { return size_; }

 private:
  const int fd_;
  bool regular_ = false;
  uint64_t size_ = 0;
};

bool HasNoBody(int status) {
  return status == 204 || status == 304 || status < 200;
}

std::optional<uint64_t> DeclaredLength(const Response& response) {
  const auto text = response.headers.Find("Content-Length");
  if (!text) return std::nullopt;
  uint64_t length = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), length);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return length;
}

}  // namespace

AnswerHead Connection::HeadFor(BodyFraming framing, uint64_t length) const {
  return {framing, length, keep_alive_, parser_.framing().http_1_0, loop_.date};
}

bool Connection::WordShortAnswer() {
  const Response& response = response_;
  const bool is_short = !HasNoBody(response.status) && !response.producer && !response.parts &&
                        response.file.empty() && !response.body_has_ranges &&
                        method_ != Method::kHead && response.body.size() <= kJoinedBodyMax;
  if (!is_short) return false;
  out_.clear();
  AppendHead(response, HeadFor(BodyFraming::kLength, response.body.size()), &out_);
  out_.append(response.body);
  response_ = Response();
  return true;
}

void Connection::SendShortAnswer() {
  const ptrdiff_t sent = TryWrite(fd_, out_, More::kNo);
  if (sent < 0) {
    keep_alive_ = false;
  } else if (static_cast<size_t>(sent) < out_.size()) {
    sent_bytes_ = static_cast<size_t>(sent);
    has_unsent_ = true;
  }
}

Awaitable<void> Connection::Respond() {
  timed_out_ = false;
  SetDeadline(State::kWriting, state_.options.write_timeout_ms);
  if (has_unsent_) {
    has_unsent_ = false;
    co_await Write(std::string_view(out_).substr(sent_bytes_), More::kNo);
    co_return;
  }
  out_.clear();
  if (HasNoBody(response_.status)) {
    AppendHead(response_, HeadFor(BodyFraming::kNone, 0), &out_);
    co_await Write(out_, More::kNo);
  } else if (response_.producer) {
    co_await RespondWithProducer(state_.pools->streams);
  } else if (response_.parts) {
    co_await RespondWithParts();
  } else if (!response_.file.empty()) {
    co_await RespondWithFile();
  } else {
    co_await RespondWithBody();
  }
  response_ = Response();
}

Awaitable<void> Connection::RespondWithBody() {
  std::string_view body = response_.body;
  if (response_.body_has_ranges) {
    response_.body_has_ranges = false;
    const auto range = ApplyRange(body.size());
    body = range ? body.substr(range->offset, range->length) : response_.body;
  }
  AppendHead(response_, HeadFor(BodyFraming::kLength, body.size()), &out_);
  const bool send_body = method_ != Method::kHead && !body.empty();
  const bool joined = send_body && body.size() <= kJoinedBodyMax;
  if (joined) out_.append(body);
  const bool head_sent = co_await Write(out_, send_body && !joined ? More::kYes : More::kNo);
  if (head_sent && send_body && !joined) co_await Write(body, More::kNo);
}

Awaitable<void> Connection::RespondWithFile() {
  const OpenFile file(response_.file);
  if (!file.regular()) {
    response_ = Response::Text(404, "File not found");
    co_return co_await RespondWithBody();
  }
  const auto range = ApplyRange(file.size());
  if (!range) co_return co_await RespondWithBody();
  const auto [offset, length] = *range;
  AppendHead(response_, HeadFor(BodyFraming::kLength, length), &out_);
  if (method_ == Method::kHead || length == 0) {
    co_await Write(out_, More::kNo);
    co_return;
  }
  const int64_t timeout_ms = state_.options.write_timeout_ms;
  const bool found_thread = co_await OnStreamThread(state_.pools->files, [&, this] {
    return WriteAll(fd_, out_, More::kYes, timeout_ms) == IoStatus::kOk &&
           SendFile(fd_, file.fd(), offset, length, timeout_ms) == IoStatus::kOk;
  });
  if (!found_thread) co_await RespondBusy();
}

// Turns the response into what the request's Range asks of a body of `size` bytes, or into a
// refusal and nothing.
std::optional<FileRange> Connection::ApplyRange(uint64_t size) {
  const auto etag = response_.headers.Find("ETag");
  const bool range_counts = response_.status == 200 && method_ == Method::kGet && !range_.empty() &&
                            (if_range_.empty() || (etag && *etag == if_range_));
  const RangeAnswer answer =
      ParseRange(range_counts ? std::optional<std::string_view>(range_) : std::nullopt, size);
  if (answer.kind == RangeKind::kUnsatisfiable) {
    response_ = Response::Text(416, "The requested range is outside of the file");
    response_.headers.Add("Content-Range", fmt::format("bytes */{}", size));
    return std::nullopt;
  }
  response_.headers.Set("Accept-Ranges", "bytes");
  if (answer.kind == RangeKind::kPart) {
    const auto [offset, length] = answer.range;
    response_.status = 206;
    response_.headers.Set("Content-Range",
                          fmt::format("bytes {}-{}/{}", offset, offset + length - 1, size));
  }
  return answer.range;
}

Awaitable<void> Connection::RespondWithParts() {
  const auto range = ApplyRange(response_.parts_bytes);
  if (!range) co_return co_await RespondWithBody();
  response_.headers.Set("Content-Length", std::to_string(range->length));
  response_.producer = [parts = response_.parts, range = *range](BodyWriter& writer) {
    if (range.length > 0) parts(writer, range.offset, range.length);
  };
  co_await RespondWithProducer(state_.pools->files);
}

Awaitable<void> Connection::RespondWithProducer(StreamThreads& threads) {
  const bool http_1_0 = parser_.framing().http_1_0;
  const auto length = DeclaredLength(response_);
  const BodyFraming framing = length     ? BodyFraming::kLength
                              : http_1_0 ? BodyFraming::kUntilClose
                                         : BodyFraming::kChunked;
  if (framing == BodyFraming::kUntilClose) keep_alive_ = false;
  AppendHead(response_, HeadFor(framing, length.value_or(0)), &out_);
  if (method_ == Method::kHead) {
    co_await Write(out_, More::kNo);
    co_return;
  }
  const auto produce = [&, this] {
    if (WriteAll(fd_, out_, More::kNo, state_.options.write_timeout_ms) != IoStatus::kOk)
      return false;
    StreamWriter writer({fd_, framing, length.value_or(0), state_.options.write_timeout_ms},
                        state_.draining);
    try {
      response_.producer(writer);
    } catch (const std::exception& error) {
      Log(LogLevel::kError, "http", "A body broke off", {{"error", error.what()}});
      return false;
    }
    return writer.Finish();
  };
  const bool found_thread = co_await OnStreamThread(threads, produce);
  if (!found_thread) co_await RespondBusy();
}

Awaitable<void> Connection::RespondBusy() {
  state_.refused.fetch_add(1);
  response_ = Response::Text(503, "Too many streams are open");
  response_.headers.Add("Retry-After", "1");
  out_.clear();
  co_await RespondWithBody();
}

Awaitable<bool> Connection::OnStreamThread(StreamThreads& threads, std::function<bool()> work) {
  stream_done_ = false;
  deadline_ms_ = 0;  // the thread keeps its own timeouts
  // `this` stays while the coroutine waits; after the post only the copies are touched.
  const bool accepted =
      threads.Submit([work = std::move(work), gate = loop_.gate, weak = weak_from_this()] {
        const bool reusable = work();
        gate->Post([weak, reusable] {
          if (const auto connection = weak.lock()) connection->StreamFinished(reusable);
        });
      });
  if (!accepted) co_return false;
  while (!stream_done_) co_await Suspend();
  if (!stream_reusable_) keep_alive_ = false;
  co_return true;
}

// Also says that the connection is over when it fails.
Awaitable<bool> Connection::Write(std::string_view bytes, More more) {
  while (!bytes.empty()) {
    const ptrdiff_t sent = TryWrite(fd_, bytes, more);
    if (sent < 0) break;
    bytes.remove_prefix(static_cast<size_t>(sent));
    if (sent > 0) continue;
    deadline_ms_ = MonotonicUs() / 1000 + state_.options.write_timeout_ms;
    boost::system::error_code ec;
    const size_t taken = co_await socket_.async_write_some(boost::asio::buffer(bytes),
                                                           boost::asio::redirect_error(kAwait, ec));
    if (ec) break;
    bytes.remove_prefix(taken);
  }
  if (!bytes.empty()) keep_alive_ = false;
  co_return bytes.empty();
}

}  // namespace millwright::http

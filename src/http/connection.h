#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "http/answer.h"
#include "http/loop.h"
#include "http/read_buffer.h"
#include "http/request_body.h"
#include "http/request_parser.h"
#include "http/socket_io.h"

namespace millwright::http {

struct PendingReply;
class BodyChannel;

// One client's connection: reads requests one after another and answers each before the next. Lives
// on its loop's thread; kept alive by its coroutine. While a handler reads the body or a stream
// thread writes the answer, the coroutine is suspended and that thread alone uses the socket.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Loop& loop, Socket socket, std::string peer);
  ~Connection();

  // Serves until the connection ends.
  static Awaitable<void> Serve(std::shared_ptr<Connection> self);

  // Called by the loop's ticker: ends a wait that lasted too long.
  void CheckDeadline(int64_t now_ms);
  // Ends it now if it waits for a next request, else after the request under way.
  void Drain();
  // Cuts the connection; handlers that read or write it notice.
  void Abort();
  // After Abort, once no lane thread runs any more: gives up replies and readers that are still
  // out.
  void Abandon();

  // The three things that a suspended coroutine waits for; called on the loop's thread.
  void TakeReply(Response&& response);
  void ReaderReleased();
  void StreamFinished(bool reusable);

  // Called by the loop's outbox, which holds the answer meanwhile.
  void SendHeld();
  void HeldIsSent();

 private:
  enum class State { kIdle, kHead, kBody, kHandler, kWriting, kLinger };
  enum class BodyResult { kOk, kClosed, kTooSlow, kMalformed, kTooLarge };

  Awaitable<bool> ReadHead();
  Awaitable<void> HandleRequest();
  Awaitable<BodyResult> ReadWholeBody(std::string* body);
  Awaitable<BodyResult> ReadPlainBody(std::string* body);
  Awaitable<BodyResult> ReadChunkedBody(std::string* body);
  // Takes a whole body that has come with its head; false when there is more to come.
  bool TakeBufferedBody(std::string* body);
  void StartHandler(Target target);
  Awaitable<void> FinishBody();
  Awaitable<void> Linger();
  Awaitable<size_t> Receive(char* out, size_t size);
  Awaitable<size_t> FillBuffer(size_t bytes_min);

  // Puts a short answer together, whose body is there; false for others.
  bool WordShortAnswer();
  // Sends it: the socket nearly always takes it at once.
  void SendShortAnswer();
  Awaitable<void> Respond();
  Awaitable<void> RespondWithBody();
  Awaitable<void> RespondWithFile();
  Awaitable<void> RespondWithParts();
  // Tells the handler that runs when nobody waits for its answer any more.
  void LookWhetherPeerIsGone();
  std::optional<FileRange> ApplyRange(uint64_t size);
  Awaitable<void> RespondWithProducer(StreamThreads& threads);
  Awaitable<bool> Write(std::string_view bytes, More more);
  AnswerHead HeadFor(BodyFraming framing, uint64_t length) const;
  // Runs `work` on a stream thread and waits until it is done; false when all are taken.
  Awaitable<bool> OnStreamThread(StreamThreads& threads, std::function<bool()> work);
  Awaitable<void> RespondBusy();

  Awaitable<void> Suspend();
  void Wake();
  void SetDeadline(State state, int64_t timeout_ms);
  void SetBodyDeadline();
  void Refuse(int status, std::string_view text);
  void RefuseBody(const Target& target);
  void Close();

  Loop& loop_;
  ServerState& state_;
  Socket socket_;
  const int fd_;
  const std::string peer_;
  RequestParser parser_;
  ReadBuffer buffer_;
  RequestBody body_;

  State phase_ = State::kIdle;
  int64_t deadline_ms_ = 0;  // 0: none
  int64_t body_start_ms_ = 0;
  bool timed_out_ = false;
  bool aborted_ = false;
  bool abandoned_ = false;
  const std::shared_ptr<std::atomic<bool>> peer_gone_ = std::make_shared<std::atomic<bool>>(false);

  using WakeHandler =
      boost::asio::async_result<boost::asio::use_awaitable_t<Executor>, void()>::handler_type;
  std::optional<WakeHandler> waiter_;

  // Of the request under way.
  Method method_ = Method::kGet;
  bool keep_alive_ = true;
  bool linger_ = false;
  bool replied_ = false;
  bool reader_out_ = false;
  bool stream_done_ = false;
  bool stream_reusable_ = false;
  std::string range_;
  std::string if_range_;
  Response response_;
  std::shared_ptr<BodyChannel> channel_;
  std::string out_;
  size_t sent_bytes_ = 0;    // of out_, by SendShortAnswer
  bool has_unsent_ = false;  // of out_, what Respond must send
  bool is_held_ = false;     // by the outbox

  size_t head_bytes_ = 0;
  size_t read_step_ = kReadStep;  // what a request like the last one takes
};

}  // namespace millwright::http

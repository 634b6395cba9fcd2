#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "grpc/grpc_library.h"
#include "grpc/server.h"

namespace millwright::grpc {

// What a call asks of the server that it belongs to.
class CallOwner {
 public:
  virtual ~CallOwner() = default;
  // Runs the method's handler for the message that has come.
  virtual void Run(const std::shared_ptr<CallState>& call) = 0;
  // Counts a call; returns false when it is one too many, which must be refused.
  virtual bool Started(CallState* call) = 0;
  virtual void Ended(CallState* call) = 0;
};

// A method with the handle that the library gave for it; one without a handle stands for all that
// the server does not have.
struct RegisteredMethod {
  Method method;
  void* handle = nullptr;
};

// One call from the moment in which the server waits for it. All that the library does for it comes
// back as an event with one of its tags; each event under way keeps the call alive.
class CallState : public std::enable_shared_from_this<CallState> {
 public:
  struct Tag {
    CallState* call = nullptr;
    void (CallState::*done)(bool) = nullptr;
    std::shared_ptr<CallState> keep = nullptr;
  };

  CallState(CallOwner& owner, const RegisteredMethod& method, grpc_completion_queue* queue);
  ~CallState();
  CallState(const CallState&) = delete;
  CallState& operator=(const CallState&) = delete;

  // Waits for a client; the event carries the accept tag. Returns false when the server is ending.
  bool Accept(grpc_server* server);
  static bool IsAccept(const Tag* tag) { return tag == &tag->call->accepted_; }
  // Takes the event of a tag.
  static void Complete(Tag* tag, bool ok);
  // Begins to answer a call that was accepted.
  void Begin();
  // Learns of a cancelled call by an event; else it is seen when the answer is sent.
  void WatchForCancel();
  // Ends a stream with UNAVAILABLE, after a last message, as soon as what is on its way has gone.
  void EndStream(std::optional<std::string> last = std::nullopt);

  const Method& method() const { return method_.method; }
  const RegisteredMethod& registered() const { return method_; }
  std::string_view message() const { return message_; }
  std::optional<std::string_view> FindMetadata(std::string_view key) const;
  std::optional<int64_t> DeadlineUs() const;
  void SetCaller(Caller caller) { caller_ = std::move(caller); }
  const Caller& caller() const { return caller_; }
  std::string Peer() const;
  bool IsGivenUp() const;
  void AddMetadata(std::string key, std::string value);
  void Finish(std::string message);
  void Fail(Code code, std::string_view text);
  bool Send(std::string message);

 private:
  struct Status {
    grpc_status_code code = GRPC_STATUS_OK;
    std::string text = "";
  };
  bool IsUnknown() const { return method_.handle == nullptr; }
  void OnAccepted(bool ok);
  void OnClosed(bool ok);
  void OnReceived(bool ok);
  void OnSent(bool ok);
  void OnFinished(bool ok);
  // Keep the call alive until the tag's event; with mutex_ held where the call has begun.
  bool Start(const grpc_op* ops, size_t count, Tag* tag);
  void StartRead();
  void StartStatus(const Status& status, std::string* message);
  void SayEnd();
  void AddHead(std::vector<grpc_op>* ops);
  void TakePayload();
  void DropPayload();

  CallOwner& owner_;
  const RegisteredMethod& method_;
  grpc_completion_queue* const queue_;
  grpc_call* call_ = nullptr;
  gpr_timespec deadline_ = {};
  grpc_call_details details_ = {};  // of a method that is unknown
  Caller caller_;
  grpc_metadata_array metadata_ = {};
  grpc_byte_buffer* payload_ = nullptr;
  grpc_slice pieces_ = {};  // of a payload that came in several, in one
  bool has_pieces_ = false;
  std::string_view message_;
  int cancelled_ = 0;  // written by the library with the close event
  std::atomic<bool> is_gone_ = false;
  bool began_ = false;

  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::vector<grpc_metadata> sent_headers_;  // the library's view of headers_
  grpc_byte_buffer* outgoing_ = nullptr;
  bool head_sent_ = false;
  bool watches_close_ = false;
  bool is_sending_ = false;
  bool is_running_ = false;  // the handler of a stream has a message that it did not answer yet
  bool is_ending_ = false;
  std::optional<std::string> last_;  // of a stream that is ending
  bool is_finished_ = false;

  Tag accepted_;
  Tag closed_;
  Tag received_;
  Tag sent_;
  Tag finished_;
};

}  // namespace millwright::grpc

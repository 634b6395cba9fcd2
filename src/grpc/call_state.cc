#include "grpc/call_state.h"

#include <fmt/format.h>

#include <cstring>

#include "base/check.h"
#include "base/clock.h"

namespace millwright::grpc {
namespace {

// A status' text travels as a header, of which clients take 8 KiB in all.
constexpr size_t kStatusTextBytesMax = 2048;
constexpr size_t kCopiedBytesMax = 1024;  // larger messages are handed over

std::string_view ViewOf(const grpc_slice& slice) {
  return {reinterpret_cast<const char*>(GRPC_SLICE_START_PTR(slice)), GRPC_SLICE_LENGTH(slice)};
}

grpc_slice SliceOf(std::string_view text) {
  return grpc_slice_from_copied_buffer(text.data(), text.size());
}

grpc_slice SliceOf(std::string&& text) {
  if (text.size() <= kCopiedBytesMax) return SliceOf(std::string_view(text));
  auto* owned = new std::string(std::move(text));
  return grpc_slice_new_with_user_data(
      owned->data(), owned->size(), [](void* owner) { delete static_cast<std::string*>(owner); },
      owned);
}

// The codes are those of gRPC by another spelling.
grpc_status_code StatusOf(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
      return GRPC_STATUS_INVALID_ARGUMENT;
    case Code::kNotFound:
      return GRPC_STATUS_NOT_FOUND;
    case Code::kAlreadyExists:
      return GRPC_STATUS_ALREADY_EXISTS;
    case Code::kPermissionDenied:
      return GRPC_STATUS_PERMISSION_DENIED;
    case Code::kUnauthenticated:
      return GRPC_STATUS_UNAUTHENTICATED;
    case Code::kFailedPrecondition:
      return GRPC_STATUS_FAILED_PRECONDITION;
    case Code::kResourceExhausted:
      return GRPC_STATUS_RESOURCE_EXHAUSTED;
    case Code::kAborted:
      return GRPC_STATUS_ABORTED;
    case Code::kUnavailable:
      return GRPC_STATUS_UNAVAILABLE;
    case Code::kDeadlineExceeded:
      return GRPC_STATUS_DEADLINE_EXCEEDED;
    case Code::kUnimplemented:
      return GRPC_STATUS_UNIMPLEMENTED;
    case Code::kInternal:
      return GRPC_STATUS_INTERNAL;
  }
  return GRPC_STATUS_UNKNOWN;
}

// The library words a peer as a URI: "ipv4:127.0.0.1:50312", "ipv6:%5B::1%5D:50312".
std::string NameOfPeer(std::string_view uri) {
  for (const std::string_view scheme : {"ipv4:", "ipv6:"}) {
    if (uri.starts_with(scheme)) uri.remove_prefix(scheme.size());
  }
  std::string name;
  for (size_t i = 0; i < uri.size(); ++i) {
    const std::string_view escape = uri.substr(i, 3);
    const bool opens = escape == "%5B" || escape == "%5b";
    const bool closes = escape == "%5D" || escape == "%5d";
    name += opens ? '[' : closes ? ']' : uri[i];
    if (opens || closes) i += 2;
  }
  return name;
}

}  // namespace

CallState::CallState(CallOwner& owner, const RegisteredMethod& method, grpc_completion_queue* queue)
    : owner_(owner),
      method_(method),
      queue_(queue),
      accepted_{this, &CallState::OnAccepted},
      closed_{this, &CallState::OnClosed},
      received_{this, &CallState::OnReceived},
      sent_{this, &CallState::OnSent},
      finished_{this, &CallState::OnFinished} {
  grpc_metadata_array_init(&metadata_);
  if (IsUnknown()) grpc_call_details_init(&details_);
}

CallState::~CallState() {
  DropPayload();
  if (outgoing_ != nullptr) grpc_byte_buffer_destroy(outgoing_);
  for (grpc_metadata& header : sent_headers_) {
    grpc_slice_unref(header.key);
    grpc_slice_unref(header.value);
  }
  grpc_metadata_array_destroy(&metadata_);
  if (IsUnknown()) grpc_call_details_destroy(&details_);
  if (call_ != nullptr) grpc_call_unref(call_);
  if (began_) owner_.Ended(this);
}

bool CallState::Accept(grpc_server* server) {
  accepted_.keep = shared_from_this();
  const bool reads = method().messages != Messages::kEach;
  const grpc_call_error error =
      IsUnknown() ? grpc_server_request_call(server, &call_, &details_, &metadata_, queue_, queue_,
                                             &accepted_)
                  : grpc_server_request_registered_call(server, method_.handle, &call_, &deadline_,
                                                        &metadata_, reads ? &payload_ : nullptr,
                                                        queue_, queue_, &accepted_);
  if (error == GRPC_CALL_OK) return true;
  accepted_.keep.reset();
  return false;
}

std::string CallState::Peer() const {
  char* uri = grpc_call_get_peer(call_);
  const std::string peer = NameOfPeer(uri);
  gpr_free(uri);
  return peer;
}

void CallState::Complete(Tag* tag, bool ok) {
  const auto keep = std::move(tag->keep);
  (keep.get()->*tag->done)(ok);
}

void CallState::OnAccepted(bool) {}

void CallState::Begin() {
  began_ = true;
  if (!owner_.Started(this)) {
    Fail(Code::kResourceExhausted, "Too many calls at a time");
    return;
  }
  if (IsUnknown()) {
    deadline_ = details_.deadline;
    Fail(Code::kUnimplemented, fmt::format("There is no method {}", ViewOf(details_.method)));
    return;
  }
  if (method().messages != Messages::kOne) WatchForCancel();
  if (method().messages == Messages::kEach) {
    std::lock_guard lock(mutex_);
    StartRead();
    return;
  }
  if (payload_ == nullptr) {
    Fail(Code::kInvalidArgument, "The call carries no message");
    return;
  }
  TakePayload();
  owner_.Run(shared_from_this());
}

void CallState::WatchForCancel() {
  std::lock_guard lock(mutex_);
  if (watches_close_ || is_finished_) return;
  grpc_op op = {};
  op.op = GRPC_OP_RECV_CLOSE_ON_SERVER;
  op.data.recv_close_on_server.cancelled = &cancelled_;
  watches_close_ = Start(&op, 1, &closed_);
}

bool CallState::Start(const grpc_op* ops, size_t count, Tag* tag) {
  tag->keep = shared_from_this();
  if (grpc_call_start_batch(call_, ops, count, tag, nullptr) == GRPC_CALL_OK) return true;
  tag->keep.reset();
  return false;
}

void CallState::StartRead() {
  DropPayload();
  grpc_op op = {};
  op.op = GRPC_OP_RECV_MESSAGE;
  op.data.recv_message.recv_message = &payload_;
  Start(&op, 1, &received_);
}

void CallState::OnClosed(bool) {
  if (cancelled_ != 0) is_gone_ = true;
}

void CallState::OnReceived(bool ok) {
  if (!ok || payload_ == nullptr) {  // the client has said all
    std::lock_guard lock(mutex_);
    if (!is_finished_) StartStatus({}, nullptr);
    return;
  }
  TakePayload();
  {
    std::lock_guard lock(mutex_);
    if (is_finished_) return;
    is_running_ = true;
  }
  owner_.Run(shared_from_this());
}

void CallState::OnSent(bool ok) {
  std::lock_guard lock(mutex_);
  is_sending_ = false;
  grpc_byte_buffer_destroy(outgoing_);
  outgoing_ = nullptr;
  if (is_finished_) return;
  if (!ok) {
    is_gone_ = true;
  } else if (is_ending_) {
    SayEnd();
  } else if (method().messages == Messages::kEach) {
    StartRead();
  }
}

void CallState::OnFinished(bool) {}

void CallState::EndStream(std::optional<std::string> last) {
  std::lock_guard lock(mutex_);
  if (is_finished_) return;
  is_ending_ = true;
  if (last) last_ = std::move(last);
  if (!is_sending_ && !is_running_) SayEnd();
}

void CallState::SayEnd() {
  StartStatus({GRPC_STATUS_UNAVAILABLE, "The server is ending"}, last_ ? &*last_ : nullptr);
}

void CallState::AddHead(std::vector<grpc_op>* ops) {
  if (head_sent_) return;
  head_sent_ = true;
  for (auto& [key, value] : headers_) {
    sent_headers_.push_back({SliceOf(std::string_view(key)), SliceOf(std::string_view(value)), {}});
  }
  grpc_op& op = ops->emplace_back();
  op = {};
  op.op = GRPC_OP_SEND_INITIAL_METADATA;
  op.data.send_initial_metadata.count = sent_headers_.size();
  op.data.send_initial_metadata.metadata = sent_headers_.data();
}

void CallState::StartStatus(const Status& status, std::string* message) {
  is_finished_ = true;
  std::vector<grpc_op> ops;
  ops.reserve(4);
  AddHead(&ops);
  if (message != nullptr) {
    grpc_slice slice = SliceOf(std::move(*message));
    outgoing_ = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    grpc_op& op = ops.emplace_back();
    op = {};
    op.op = GRPC_OP_SEND_MESSAGE;
    op.data.send_message.send_message = outgoing_;
  }
  grpc_slice text = SliceOf(std::string_view(status.text).substr(0, kStatusTextBytesMax));
  grpc_op& op = ops.emplace_back();
  op = {};
  op.op = GRPC_OP_SEND_STATUS_FROM_SERVER;
  op.data.send_status_from_server.status = status.code;
  op.data.send_status_from_server.status_details = &text;
  if (!watches_close_) {
    watches_close_ = true;
    grpc_op& close = ops.emplace_back();
    close = {};
    close.op = GRPC_OP_RECV_CLOSE_ON_SERVER;
    close.data.recv_close_on_server.cancelled = &cancelled_;
  }
  // A call that is gone refuses; then nobody is there to be told.
  Start(ops.data(), ops.size(), &finished_);
  grpc_slice_unref(text);
}

void CallState::TakePayload() {
  const auto& buffer = payload_->data.raw.slice_buffer;
  if (buffer.count == 1) {
    message_ = ViewOf(buffer.slices[0]);
  } else if (buffer.count == 0) {
    message_ = {};
  } else {
    grpc_byte_buffer_reader reader;
    CHECK(grpc_byte_buffer_reader_init(&reader, payload_) != 0);
    pieces_ = grpc_byte_buffer_reader_readall(&reader);
    grpc_byte_buffer_reader_destroy(&reader);
    has_pieces_ = true;
    message_ = ViewOf(pieces_);
    grpc_byte_buffer_destroy(payload_);
    payload_ = nullptr;
  }
}

void CallState::DropPayload() {
  message_ = {};
  if (has_pieces_) grpc_slice_unref(pieces_);
  has_pieces_ = false;
  if (payload_ != nullptr) grpc_byte_buffer_destroy(payload_);
  payload_ = nullptr;
}

std::optional<std::string_view> CallState::FindMetadata(std::string_view key) const {
  for (size_t i = 0; i < metadata_.count; ++i) {
    if (ViewOf(metadata_.metadata[i].key) == key) return ViewOf(metadata_.metadata[i].value);
  }
  return std::nullopt;
}

std::optional<int64_t> CallState::DeadlineUs() const {
  if (gpr_time_cmp(deadline_, gpr_inf_future(deadline_.clock_type)) >= 0) return std::nullopt;
  const gpr_timespec now = gpr_now(deadline_.clock_type);
  return MonotonicUs() + (deadline_.tv_sec - now.tv_sec) * 1'000'000 +
         (deadline_.tv_nsec - now.tv_nsec) / 1000;
}

bool CallState::IsGivenUp() const {
  if (is_gone_ || gpr_time_cmp(gpr_now(deadline_.clock_type), deadline_) >= 0) return true;
  std::lock_guard lock(mutex_);
  return is_finished_;
}

void CallState::AddMetadata(std::string key, std::string value) {
  std::lock_guard lock(mutex_);
  headers_.emplace_back(std::move(key), std::move(value));
}

void CallState::Finish(std::string message) {
  std::lock_guard lock(mutex_);
  if (is_finished_) return;
  StartStatus({}, &message);
}

void CallState::Fail(Code code, std::string_view text) {
  std::lock_guard lock(mutex_);
  is_running_ = false;
  if (is_finished_) return;
  StartStatus({StatusOf(code), std::string(text)}, nullptr);
}

bool CallState::Send(std::string message) {
  std::lock_guard lock(mutex_);
  is_running_ = false;
  if (is_finished_ || is_sending_ || is_gone_) return false;
  grpc_slice slice = SliceOf(std::move(message));
  outgoing_ = grpc_raw_byte_buffer_create(&slice, 1);
  grpc_slice_unref(slice);
  std::vector<grpc_op> ops;
  ops.reserve(2);
  AddHead(&ops);
  grpc_op& op = ops.emplace_back();
  op = {};
  op.op = GRPC_OP_SEND_MESSAGE;
  op.data.send_message.send_message = outgoing_;
  is_sending_ = Start(ops.data(), ops.size(), &sent_);
  if (!is_sending_) {
    grpc_byte_buffer_destroy(outgoing_);
    outgoing_ = nullptr;
  }
  return is_sending_;
}

std::string_view Call::message() const {
  return state_->message();
}
std::optional<std::string_view> Call::FindMetadata(std::string_view key) const {
  return state_->FindMetadata(key);
}
std::optional<int64_t> Call::DeadlineUs() const {
  return state_->DeadlineUs();
}
void Call::SetCaller(Caller caller) const {
  state_->SetCaller(std::move(caller));
}
const Caller& Call::caller() const {
  return state_->caller();
}
std::string Call::Peer() const {
  return state_->Peer();
}
bool Call::IsGivenUp() const {
  return state_->IsGivenUp();
}
void Call::AddMetadata(std::string key, std::string value) const {
  state_->AddMetadata(std::move(key), std::move(value));
}
void Call::Finish(std::string message) const {
  state_->Finish(std::move(message));
}
void Call::Fail(Code code, std::string_view message) const {
  state_->Fail(code, message);
}
bool Call::Send(std::string message) const {
  return state_->Send(std::move(message));
}
void Call::End(std::optional<std::string> last) const {
  state_->EndStream(std::move(last));
}

}  // namespace millwright::grpc

#include "serving/replica_client.h"

#include <sys/socket.h>

#include <utility>

#include "base/error.h"

namespace millwright::serving {
namespace {

constexpr int64_t kConnectTimeoutMs = 1;  // of a heartbeat, when the backlog is full

}  // namespace

ReplicaClient::ReplicaClient(std::filesystem::path socket, int64_t timeout_ms)
    : path_(std::move(socket)), timeout_ms_(timeout_ms) {}

Socket ReplicaClient::Take() {
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      Socket socket = std::move(idle_.back());
      idle_.pop_back();
      return socket;
    }
  }
  return ConnectTo(path_, timeout_ms_);
}

void ReplicaClient::GiveBack(Socket socket) {
  std::lock_guard lock(mutex_);
  if (idle_.size() < kIdleConnectionsMax) idle_.push_back(std::move(socket));
}

Transfer ReplicaClient::Exchange(std::string_view frame, Frame* answer) {
  Socket socket = Take();
  if (!socket.open()) return Transfer::kClosed;
  Transfer transfer = WriteAll(socket, frame);
  if (transfer == Transfer::kDone) transfer = ReadFrame(socket, answer);
  if (transfer == Transfer::kDone) GiveBack(std::move(socket));
  return transfer;
}

std::optional<ReplicaClient::Call> ReplicaClient::Start(std::string_view frame) {
  Call call{Take()};
  if (!call.socket.open() || WriteAll(call.socket, frame) != Transfer::kDone) return std::nullopt;
  return call;
}

std::optional<Result<InferAnswer>> ReplicaClient::Infer(std::string_view frame) {
  auto call = Start(frame);
  if (!call) return std::nullopt;
  return Finish(*std::move(call));
}

std::optional<Result<InferAnswer>> ReplicaClient::Finish(Call call) {
  Frame answer;
  const Transfer transfer = ReadFrame(call.socket, &answer);
  if (transfer == Transfer::kDone) GiveBack(std::move(call.socket));
  switch (transfer) {
    case Transfer::kClosed:
      return std::nullopt;
    case Transfer::kTimedOut:
      return Unexpected(DeadlineExceeded("The replica did not answer within {} ms", timeout_ms_));
    case Transfer::kDone:
      break;
  }
  if (answer.kind == FrameKind::kAnswer) return DecodeAnswer(answer.body);
  if (answer.kind == FrameKind::kError) return Unexpected(DecodeError(answer.body));
  return Unexpected(Internal("The replica's answer is of the wrong kind"));
}

std::optional<Result<ModelInfo>> ReplicaClient::Describe(const std::string& model) {
  Frame answer;
  if (Exchange(EncodeDescribe(model), &answer) != Transfer::kDone) return std::nullopt;
  if (answer.kind == FrameKind::kError) return Unexpected(DecodeError(answer.body));
  return DecodeDescription(answer.body);
}

void Heartbeat::Receive(bool* answered) {
  char head[sizeof(FrameHead)];
  const ssize_t got = recv(socket_.fd(), head, sizeof head - received_, MSG_DONTWAIT);
  if (got == 0) {
    socket_.Close();
    waiting_ = false;
  }
  if (got > 0) received_ += static_cast<size_t>(got);
  if (received_ != sizeof head) return;
  waiting_ = false;
  *answered = true;
}

bool Heartbeat::Beat() {
  bool answered = false;
  if (waiting_) Receive(&answered);
  if (waiting_) return false;
  received_ = 0;
  if (!socket_.open()) socket_ = ConnectTo(path_, kConnectTimeoutMs);
  if (!socket_.open()) return answered;
  const std::string ping = EncodeEmpty(FrameKind::kPing);
  waiting_ = send(socket_.fd(), ping.data(), ping.size(), MSG_DONTWAIT | MSG_NOSIGNAL) ==
             static_cast<ssize_t>(ping.size());
  return answered;
}

}  // namespace millwright::serving

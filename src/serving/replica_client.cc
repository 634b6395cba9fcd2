#include "serving/replica_client.h"

#include <sys/socket.h>

#include <atomic>
#include <utility>

#include "base/error.h"

namespace millwright::serving {
namespace {

constexpr int64_t kConnectTimeoutMs = 1;  // of a heartbeat, when the backlog is full

std::atomic<uint64_t> clients_made = 0;

}  // namespace

ReplicaClient::ReplicaClient(std::filesystem::path socket, int64_t timeout_ms)
    : id_(clients_made.fetch_add(1)), path_(std::move(socket)), timeout_ms_(timeout_ms) {}

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

std::optional<ReplicaClient::Call> ReplicaClient::Start(std::string_view frame) {
  Call call{Take()};
  if (!call.socket.open() || WriteAll(call.socket, frame) != Transfer::kDone) return std::nullopt;
  return call;
}

Transfer ReplicaClient::Receive(Call call, Frame* answer) {
  const Transfer transfer = ReadFrame(call.socket, answer);
  if (transfer == Transfer::kDone) GiveBack(std::move(call.socket));
  return transfer;
}

std::optional<Result<InferAnswer>> ReplicaClient::Infer(std::string_view frame) {
  auto call = Start(frame);
  if (!call) return std::nullopt;
  Frame answer;
  switch (Receive(*std::move(call), &answer)) {
    case Transfer::kClosed:
      return std::nullopt;
    case Transfer::kTimedOut:
      return Unexpected(DeadlineExceeded("The replica did not answer within {} ms", timeout_ms_));
    case Transfer::kDone:
      break;
  }
  return DecodeReply(answer.kind, answer.body);
}

std::optional<Result<ModelInfo>> ReplicaClient::Describe(const std::string& model) {
  auto call = Start(EncodeDescribe(model));
  Frame answer;
  if (!call || Receive(*std::move(call), &answer) != Transfer::kDone) return std::nullopt;
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

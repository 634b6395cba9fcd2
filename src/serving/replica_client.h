#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "serving/unix_socket.h"

namespace millwright::serving {

inline constexpr size_t kIdleConnectionsMax = 128;

// Calls one replica process over a pool of connections; a call takes one for itself, and the
// calling thread waits. Thread-safe.
class ReplicaClient {
 public:
  ReplicaClient(std::filesystem::path socket, int64_t timeout_ms);

  // No other client of this process has the same.
  uint64_t id() const { return id_; }
  const std::string& path() const { return path_.native(); }
  int64_t timeout_ms() const { return timeout_ms_; }

  // Sends an encoded request and returns the replica's answer or error. Nothing when the replica
  // went away before it answered, which says that another one may be asked; a replica that is there
  // but too slow is kDeadlineExceeded.
  std::optional<Result<InferAnswer>> Infer(std::string_view frame);

  // The same in two steps: between them the caller may wait for this answer and another one's. A
  // call that is let go of before Receive loses its connection and its answer.
  struct Call {
    Socket socket;
  };
  std::optional<Call> Start(std::string_view frame);
  Transfer Receive(Call call, Frame* answer);

  // Asks for the model's description; nothing while nobody listens.
  std::optional<Result<ModelInfo>> Describe(const std::string& model);

 private:
  Socket Take();
  void GiveBack(Socket socket);

  const uint64_t id_;
  const std::filesystem::path path_;
  const int64_t timeout_ms_;
  std::mutex mutex_;
  std::vector<Socket> idle_;
};

// Renews a replica's lease without ever blocking the thread that looks after all of them.
class Heartbeat {
 public:
  explicit Heartbeat(std::filesystem::path socket) : path_(std::move(socket)) {}
  // Sends a ping unless one is under way; returns whether an answer came since the last call.
  bool Beat();

 private:
  void Receive(bool* answered);

  const std::filesystem::path path_;
  Socket socket_;  // connected again after the other end closed it
  bool waiting_ = false;
  size_t received_ = 0;  // bytes of the answer so far
};

}  // namespace millwright::serving

#pragma once

#include <memory>
#include <string>

#include "api/prediction/request.h"
#include "api/rpc.h"

namespace millwright::server {

struct RpcPortOptions {
  std::string host = "127.0.0.1";
  int port = 0;  // 0 picks a free one
  int workers = 8;
  int message_bytes_max = 64 << 20;
};

// The gRPC port of a server of predictions: which services are there.
class RpcPort {
 public:
  // Throws kUnavailable where the port cannot be had or the library is not installed. `context`
  // outlives this.
  RpcPort(const RpcPortOptions& options, api::prediction::Context& context,
          api::AuthorizeRpc authorize);
  ~RpcPort();

  int port() const;
  std::string MetricsText() const;
  // As grpc::Server does.
  bool Drain(int64_t deadline_ms);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace millwright::server

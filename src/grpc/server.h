#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "grpc/call.h"

namespace millwright::grpc {

enum class Messages {
  kOne,     // one in, one out
  kEach,    // any number in, each answered by one Send before the next one is read
  kFollow,  // one in, any number out until the client or the server ends it
};

struct Method {
  std::string path;  // "/package.Service/Method"
  Messages messages = Messages::kOne;
  // Runs for each message that comes; it may block, and answer later from any thread. Never throws.
  std::function<void(Call)> handle;
};

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;  // 0 picks a free one
  // Threads that move bytes. A handler runs on the one that its message came to, as long as one is
  // left that moves bytes, and on a worker else.
  int pollers = 2;
  int workers = 8;
  size_t waiting_max = 1024;                 // for a worker; beyond: RESOURCE_EXHAUSTED
  int calls_max = 4096;                      // at a time; beyond: RESOURCE_EXHAUSTED
  int message_bytes_max = 64 << 20;          // either way
  int metadata_bytes_max = 16 << 10;         // of a call's headers
  int connection_calls_max = 256;            // at a time on one connection; more wait there
  int64_t memory_bytes_max = 1LL << 30;      // of all connections' buffers
  int handshake_ms = 10'000;                 // for the start of a connection
  int idle_ms = 600'000;                     // a connection without calls is closed after this
  int ping_after_ms = 60'000;                // without any byte a client is pinged
  int ping_timeout_ms = 20'000;              // and closed when it does not answer
  int client_ping_interval_min_ms = 10'000;  // a client that pings more often is closed
};

// A gRPC server without TLS on one port. It knows methods and bytes of messages; what they mean is
// told elsewhere. Methods that it does not have are UNIMPLEMENTED, and so are compressed messages.
class Server {
 public:
  // Throws kUnavailable for an address that cannot be had or without the library.
  Server(const ServerOptions& options, std::vector<Method> methods);
  // Drains for a second at most, then cancels what is left and waits until all calls are gone.
  ~Server();

  int port() const;
  // Takes no more calls, ends streams with UNAVAILABLE and lets the rest finish, at most
  // `deadline_ms`; what is left then is cancelled. Returns whether all finished.
  bool Drain(int64_t deadline_ms);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millwright::grpc

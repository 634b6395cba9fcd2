#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "http/message.h"
#include "http/reply.h"

namespace millwright::http {

// Where a handler runs. Handlers block (SQLite, DuckDB, ONNX), so each lane is a bounded pool; a
// full lane answers 503 with Retry-After. kInline runs on the I/O thread and is only for work that
// never blocks and takes less than 50 µs.
enum class Lane { kInline, kMeta, kBulk, kInfer };

// Whether the body is read before the handler runs (up to the limit) or given as a reader.
enum class Body { kWhole, kStream };

// What the router found for a request's head: where to run and what. The server calls it on an I/O
// thread as soon as the head is read, before the body.
struct Target {
  Lane lane = Lane::kMeta;
  Body body = Body::kWhole;
  uint64_t body_bytes_max = 0;
  // Words a refusal by the server itself as the route's protocol does; text where there is none.
  Response (*word_error)(const Error&) = nullptr;
  // Runs on the lane. Never throws: dispatch turns errors into the protocol's answer.
  std::function<void(Request&&, Reply)> handle;
};
using Resolve = std::function<Target(Request& head)>;

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 5000;  // 0 picks a free one
  int io_threads = 1;
  int meta_threads = 8;
  int bulk_threads = 4;
  int infer_threads = 2;
  size_t lane_queue_max = 1024;
  size_t connections_max = 4096;
  size_t head_bytes_max = 64 * 1024;
  int streams_max = 512;  // producers at a time, each on a thread: event streams, logs; beyond: 503
  int files_max = 64;     // files and parts sent at a time; more wait for their turn
  int64_t idle_timeout_ms = 60'000;   // between requests of a connection
  int64_t read_timeout_ms = 30'000;   // without any byte of a started request
  int64_t write_timeout_ms = 30'000;  // without any byte taken by the client
};

struct ServerStats {
  int64_t connections = 0;
  int64_t requests = 0;
  int64_t streams = 0;  // producers at work
  int64_t refused = 0;  // 503 because a lane was full
};

// An HTTP/1.1 server: keep-alive, pipelining, chunked bodies both ways, Expect: 100-continue, HEAD,
// limits on everything. Bind errors throw kUnavailable naming host and port.
class Server {
 public:
  Server(const ServerOptions& options, Resolve resolve);
  // Drains for a second at most, then cuts what is left and waits for handlers and producers to
  // return and for every Reply to be gone: whatever these wait for must be closed before.
  ~Server();

  int port() const;
  // Stops accepting, lets running requests finish, then closes; at most `deadline_ms`. Returns
  // whether all finished in time.
  bool Drain(int64_t deadline_ms);
  ServerStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millwright::http

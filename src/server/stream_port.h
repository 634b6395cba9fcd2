#pragma once

#include <memory>
#include <string>

namespace millwright::streaming {
struct StreamCounts;
}

namespace millwright::server {

// GET /metrics and /health of a stream, on a port of its own.
class StreamPort {
 public:
  // 0 picks a free port. Throws for a taken port. The counts outlive it.
  StreamPort(const std::string& host, int port, const streaming::StreamCounts& counts);
  ~StreamPort();
  int port() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace millwright::server

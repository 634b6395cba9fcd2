#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/answer.h"
#include "http/message.h"

namespace millwright::http {

// Writes a produced body to a socket on the producer's thread, framed as the head said.
class StreamWriter : public BodyWriter {
 public:
  struct Options {
    int fd;
    BodyFraming framing;
    uint64_t length;  // with BodyFraming::kLength
    int64_t write_timeout_ms;
  };
  StreamWriter(const Options& options, const std::atomic<bool>& draining)
      : options_(options), left_(options.length), draining_(draining) {}

  bool Write(std::string_view bytes) override;
  bool WriteFile(int fd, uint64_t offset, uint64_t length) override;
  // Ends the body; returns whether the client has all of it and the connection can go on.
  bool Finish();

 private:
  bool WriteChunk(std::string_view bytes);

  const Options options_;
  uint64_t left_;
  const std::atomic<bool>& draining_;
  bool gone_ = false;
  std::string frame_;
};

}  // namespace millwright::http

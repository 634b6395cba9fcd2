#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/read_buffer.h"
#include "http/request_parser.h"

namespace millwright::http {

// A body must come at this rate on average, once the read timeout has passed: a client that sends a
// byte now and then cannot hold a thread or a connection for ever.
inline constexpr int64_t kBodyBytesPerSecondMin = 1024;
// Bytes asked of the socket at once while a body or a head comes in.
inline constexpr size_t kReadStep = 4 * 1024;
inline constexpr size_t kReadStepMax = 32 * 1024;  // where requests of such a size come
inline constexpr size_t kBodyReadStep = 64 * 1024;
// A chunk's size line and the trailers must fit into this.
inline constexpr size_t kChunkLineBytesMax = 16 * 1024;

// The body of the request under way on one connection: what came, what is left, how it is framed.
// Used by the connection's coroutine or by one lane thread while the coroutine is suspended, never
// by both.
class RequestBody {
 public:
  RequestBody(int fd, ReadBuffer& buffer, RequestParser& parser, int64_t read_timeout_ms)
      : fd_(fd), buffer_(buffer), parser_(parser), read_timeout_ms_(read_timeout_ms) {}

  void Begin(const Framing& framing, uint64_t bytes_max);

  const Framing& framing() const { return framing_; }
  bool done() const { return framing_.chunked ? chunked_done_ && decoded_.empty() : left_ == 0; }
  // Bytes still to come; only without chunked framing.
  uint64_t left() const { return left_; }
  uint64_t received() const { return received_; }
  bool continue_pending() const { return continue_pending_; }
  void ContinueSent() { continue_pending_ = false; }

  // Counts bytes that the coroutine took from the socket by itself.
  void CountRead(size_t bytes);
  // Decodes what the buffer holds of a chunked body and appends it to `out`.
  enum class Decoded { kOk, kMalformed, kTooLarge };
  Decoded DecodeChunks(std::string* out);

  // Waits for bytes on the calling thread; see BodyReader::Read.
  size_t Read(char* out, size_t size);

 private:
  size_t ReadPlain(char* out, size_t size);
  size_t ReadChunked(char* out, size_t size);
  size_t Receive(char* out, size_t size);
  void SendContinue();

  const int fd_;
  ReadBuffer& buffer_;
  RequestParser& parser_;
  const int64_t read_timeout_ms_;
  Framing framing_;
  uint64_t bytes_max_ = 0;
  uint64_t left_ = 0;
  uint64_t received_ = 0;
  int64_t waited_us_ = 0;
  bool continue_pending_ = false;
  bool chunked_done_ = false;
  std::string decoded_;  // of a chunk, not yet given to the reader
  size_t decoded_at_ = 0;
};

}  // namespace millwright::http

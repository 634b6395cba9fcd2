#include "http/request_body.h"

#include <algorithm>

#include "base/error.h"
#include "http/socket_io.h"

namespace millwright::http {

void RequestBody::Begin(const Framing& framing, uint64_t bytes_max) {
  framing_ = framing;
  bytes_max_ = bytes_max;
  left_ = framing.length.value_or(0);
  received_ = 0;
  waited_us_ = 0;
  continue_pending_ = framing.expects_continue;
  chunked_done_ = false;
  decoded_.clear();
  decoded_at_ = 0;
}

void RequestBody::CountRead(size_t bytes) {
  received_ += bytes;
  left_ -= bytes;
}

RequestBody::Decoded RequestBody::DecodeChunks(std::string* out) {
  const size_t before = out->size();
  buffer_.Consume(parser_.PutChunked(buffer_.view(), out));
  received_ += out->size() - before;
  if (received_ > bytes_max_) return Decoded::kTooLarge;
  chunked_done_ = parser_.body_done();
  const bool stuck = !chunked_done_ && buffer_.size() >= kChunkLineBytesMax;
  return parser_.refusal() || stuck ? Decoded::kMalformed : Decoded::kOk;
}

size_t RequestBody::Read(char* out, size_t size) {
  if (done() || size == 0) return 0;
  if (continue_pending_ && buffer_.empty()) SendContinue();
  return framing_.chunked ? ReadChunked(out, size) : ReadPlain(out, size);
}

size_t RequestBody::ReadPlain(char* out, size_t size) {
  size = static_cast<size_t>(std::min<uint64_t>(size, left_));
  const size_t got = buffer_.empty() ? Receive(out, size) : buffer_.Take(out, size);
  CountRead(got);
  return got;
}

size_t RequestBody::ReadChunked(char* out, size_t size) {
  while (decoded_.empty() && !chunked_done_) {
    switch (DecodeChunks(&decoded_)) {
      case Decoded::kOk:
        break;
      case Decoded::kMalformed:
        throw InvalidArgument("Malformed chunked body");
      case Decoded::kTooLarge:
        throw ResourceExhausted("Request body is larger than the limit of {} bytes", bytes_max_);
    }
    if (!decoded_.empty() || chunked_done_) break;
    buffer_.Reserve(kBodyReadStep);
    buffer_.Commit(Receive(buffer_.tail(), buffer_.tail_size()));
  }
  const size_t given = decoded_.copy(out, size, decoded_at_);
  decoded_at_ += given;
  if (decoded_at_ == decoded_.size()) {
    decoded_.clear();
    decoded_at_ = 0;
  }
  return given;
}

size_t RequestBody::Receive(char* out, size_t size) {
  const int64_t allowed_ms =
      read_timeout_ms_ + static_cast<int64_t>(received_) * 1000 / kBodyBytesPerSecondMin;
  const int64_t timeout_ms = std::min(read_timeout_ms_, allowed_ms - waited_us_ / 1000);
  const ReadResult result = ReadSome(fd_, out, size, timeout_ms, &waited_us_);
  if (result.status == IoStatus::kTimeout)
    throw DeadlineExceeded("The client sent the request body too slowly");
  if (result.status == IoStatus::kClosed)
    throw InvalidArgument("The client broke off before the end of the request body");
  return result.bytes;
}

void RequestBody::SendContinue() {
  continue_pending_ = false;
  WriteAll(fd_, "HTTP/1.1 100 Continue\r\n\r\n", More::kNo, read_timeout_ms_);
}

}  // namespace millwright::http

#include "http/stream_writer.h"

#include <charconv>

#include "http/socket_io.h"

namespace millwright::http {
namespace {

// Chunks up to this size are copied behind their size line and go out by one call.
constexpr size_t kJoinedChunkMax = 16 * 1024;

}  // namespace

bool StreamWriter::Write(std::string_view bytes) {
  if (gone_) return false;
  // A body of a declared length is finished even while the server drains.
  if (draining_.load() && options_.framing != BodyFraming::kLength) return false;
  if (bytes.empty()) return true;
  if (options_.framing == BodyFraming::kChunked) return WriteChunk(bytes);
  if (options_.framing == BodyFraming::kLength) {
    if (bytes.size() > left_) {
      gone_ = true;
      return false;
    }
    left_ -= bytes.size();
  }
  gone_ = WriteAll(options_.fd, bytes, More::kNo, options_.write_timeout_ms) != IoStatus::kOk;
  return !gone_;
}

bool StreamWriter::WriteFile(int fd, uint64_t offset, uint64_t length) {
  if (gone_ || length == 0) return !gone_;
  if (options_.framing != BodyFraming::kLength || length > left_) {
    gone_ = true;
    return false;
  }
  left_ -= length;
  gone_ = SendFile(options_.fd, fd, offset, length, options_.write_timeout_ms) != IoStatus::kOk;
  return !gone_;
}

bool StreamWriter::WriteChunk(std::string_view bytes) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, bytes.size(), 16).ptr;
  frame_.assign(digits, end);
  frame_.append("\r\n");
  const auto send = [&](std::string_view part, More more) {
    return WriteAll(options_.fd, part, more, options_.write_timeout_ms) == IoStatus::kOk;
  };
  if (bytes.size() <= kJoinedChunkMax) {
    frame_.append(bytes).append("\r\n");
    gone_ = !send(frame_, More::kNo);
  } else {
    gone_ = !(send(frame_, More::kYes) && send(bytes, More::kYes) && send("\r\n", More::kNo));
  }
  return !gone_;
}

bool StreamWriter::Finish() {
  if (gone_ || options_.framing == BodyFraming::kUntilClose) return false;
  if (options_.framing == BodyFraming::kLength) return left_ == 0;
  return WriteAll(options_.fd, "0\r\n\r\n", More::kNo, options_.write_timeout_ms) == IoStatus::kOk;
}

}  // namespace millwright::http

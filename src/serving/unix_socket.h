#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "serving/frame.h"

namespace millwright::serving {

// The longest path that a Unix-domain socket can have.
inline constexpr size_t kSocketPathBytesMax = 107;

// An open socket, closed when this goes away.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket();
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;

  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void Close();
  // Reads and writes give up when nothing moves for so long.
  void LimitTransfers(int64_t timeout_ms) const;

 private:
  int fd_ = -1;
};

// Listens on a path that only this user can reach and that is there, in the place of what was, once
// it can be connected to. Throws kInvalidArgument for a path too long, kUnavailable when it cannot
// be bound.
Socket ListenOn(const std::filesystem::path& path);
// Connects, or gives a socket that is not open when nobody listens. Reads and writes of the
// connection give up after `timeout_ms`.
Socket ConnectTo(const std::filesystem::path& path, int64_t timeout_ms);

enum class Transfer { kDone, kClosed, kTimedOut };

// Writes all bytes.
Transfer WriteAll(const Socket& socket, std::string_view bytes);

struct Frame {
  FrameKind kind = FrameKind::kPing;
  std::string body;
};
// Reads one frame; anything that is no frame counts as closed.
Transfer ReadFrame(const Socket& socket, Frame* frame);

}  // namespace millwright::serving

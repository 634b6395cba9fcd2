#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
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
  // Ends reading, so that whoever blocks in a read returns; writes still go out.
  void ShutdownRead();

 private:
  int fd_ = -1;
};

// Listens on a path that only this user can reach. Throws kInvalidArgument for a path too long,
// kUnavailable when it cannot be bound.
Socket ListenOn(const std::filesystem::path& path);
// Connects, or gives a socket that is not open when nobody listens. Reads and writes of the
// connection give up after `timeout_ms`.
Socket ConnectTo(const std::filesystem::path& path, int64_t timeout_ms);

enum class Transfer { kDone, kClosed, kTimedOut };

// Waits until one of the sockets has something to read or is closed, at most `timeout_us`. Returns
// its index, -1 when the time is up.
int WaitReadable(std::initializer_list<const Socket*> sockets, int64_t timeout_us);

// Writes all bytes.
Transfer WriteAll(const Socket& socket, std::string_view bytes);

struct Frame {
  FrameKind kind = FrameKind::kPing;
  std::string body;
};
// Reads one frame; anything that is no frame counts as closed.
Transfer ReadFrame(const Socket& socket, Frame* frame);

}  // namespace millwright::serving

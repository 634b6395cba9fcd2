#include "serving/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace millwright::serving {
namespace {

constexpr int kBacklog = 256;
constexpr size_t kFirstReadBytes = 8 * 1024;

sockaddr_un AddressOf(const std::filesystem::path& path) {
  const std::string text = path.string();
  if (text.empty() || text.size() > kSocketPathBytesMax) {
    throw InvalidArgument("The path of a socket has at most {} bytes: {}", kSocketPathBytesMax,
                          text);
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, text.data(), text.size());
  return address;
}

Transfer Failure() {
  return errno == EAGAIN || errno == EWOULDBLOCK ? Transfer::kTimedOut : Transfer::kClosed;
}

// Reads what is there, at least a byte, and adds how much that was.
Transfer ReadSome(const Socket& socket, char* buffer, size_t size, size_t* count) {
  for (;;) {
    const ssize_t got = recv(socket.fd(), buffer, size, 0);
    if (got == 0) return Transfer::kClosed;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failure();
    *count += static_cast<size_t>(got);
    return Transfer::kDone;
  }
}

Transfer ReadAll(const Socket& socket, char* buffer, size_t size) {
  size_t count = 0;
  while (count < size) {
    const Transfer transfer = ReadSome(socket, buffer + count, size - count, &count);
    if (transfer != Transfer::kDone) return transfer;
  }
  return Transfer::kDone;
}

}  // namespace

Socket::~Socket() {
  Close();
}

Socket::Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

void Socket::Close() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

void Socket::LimitTransfers(int64_t timeout_ms) const {
  const timeval limit{timeout_ms / 1000, timeout_ms % 1000 * 1000};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

Socket ListenOn(const std::filesystem::path& path) {
  // Bound under another name of the same length until it listens.
  std::string unheard = path.string();
  if (!unheard.empty()) unheard.back() = '~';
  const sockaddr_un address = AddressOf(unheard);
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  unlink(unheard.c_str());
  const bool listens =
      socket.open() &&
      bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      chmod(unheard.c_str(), S_IRUSR | S_IWUSR) == 0 && listen(socket.fd(), kBacklog) == 0 &&
      rename(unheard.c_str(), path.c_str()) == 0;
  if (!listens) {
    throw Unavailable("Cannot listen on {}: {}", path.string(), std::strerror(errno));
  }
  return socket;
}

Socket ConnectTo(const std::filesystem::path& path, int64_t timeout_ms) {
  const sockaddr_un address = AddressOf(path);
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.open()) return socket;
  socket.LimitTransfers(timeout_ms);
  if (connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    socket.Close();
  }
  return socket;
}

Transfer WriteAll(const Socket& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      return Failure();
    }
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return Transfer::kDone;
}

// Most frames are small: the head and the body come by one call then. A connection carries one
// message at a time, so that nothing can be behind it.
Transfer ReadFrame(const Socket& socket, Frame* frame) {
  std::array<char, kFirstReadBytes> first;
  size_t got = 0;
  while (got < sizeof(FrameHead)) {
    const Transfer transfer = ReadSome(socket, first.data() + got, first.size() - got, &got);
    if (transfer != Transfer::kDone) return transfer;
  }
  FrameHead head;
  std::memcpy(&head, first.data(), sizeof head);
  const size_t body_bytes = got - sizeof head;
  if (!IsPlausible(head) || body_bytes > head.body_bytes) return Transfer::kClosed;
  frame->kind = head.kind;
  frame->body.resize(head.body_bytes);
  std::memcpy(frame->body.data(), first.data() + sizeof head, body_bytes);
  return ReadAll(socket, frame->body.data() + body_bytes, head.body_bytes - body_bytes);
}

}  // namespace millwright::serving

#include "serving/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace millwright::serving {
namespace {

constexpr int kBacklog = 256;

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

Transfer ReadAll(const Socket& socket, char* buffer, size_t size) {
  while (size > 0) {
    const ssize_t got = recv(socket.fd(), buffer, size, 0);
    if (got == 0) return Transfer::kClosed;
    if (got < 0) {
      if (errno == EINTR) continue;
      return Failure();
    }
    buffer += got;
    size -= static_cast<size_t>(got);
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

void Socket::ShutdownRead() {
  if (fd_ >= 0) shutdown(fd_, SHUT_RD);
}

Socket ListenOn(const std::filesystem::path& path) {
  const sockaddr_un address = AddressOf(path);
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  unlink(path.c_str());
  const bool bound =
      socket.open() &&
      bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      chmod(path.c_str(), S_IRUSR | S_IWUSR) == 0;
  if (!bound || listen(socket.fd(), kBacklog) != 0) {
    throw Unavailable("Cannot listen on {}: {}", path.string(), std::strerror(errno));
  }
  return socket;
}

Socket ConnectTo(const std::filesystem::path& path, int64_t timeout_ms) {
  const sockaddr_un address = AddressOf(path);
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.open()) return socket;
  const timeval limit{timeout_ms / 1000, timeout_ms % 1000 * 1000};
  setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(socket.fd(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
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

Transfer ReadFrame(const Socket& socket, Frame* frame) {
  FrameHead head;
  const Transfer transfer = ReadAll(socket, reinterpret_cast<char*>(&head), sizeof head);
  if (transfer != Transfer::kDone) return transfer;
  if (!IsPlausible(head)) return Transfer::kClosed;
  frame->kind = head.kind;
  frame->body.resize(head.body_bytes);
  return ReadAll(socket, frame->body.data(), head.body_bytes);
}

}  // namespace millwright::serving

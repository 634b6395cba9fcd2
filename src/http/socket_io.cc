#include "http/socket_io.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/clock.h"
#include "base/error.h"

namespace millwright::http {
namespace {

constexpr int kBacklog = 1024;
constexpr size_t kSendFileStep = 1 << 20;  // so that a drain or a timeout is noticed in between

bool WouldBlock() {
  return errno == EAGAIN || errno == EWOULDBLOCK;
}

// Waits for an event on the socket; false when the time is over.
bool WaitFor(int fd, short events, int64_t timeout_ms) {
  pollfd entry{fd, events, 0};
  const int64_t end_us = MonotonicUs() + timeout_ms * 1000;
  while (true) {
    const int64_t left_ms = (end_us - MonotonicUs() + 999) / 1000;
    if (left_ms <= 0) return false;
    const int ready = poll(&entry, 1, static_cast<int>(std::min<int64_t>(left_ms, INT32_MAX)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

int TryListen(const addrinfo& address) {
  const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, address.ai_addr, address.ai_addrlen) == 0 && listen(fd, kBacklog) == 0) return fd;
  const int saved = errno;
  close(fd);
  errno = saved;
  return -1;
}

}  // namespace

ReadResult ReadSome(int fd, char* buffer, size_t size, int64_t timeout_ms, int64_t* waited_us) {
  while (true) {
    const ssize_t got = recv(fd, buffer, size, 0);
    if (got > 0) return {IoStatus::kOk, static_cast<size_t>(got)};
    if (got == 0) return {IoStatus::kClosed};
    if (errno == EINTR) continue;
    if (!WouldBlock()) return {IoStatus::kClosed};
    const int64_t start_us = MonotonicUs();
    const bool ready = WaitFor(fd, POLLIN, timeout_ms);
    *waited_us += MonotonicUs() - start_us;
    if (!ready) return {IoStatus::kTimeout};
  }
}

ptrdiff_t TryWrite(int fd, std::string_view bytes, More more) {
  const int flags = MSG_NOSIGNAL | (more == More::kYes ? MSG_MORE : 0);
  while (true) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), flags);
    if (sent >= 0) return sent;
    if (errno == EINTR) continue;
    return WouldBlock() ? 0 : -1;
  }
}

IoStatus WriteAll(int fd, std::string_view bytes, More more, int64_t timeout_ms) {
  while (!bytes.empty()) {
    const ptrdiff_t sent = TryWrite(fd, bytes, more);
    if (sent < 0) return IoStatus::kClosed;
    bytes.remove_prefix(static_cast<size_t>(sent));
    if (sent == 0 && !WaitFor(fd, POLLOUT, timeout_ms)) return IoStatus::kTimeout;
  }
  return IoStatus::kOk;
}

IoStatus SendFile(int fd, int file_fd, uint64_t offset, uint64_t length, int64_t timeout_ms) {
  auto at = static_cast<off_t>(offset);
  while (length > 0) {
    const ssize_t sent =
        sendfile(fd, file_fd, &at, static_cast<size_t>(std::min<uint64_t>(length, kSendFileStep)));
    if (sent > 0) {
      length -= static_cast<uint64_t>(sent);
      continue;
    }
    if (sent == 0) return IoStatus::kClosed;  // the file became shorter than its declared length
    if (errno == EINTR) continue;
    if (!WouldBlock()) return IoStatus::kClosed;
    if (!WaitFor(fd, POLLOUT, timeout_ms)) return IoStatus::kTimeout;
  }
  return IoStatus::kOk;
}

int Listen(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(host.empty() ? nullptr : host.c_str(),
                                 std::to_string(port).c_str(), &hints, &found);
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(found);
  if (failed != 0)
    throw Unavailable("Cannot listen on {}:{}: {}", host, port, gai_strerror(failed));
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    const int fd = TryListen(*address);
    if (fd >= 0) return fd;
  }
  throw Unavailable("Cannot listen on {}:{}: {}", host, port, strerror(errno));
}

int BoundPort(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  if (address.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace millwright::http

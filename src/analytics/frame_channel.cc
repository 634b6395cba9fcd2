#include "analytics/frame_channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace millwright::analytics {
namespace {

struct Head {
  uint32_t size = 0;
  uint32_t kind = 0;
};

}  // namespace

FrameChannel::FrameChannel(int fd, std::function<void()> look) : fd_(fd), look_(std::move(look)) {
  fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
}

bool FrameChannel::Send(FrameKind kind, std::string_view bytes) {
  if (bytes.size() > kFrameBytesMax)
    throw ResourceExhausted("A value of an answer may have {} MB", kFrameBytesMax >> 20);
  const Head head{static_cast<uint32_t>(bytes.size()), static_cast<uint32_t>(kind)};
  return SendAll({reinterpret_cast<const char*>(&head), sizeof head}) && SendAll(bytes);
}

std::optional<Frame> FrameChannel::Receive() {
  Head head;
  if (!ReceiveAll(reinterpret_cast<char*>(&head), sizeof head)) return std::nullopt;
  if (head.size > kFrameBytesMax || head.kind > static_cast<uint32_t>(kFrameKindLast))
    throw Internal("The process of a session sent what is no frame");
  Frame frame{static_cast<FrameKind>(head.kind), std::string(head.size, '\0')};
  if (!ReceiveAll(frame.bytes.data(), frame.bytes.size())) return std::nullopt;
  return frame;
}

bool FrameChannel::HasInput() const {
  pollfd input{fd_, POLLIN, 0};
  return poll(&input, 1, 0) > 0;
}

bool FrameChannel::SendAll(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN) {
      WaitFor(POLLOUT);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool FrameChannel::ReceiveAll(char* out, size_t size) {
  while (size > 0) {
    const ssize_t got = recv(fd_, out, size, 0);
    if (got > 0) {
      out += got;
      size -= static_cast<size_t>(got);
    } else if (got == 0) {
      return false;
    } else if (errno == EAGAIN) {
      WaitFor(POLLIN);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

void FrameChannel::WaitFor(short events) const {
  pollfd wait{fd_, events, 0};
  while (poll(&wait, 1, look_ ? kLookMs : -1) <= 0) {
    if (look_) look_();
  }
}

}  // namespace millwright::analytics

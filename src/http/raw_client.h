#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cctype>
#include <charconv>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>

// A client for tests that says exactly the bytes it is told, well-formed or not.
namespace millwright::http {

// An answer as it was on the wire; `body` is decoded when it came in chunks.
struct RawAnswer {
  int status = 0;  // 0: the connection ended without an answer
  std::string head;
  std::string body;

  std::string Header(std::string_view name) const {
    const std::string key = "\r\n" + std::string(name) + ": ";
    const size_t at = head.find(key);
    if (at == std::string::npos) return "";
    const size_t start = at + key.size();
    return head.substr(start, head.find("\r\n", start) - start);
  }
};

class RawClient {
 public:
  static constexpr int kTimeoutMs = 20'000;

  explicit RawClient(int port, int receive_buffer = 0)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0)
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    EXPECT_EQ(0, connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address));
  }
  ~RawClient() { Close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // Returns false once the server no longer takes bytes.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // Waits until what was sent is where the server's next look at its sockets finds it.
  void AwaitTaken() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kTimeoutMs);
    int untaken = 1;
    while (ioctl(fd_, SIOCOUTQ, &untaken) == 0 && untaken > 0 &&
           std::chrono::steady_clock::now() < end)
      std::this_thread::yield();
    EXPECT_EQ(0, untaken);
  }

  // Reads one whole answer. `has_body` is false for answers to HEAD.
  RawAnswer Read(bool has_body = true) {
    RawAnswer answer;
    while (buffer_.find("\r\n\r\n") == std::string::npos)
      if (!Fill()) return answer;
    const size_t end = buffer_.find("\r\n\r\n") + 4;
    answer.head = buffer_.substr(0, end);
    buffer_.erase(0, end);
    answer.status = std::atoi(answer.head.c_str() + 9);
    if (answer.status < 200 || !has_body) return answer;
    const std::string length = answer.Header("Content-Length");
    if (!length.empty()) {
      ReadUpTo(std::stoull(length), &answer.body);
    } else if (answer.Header("Transfer-Encoding") == "chunked") {
      ReadChunks(&answer.body);
    } else if (answer.status != 204 && answer.status != 304) {
      while (Fill()) {
      }
      answer.body.swap(buffer_);
    }
    return answer;
  }

  RawAnswer Exchange(std::string_view bytes) {
    Send(bytes);
    return Read();
  }

  // Whether the server closes the connection (in the time allowed), with nothing more said.
  bool IsClosed() {
    while (Fill()) {
    }
    return ended_ && buffer_.empty();
  }
  // Waits until something can be read, for up to `timeout_ms`.
  bool HasInput(int timeout_ms) {
    pollfd entry{fd_, POLLIN, 0};
    return !buffer_.empty() || poll(&entry, 1, timeout_ms) > 0;
  }
  void HalfClose() { shutdown(fd_, SHUT_WR); }
  // Closes as a client that was killed with something unread: the server's next write fails.
  void Reset() {
    const linger now{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    Close();
  }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  // Reads what is there, at least a byte; false at the end.
  bool Fill() {
    pollfd entry{fd_, POLLIN, 0};
    if (poll(&entry, 1, kTimeoutMs) <= 0) return false;
    char bytes[65536];
    const ssize_t got = recv(fd_, bytes, sizeof bytes, 0);
    if (got <= 0) {
      ended_ = true;
      return false;
    }
    buffer_.append(bytes, static_cast<size_t>(got));
    return true;
  }
  std::string& buffer() { return buffer_; }

 private:
  void ReadUpTo(size_t size, std::string* out) {
    while (buffer_.size() < size && Fill()) {
    }
    out->append(buffer_, 0, size);
    buffer_.erase(0, size);
  }

  void ReadChunks(std::string* out) {
    while (true) {
      while (buffer_.find("\r\n") == std::string::npos)
        if (!Fill()) return;
      size_t size = 0;
      const size_t line_end = buffer_.find("\r\n");
      std::from_chars(buffer_.data(), buffer_.data() + line_end, size, 16);
      buffer_.erase(0, line_end + 2);
      ReadUpTo(size, out);
      std::string crlf;
      ReadUpTo(2, &crlf);
      if (size == 0 || crlf != "\r\n") return;
    }
  }

  int fd_;
  bool ended_ = false;
  std::string buffer_;
};

}  // namespace millwright::http

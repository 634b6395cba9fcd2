#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

// A server for tests that reads whole requests and answers the bytes it is told, one thread per
// connection.
namespace millwright::fetch {

class ScriptedServer {
 public:
  // Is given a request's head and body; an empty answer closes the connection.
  using Script = std::function<std::string(const std::string& head, const std::string& body)>;

  // Closes a connection after so many answers on it.
  explicit ScriptedServer(Script script, int answers_a_connection = INT_MAX)
      : script_(std::move(script)),
        answers_a_connection_(answers_a_connection),
        fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(fd_, 64);
    socklen_t size = sizeof address;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread([this] { Accept(); });
  }

  ~ScriptedServer() {
    shutdown(fd_, SHUT_RDWR);
    acceptor_.join();
    {
      std::lock_guard lock(mutex_);
      for (const int connection : open_) shutdown(connection, SHUT_RDWR);
    }
    workers_.clear();
    close(fd_);
  }

  std::string Url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  int connections() const { return connections_.load(); }
  int requests() const { return requests_.load(); }

 private:
  void Accept() {
    while (true) {
      const int connection = accept(fd_, nullptr, nullptr);
      if (connection < 0) return;
      ++connections_;
      std::lock_guard lock(mutex_);
      open_.push_back(connection);
      workers_.emplace_back([this, connection] { Serve(connection); });
    }
  }

  void Serve(int connection) {
    std::string buffer;
    for (int answers = 0; answers < answers_a_connection_; ++answers) {
      size_t head_end = 0;
      while ((head_end = buffer.find("\r\n\r\n")) == std::string::npos)
        if (!Fill(connection, &buffer)) return Close(connection);
      const std::string head = buffer.substr(0, head_end + 4);
      buffer.erase(0, head_end + 4);
      const size_t length_at = head.find("Content-Length: ");
      const size_t length =
          length_at == std::string::npos ? 0 : std::stoull(head.substr(length_at + 16));
      if (head.find("Expect: 100-continue") != std::string::npos)
        Say(connection, "HTTP/1.1 100 Continue\r\n\r\n");
      while (buffer.size() < length)
        if (!Fill(connection, &buffer)) return Close(connection);
      ++requests_;
      const std::string answer = script_(head, buffer.substr(0, length));
      buffer.erase(0, length);
      if (answer.empty() || !Say(connection, answer)) return Close(connection);
    }
    Close(connection);
  }

  static bool Fill(int connection, std::string* buffer) {
    char bytes[65536];
    const ssize_t got = recv(connection, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    buffer->append(bytes, static_cast<size_t>(got));
    return true;
  }
  static bool Say(int connection, const std::string& bytes) {
    for (size_t at = 0; at < bytes.size();) {
      const ssize_t sent = send(connection, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) return false;
      at += static_cast<size_t>(sent);
    }
    return true;
  }
  void Close(int connection) {
    std::lock_guard lock(mutex_);
    std::erase(open_, connection);
    close(connection);
  }

  const Script script_;
  const int answers_a_connection_;
  const int fd_;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  std::atomic<int> requests_ = 0;
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::jthread> workers_;
  std::jthread acceptor_;
};

// A whole answer with a length.
inline std::string Answer(int status, const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace millwright::fetch

#include "fetch/loopback.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstring>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "fetch/header_text.h"
#include "fetch/retry.h"

namespace millwright::fetch {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::string_view kDefaultPort = "80";
constexpr size_t kHeadBytesMax = 256 * 1024;
constexpr size_t kReadBytes = 64 * 1024;

struct Target {
  std::string host;  // without the brackets of an IPv6 address
  std::string port;
  std::string authority;
  std::string path;
};

Target TargetOf(const std::string& url) {
  Target target;
  const size_t start = kScheme.size();
  const size_t end = std::min(url.find_first_of("/?#", start), url.size());
  target.authority = url.substr(start, end - start);
  target.path = url.substr(end, url.find('#') - end);
  if (!target.path.starts_with('/')) target.path.insert(target.path.begin(), '/');
  const size_t bracket = target.authority.find(']');
  const size_t colon = target.authority.find(':', bracket == std::string::npos ? 0 : bracket);
  target.host = target.authority.substr(0, colon);
  if (bracket != std::string::npos) target.host = target.authority.substr(1, bracket - 1);
  target.port = colon == std::string::npos ? kDefaultPort : target.authority.substr(colon + 1);
  return target;
}

std::string HeadOf(const FetchRequest& request, const Target& target) {
  std::string head = request.method + ' ' + target.path + " HTTP/1.0\r\nHost: " + target.authority;
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || HasLineBreak(name) || HasLineBreak(value))
      throw InvalidArgument("Line break in a request header: {}", name);
    head.append("\r\n").append(name).append(": ").append(value);
  }
  if (!request.body.empty() || request.method != "GET")
    head += "\r\nContent-Length: " + std::to_string(request.body.size());
  return head + "\r\n\r\n";
}

// One connection with a deadline for all that is done with it.
class Exchange {
 public:
  explicit Exchange(const FetchRequest& request)
      : request_(request),
        deadline_us_(request.timeout_ms > 0 ? MonotonicUs() + request.timeout_ms * 1000
                                            : INT64_MAX) {}
  ~Exchange() {
    if (fd_ >= 0) close(fd_);
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void Connect(const Target& target) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (const int code = getaddrinfo(target.host.c_str(), target.port.c_str(), &hints, &found))
      Fail(gai_strerror(code));
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
    int error = 0;
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
      error = TryToConnect(*one);
      if (error == 0) return;
    }
    Fail(std::strerror(error));
  }

  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) {
        WaitFor(POLLOUT);
      } else if (sent < 0 && errno != EINTR) {
        return;  // a server that answers before it has read all: the answer says why
      } else if (sent > 0) {
        bytes.remove_prefix(static_cast<size_t>(sent));
      }
    }
  }

  // Appends what is there, at least a byte; false at the end of the connection.
  bool Read(std::string* bytes) {
    const size_t size = bytes->size();
    while (true) {
      bytes->resize(size + kReadBytes);
      const ssize_t got = recv(fd_, bytes->data() + size, kReadBytes, 0);
      bytes->resize(size + static_cast<size_t>(std::max<ssize_t>(got, 0)));
      if (got >= 0) return got > 0;
      if (errno == EAGAIN) {
        WaitFor(POLLIN);
      } else if (errno != EINTR) {
        Fail(std::strerror(errno));
      }
    }
  }

  [[noreturn]] void Fail(std::string_view reason) const {
    throw Unavailable("No answer from {}: {}", WithoutSecrets(request_.url), reason);
  }

 private:
  int TryToConnect(const addrinfo& address) {
    if (fd_ >= 0) close(fd_);
    fd_ = socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd_ < 0) return errno;
    if (connect(fd_, address.ai_addr, address.ai_addrlen) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    WaitFor(POLLOUT);
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
  }

  void WaitFor(short events) const {
    while (true) {
      const int64_t left_us = deadline_us_ - MonotonicUs();
      if (left_us <= 0)
        throw DeadlineExceeded("No answer in time from {}", WithoutSecrets(request_.url));
      pollfd entry{fd_, events, 0};
      const int64_t wait_ms = std::min<int64_t>(left_us / 1000 + 1, INT_MAX);
      if (poll(&entry, 1, static_cast<int>(wait_ms)) > 0) return;
    }
  }

  const FetchRequest& request_;
  const int64_t deadline_us_;
  int fd_ = -1;
};

template <typename T>
std::optional<T> ParseNumber(std::string_view text) {
  T number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Reads "HTTP/1.1 200 OK" and the header lines after it; nothing for what is no head.
std::optional<FetchResponse> ParseHead(std::string_view head) {
  FetchResponse response;
  const std::string_view first = head.substr(0, head.find('\n'));
  const size_t blank = first.find(' ');
  if (!first.starts_with("HTTP/1.") || blank == std::string_view::npos) return std::nullopt;
  const auto status = ParseNumber<int>(first.substr(blank + 1, 3));
  if (!status) return std::nullopt;
  response.status = *status;
  while (head.find('\n') != std::string_view::npos) {
    head.remove_prefix(head.find('\n') + 1);
    const std::string_view line = head.substr(0, head.find('\n'));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    response.headers.emplace_back(line.substr(0, colon), Trimmed(line.substr(colon + 1)));
  }
  return response;
}

// Reads the head of the answer; what came of the body with it stays in `rest`.
FetchResponse ReadHead(Exchange& exchange, std::string* rest) {
  while (true) {
    size_t end = 0;
    while ((end = rest->find("\r\n\r\n")) == std::string::npos) {
      if (rest->size() > kHeadBytesMax) exchange.Fail("its header is too large");
      if (!exchange.Read(rest)) exchange.Fail("the connection was closed");
    }
    auto response = ParseHead(std::string_view(*rest).substr(0, end));
    if (!response) exchange.Fail("what came is not HTTP");
    rest->erase(0, end + 4);
    if (response->status >= 200) return std::move(*response);  // else an interim answer
  }
}

}  // namespace

bool IsForLoopback(const FetchRequest& request) {
  return request.url.starts_with(kScheme) && IsLoopbackUrl(request.url) &&
         request.url.find('@') == std::string::npos && !HasLineBreak(request.url) &&
         request.method != "HEAD" && request.body_file.empty() && !request.on_head &&
         !request.on_body && request.long_body == LongBody::kRefuse && !request.follow_redirects &&
         !request.stop.stop_possible();
}

FetchResponse AskLoopback(const FetchRequest& request) {
  const Target target = TargetOf(request.url);
  Exchange exchange(request);
  exchange.Connect(target);
  exchange.Send(HeadOf(request, target) + request.body);
  std::string body;
  FetchResponse response = ReadHead(exchange, &body);
  if (!response.Header("Transfer-Encoding").empty()) exchange.Fail("it ignores HTTP/1.0");
  std::optional<uint64_t> length;
  if (const auto text = response.Header("Content-Length"); !text.empty()) {
    length = ParseNumber<uint64_t>(text);
    if (!length) exchange.Fail("its Content-Length is no number");
  }
  if (response.status == 204 || response.status == 304) length = 0;
  const auto fits = [&] {
    if (std::max<uint64_t>(body.size(), length.value_or(0)) <= request.body_bytes_max) return;
    throw ResourceExhausted("The answer is larger than {} bytes: {}", request.body_bytes_max,
                            WithoutSecrets(request.url));
  };
  fits();
  while (!length || body.size() < *length) {
    if (!exchange.Read(&body)) {
      if (length) exchange.Fail("the connection was closed in the middle of the answer");
      break;
    }
    fits();
  }
  if (length) body.resize(*length);
  response.body = std::move(body);
  return response;
}

}  // namespace millwright::fetch

// The ceiling for a model server over HTTP: one thread, one epoll loop, no JSON, no checks. Each
// request's body is thrown away; the model runs on a tensor that was made before, and the answer is
// its first output's bytes. What a server costs above this is its own.
//
//   bare_loop MODEL_FOLDER ROWS PORT_FILE
//
// The folder holds model.onnx, of one input of numbers, and vectors.json as tests/data/models does.
// ROWS 0: no model. Ends on SIGTERM.
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <map>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "inference/onnx_engine.h"

namespace millwright {
namespace {

constexpr size_t kReadBytes = 256 * 1024;
constexpr int kEventsMax = 64;

// The rows of the model's longest test vector, over and over.
std::vector<inference::Tensor> MakeInputs(const std::filesystem::path& folder, int64_t rows) {
  const Json vectors = ParseJson(ReadFile(folder / "vectors.json"));
  const auto& cases = vectors.At("cases").AsArray();
  const auto input_of = [](const Json& one) -> const Json& {
    return one.At("request").At("inputs").AsArray()[0];
  };
  const Json& given =
      input_of(*std::max_element(cases.begin(), cases.end(), [&](const Json& a, const Json& b) {
        return input_of(a).At("data").AsArray().size() < input_of(b).At("data").AsArray().size();
      }));
  const auto& data = given.At("data").AsArray();
  const int64_t width = given.At("shape").AsArray()[1].AsInt();
  std::vector<float> values(static_cast<size_t>(rows * width));
  for (size_t i = 0; i < values.size(); ++i) {
    const Json& value = data[i % data.size()];
    values[i] = value.is_null() ? std::nanf("") : static_cast<float>(value.AsDouble());
  }
  std::vector<inference::Tensor> inputs;
  inputs.push_back(
      inference::Tensor::OfFloats(given.GetString("name"), {rows, width}, std::move(values)));
  return inputs;
}

// How many bytes the first request takes, 0 while it is not whole.
size_t RequestBytes(std::string_view received) {
  const size_t head = received.find("\r\n\r\n");
  if (head == std::string_view::npos) return 0;
  const size_t field = received.find("Content-Length: ");
  size_t body = 0;
  if (field < head) std::from_chars(received.data() + field + 16, received.data() + head, body);
  return received.size() >= head + 4 + body ? head + 4 + body : 0;
}

class BareLoop {
 public:
  BareLoop(const std::filesystem::path& folder, int64_t rows) {
    if (rows == 0) return;
    engine_ = inference::LoadOnnxEngine(folder / "model.onnx", {});
    inputs_ = MakeInputs(folder, rows);
  }

  int Listen() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener_, SOMAXCONN) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw Unavailable("Cannot listen");
    }
    return ntohs(address.sin_port);
  }

  [[noreturn]] void Serve() {
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    Watch(epoll, listener_);
    epoll_event events[kEventsMax];
    while (true) {
      const int count = epoll_wait(epoll, events, kEventsMax, -1);
      for (int i = 0; i < count; ++i) {
        if (events[i].data.fd == listener_) {
          const int one = 1;
          const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
          setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          Watch(epoll, fd);
        } else {
          Read(events[i].data.fd);
        }
      }
    }
  }

 private:
  static void Watch(int epoll, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  }

  void Read(int fd) {
    std::string& received = received_[fd];
    const ssize_t got = read(fd, buffer_.data(), buffer_.size());
    if (got <= 0) {
      received_.erase(fd);
      close(fd);
      return;
    }
    received.append(buffer_.data(), static_cast<size_t>(got));
    if (RequestBytes(received) == 0) return;
    received.clear();
    Answer(fd);
  }

  void Answer(int fd) {
    std::string body = "ok";
    if (engine_ != nullptr) {
      const auto outputs = engine_->Run(inputs_);
      body.assign(outputs[0].data.begin(), outputs[0].data.end());
    }
    answer_ = fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.size()) + body;
    if (write(fd, answer_.data(), answer_.size()) < 0) close(fd);
  }

  std::unique_ptr<inference::Engine> engine_;
  std::vector<inference::Tensor> inputs_;
  int listener_ = -1;
  std::array<char, kReadBytes> buffer_;
  std::map<int, std::string> received_;
  std::string answer_;
};

}  // namespace
}  // namespace millwright

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: bare_loop MODEL_FOLDER ROWS PORT_FILE\n");
    return 2;
  }
  try {
    millwright::BareLoop loop(argv[1], std::strtol(argv[2], nullptr, 10));
    millwright::WriteFileDurably(argv[3], std::to_string(loop.Listen()));
    loop.Serve();
  } catch (const millwright::Error& error) {
    fmt::print(stderr, "{}\n", error.message());
    return 1;
  }
}

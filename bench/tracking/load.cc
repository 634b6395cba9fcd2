// Loads a server that speaks MLflow's protocol, from one thread over many keep-alive connections,
// and prints as JSON what it answered.
//
// usage: tracking_load PORT WORKLOAD CONNECTIONS SECONDS RUN_ID…
//
// Each connection sends its next request when the last one is answered. Connections take the runs
// in turn. Workloads: `metric`, a point by log-metric; `steps`, a log-batch of 1,000 steps of one
// metric; `keys`, a log-batch of one step of 1,000 metrics; `few`, a log-batch of 10 metrics;
// `mixed`, of eight requests six points, one batch of 10 metrics and one tag.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int kBatch = 1000;
constexpr int kFew = 10;
constexpr int64_t kFirstTimestampMs = 1'700'000'000'000;
constexpr size_t kReadStep = 64 * 1024;
constexpr int kAnswerMsMax = 30'000;

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "tracking_load: %s\n", why.c_str());
  std::exit(1);
}

int64_t NowUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void Append(int64_t number, std::string* out) {
  char text[20];
  out->append(text, std::to_chars(text, text + sizeof text, number).ptr);
}

void AppendMetric(std::string_view key, int key_number, int64_t step, std::string* out) {
  out->append("\"key\":\"").append(key);
  if (key_number >= 0) Append(key_number, out);
  out->append("\",\"value\":0.");
  Append(100'000 + step % 900'000, out);
  out->append(",\"timestamp\":");
  Append(kFirstTimestampMs + step, out);
  out->append(",\"step\":");
  Append(step, out);
}

// The requests of one connection, one after another. Each connection has metrics of its own, so
// that no two points are the same.
class Requests {
 public:
  Requests(std::string workload, std::string run, int connection)
      : workload_(std::move(workload)),
        run_(std::move(run)),
        prefix_("c" + std::to_string(connection) + ".") {}

  // Writes the next request to `out` and returns how many points it carries.
  int Next(std::string* out) {
    const int64_t number = count_++;
    if (workload_ == "metric") return Metric(out);
    if (workload_ == "steps") return Batch(kBatch, /*many_keys=*/false, out);
    if (workload_ == "keys") return Batch(kBatch, /*many_keys=*/true, out);
    if (workload_ == "few") return Batch(kFew, /*many_keys=*/true, out);
    if (workload_ != "mixed") Die("unknown workload: " + workload_);
    if (number % 8 == 3) return Batch(kFew, /*many_keys=*/true, out);
    return number % 8 == 7 ? Tag(number, out) : Metric(out);
  }

 private:
  int Metric(std::string* out) {
    Begin();
    body_.push_back(',');
    AppendMetric(prefix_ + "loss", -1, step_++, &body_);
    Finish("log-metric", out);
    return 1;
  }

  int Batch(int size, bool many_keys, std::string* out) {
    Begin();
    body_.append(",\"metrics\":[");
    for (int i = 0; i < size; ++i) {
      body_.append(i == 0 ? "{" : ",{");
      AppendMetric(prefix_, many_keys ? i : 0, step_ + (many_keys ? 0 : i), &body_);
      body_.push_back('}');
    }
    body_.push_back(']');
    step_ += many_keys ? 1 : size;
    Finish("log-batch", out);
    return size;
  }

  int Tag(int64_t number, std::string* out) {
    Begin();
    body_.append(",\"key\":\"").append(prefix_).append("note\",\"value\":\"");
    Append(number, &body_);
    body_.push_back('"');
    Finish("set-tag", out);
    return 0;
  }

  void Begin() {
    body_.clear();
    body_.append("{\"run_id\":\"").append(run_).push_back('"');
  }

  void Finish(std::string_view call, std::string* out) {
    body_.push_back('}');
    out->append("POST /api/2.0/mlflow/runs/").append(call);
    out->append(
        " HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n"
        "User-Agent: mlflow-python-client/3.11.1\r\nConnection: keep-alive\r\n"
        "Content-Type: application/json\r\nContent-Length: ");
    Append(static_cast<int64_t>(body_.size()), out);
    out->append("\r\n\r\n").append(body_);
  }

  const std::string workload_;
  const std::string run_;
  const std::string prefix_;
  std::string body_;
  int64_t count_ = 0;
  int64_t step_ = 0;
};

int Connect(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    Die(std::string("cannot connect: ") + strerror(errno));
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

// A connection with one request under way.
class Client {
 public:
  Client(int port, Requests requests) : fd_(Connect(port)), requests_(std::move(requests)) {}

  int fd() const { return fd_; }
  int points() const { return points_; }
  int64_t sent_us() const { return sent_us_; }

  void Send() {
    out_.clear();
    points_ = requests_.Next(&out_);
    sent_us_ = NowUs();
    std::string_view rest = out_;
    while (!rest.empty()) {  // the server reads whole bodies, so this never waits for an answer
      const ssize_t sent = send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent <= 0) Die(std::string("cannot send: ") + strerror(errno));
      rest.remove_prefix(static_cast<size_t>(sent));
    }
  }

  // Reads what has come; returns the status once the answer is whole, else 0.
  int Receive() {
    const size_t before = in_.size();
    in_.resize(before + kReadStep);
    const ssize_t got = recv(fd_, in_.data() + before, kReadStep, 0);
    if (got <= 0) Die("the server closed the connection");
    in_.resize(before + static_cast<size_t>(got));
    const size_t head = in_.find("\r\n\r\n");
    if (head == std::string::npos) return 0;
    size_t length = 0;
    for (const char* name : {"Content-Length: ", "content-length: "}) {
      const size_t at = in_.find(name);
      if (at < head) length = std::strtoul(in_.c_str() + at + std::strlen(name), nullptr, 10);
    }
    if (in_.size() < head + 4 + length) return 0;
    const int status = std::atoi(in_.c_str() + std::strlen("HTTP/1.1 "));
    if (status != 200) std::fprintf(stderr, "%s\n", in_.c_str() + head + 4);
    in_.clear();
    return status;
  }

 private:
  const int fd_;
  Requests requests_;
  std::string out_;
  std::string in_;
  int points_ = 0;
  int64_t sent_us_ = 0;
};

struct Result {
  int64_t requests = 0;
  int64_t points = 0;
  double seconds = 0;
  std::vector<int64_t> latencies_us;
};

Result Drive(std::vector<Client>& clients, double seconds) {
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  for (size_t i = 0; i < clients.size(); ++i) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    epoll_ctl(poll, EPOLL_CTL_ADD, clients[i].fd(), &event);
  }
  Result result;
  const int64_t start_us = NowUs();
  const int64_t end_us = start_us + static_cast<int64_t>(seconds * 1e6);
  for (Client& client : clients) client.Send();
  std::vector<epoll_event> events(clients.size());
  for (size_t under_way = clients.size(); under_way > 0;) {
    const int count =
        epoll_wait(poll, events.data(), static_cast<int>(events.size()), kAnswerMsMax);
    if (count <= 0) Die("no answer within 30 s");
    for (int i = 0; i < count; ++i) {
      Client& client = clients[events[i].data.u64];
      const int status = client.Receive();
      if (status == 0) continue;
      if (status != 200) Die("answered with status " + std::to_string(status));
      const int64_t now_us = NowUs();
      ++result.requests;
      result.points += client.points();
      result.latencies_us.push_back(now_us - client.sent_us());
      if (now_us < end_us) {
        client.Send();
      } else {
        --under_way;
      }
    }
  }
  result.seconds = static_cast<double>(NowUs() - start_us) / 1e6;
  close(poll);
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) Die("usage: tracking_load PORT WORKLOAD CONNECTIONS SECONDS RUN_ID...");
  const int connections = std::atoi(argv[3]);
  std::vector<Client> clients;
  clients.reserve(static_cast<size_t>(connections));
  for (int i = 0; i < connections; ++i) {
    clients.emplace_back(std::atoi(argv[1]), Requests(argv[2], argv[5 + i % (argc - 5)], i));
  }
  Result result = Drive(clients, std::atof(argv[4]));
  std::sort(result.latencies_us.begin(), result.latencies_us.end());
  const auto quantile = [&](double q) {
    const auto last = static_cast<double>(result.latencies_us.size() - 1);
    return static_cast<long long>(result.latencies_us[static_cast<size_t>(last * q)]);
  };
  std::printf(
      "{\"requests\": %lld, \"points\": %lld, \"seconds\": %.3f, \"p50_us\": %lld, \"p99_us\": "
      "%lld}\n",
      static_cast<long long>(result.requests), static_cast<long long>(result.points),
      result.seconds, quantile(0.5), quantile(0.99));
}

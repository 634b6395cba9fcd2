#include "serving/replica_listener.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <future>

#include "base/error.h"
#include "base/lane.h"
#include "base/log.h"
#include "inference/model_package.h"
#include "serving/warm_up.h"

namespace millwright::serving {
namespace {

// What is longer is not decoded while other requests wait for it.
constexpr size_t kShortFrameBytesMax = 64 * 1024;
constexpr size_t kFrameBytesKept = 1 << 20;
// A gateway that stops in the middle of a frame, or does not read, is let go of.
constexpr int64_t kTransferTimeoutMs = 10'000;
constexpr int kEventsMax = 64;

}  // namespace

ReplicaListener::ReplicaListener(ModelServer& models, const std::filesystem::path& path,
                                 OnRest rest)
    : models_(models),
      path_(path),
      rest_(std::move(rest)),
      socket_(ListenOn(path)),
      poll_(epoll_create1(EPOLL_CLOEXEC)),
      end_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!poll_.open() || !end_.open()) throw ResourceExhausted("No file descriptors are left");
  Watch(socket_.fd());
  Watch(end_.fd());
  AddThread();
}

ReplicaListener::~ReplicaListener() {
  ending_ = true;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(end_.fd(), &one, sizeof one);
  unlink(path_.c_str());
  // Who leads sees it and ends; the next one leads, sees it, and ends.
  for (;;) {
    std::list<std::jthread> threads;
    {
      std::lock_guard lock(threads_mutex_);
      threads.swap(threads_);
    }
    if (threads.empty()) break;
  }
}

void ReplicaListener::Watch(int fd) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
  epoll_ctl(poll_.fd(), EPOLL_CTL_ADD, fd, &event);
}

void ReplicaListener::AddThread() {
  std::lock_guard lock(threads_mutex_);
  threads_.emplace_back([this] { Work(); });
}

void ReplicaListener::Work() {
  NameThisThread("replica-serve");
  while (!ending_.load()) {
    std::optional<LongRequest> taken;
    {
      followers_.fetch_add(1);
      std::lock_guard lead(lead_);
      followers_.fetch_sub(1);
      taken = Lead();
      if (taken && followers_.load() == 0) AddThread();
    }
    if (!taken) return;
    const std::string answer = Infer(std::move(taken->request));
    // The connection is dropped by who leads: it is closed for them as well.
    if (WriteAll(*taken->connection, answer) != Transfer::kDone) {
      shutdown(taken->connection->fd(), SHUT_RDWR);
    }
  }
}

// Events that are left when the lead is given up come again: they stand for what is there.
std::optional<ReplicaListener::LongRequest> ReplicaListener::Lead() {
  std::array<epoll_event, kEventsMax> events;
  while (!ending_.load()) {
    const int count = epoll_wait(poll_.fd(), events.data(), kEventsMax, -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd == socket_.fd()) Accept();
      const auto found = connections_.find(fd);
      if (found == connections_.end()) continue;
      if (auto taken = TakeFrame(found->second)) return taken;
    }
  }
  return std::nullopt;
}

void ReplicaListener::Accept() {
  Socket socket(accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket.open()) {
    if (errno == EMFILE || errno == ENFILE) {
      Log(LogLevel::kWarning, "serving", "no file descriptors left for connections");
      std::this_thread::yield();
    }
    return;
  }
  if (connections_.size() >= kListenerConnectionsMax) return;  // closes it
  socket.LimitTransfers(kTransferTimeoutMs);
  const int fd = socket.fd();
  connections_[fd] = std::make_shared<Socket>(std::move(socket));
  Watch(fd);
}

// A thread that answers it still may have the socket open.
void ReplicaListener::Drop(const Connection& connection) {
  const int fd = connection->fd();
  epoll_ctl(poll_.fd(), EPOLL_CTL_DEL, fd, nullptr);
  // The other end learns at once that nobody reads here any more.
  shutdown(fd, SHUT_RDWR);
  connections_.erase(fd);
}

std::optional<ReplicaListener::LongRequest> ReplicaListener::TakeFrame(
    const Connection& connection) {
  const Connection kept = connection;
  if (ReadFrame(*kept, &frame_) != Transfer::kDone) {
    Drop(kept);
    return std::nullopt;
  }
  std::string answer;
  if (frame_.kind != FrameKind::kInfer) {
    answer = Answer(frame_);
  } else {
    try {
      InferRequest request = DecodeInfer(frame_.body);
      const bool is_short = frame_.body.size() <= kShortFrameBytesMax;
      if (frame_.body.capacity() > kFrameBytesKept) frame_ = {};
      if (!is_short || !models_.AnswersAtOnce(request))
        return LongRequest{kept, std::move(request)};
      answer = Infer(std::move(request));
    } catch (const Error& error) {
      answer = EncodeError(error);
    }
  }
  if (WriteAll(*kept, answer) != Transfer::kDone) Drop(kept);
  return std::nullopt;
}

std::string ReplicaListener::Infer(InferRequest request) {
  // Shared: who sets it may still be at it when this thread has what it waited for.
  const auto answer = std::make_shared<std::promise<std::string>>();
  auto future = answer->get_future();
  models_.Infer(std::move(request), [answer](const Result<InferAnswer>& result) {
    answer->set_value(result ? EncodeAnswer(*result) : EncodeError(result.error()));
  });
  return future.get();
}

std::string ReplicaListener::Answer(const Frame& frame) {
  try {
    switch (frame.kind) {
      case FrameKind::kPing:
        return EncodeEmpty(FrameKind::kPong);
      case FrameKind::kDescribe:
        return EncodeDescription(*models_.Describe(DecodeDescribe(frame.body), ""));
      case FrameKind::kRest:
        if (!rest_) return EncodeError(Internal("This replica cannot rest"));
        rest_(DecodeRest(frame.body));
        return EncodeEmpty(FrameKind::kPong);
      default:
        return EncodeError(Internal("A replica does not take this message"));
    }
  } catch (const Error& error) {
    return EncodeError(error);
  }
}

namespace {

// Those that end a replica, and the one by which it tells itself to rest.
constexpr int kRestSignal = SIGUSR1;
constexpr int kOwnMappingBytes = 32 << 20;  // what is larger is a mapping of its own

sigset_t ReplicaSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, kRestSignal}) sigaddset(&signals, signal);
  return signals;
}

// Serves until a signal ends it; returns where to wait then, nothing when it is to end for good.
std::optional<std::filesystem::path> ServeModels(const ReplicaOptions& options) {
  const sigset_t signals = ReplicaSignals();
  std::vector<ModelSource> sources;
  for (const auto& text : options.models) sources.push_back(ParseModelSource(text));
  std::promise<std::filesystem::path> rest;
  std::atomic<bool> is_told = false;
  ModelServer server(sources, options.python, {.callers_wait = true}, nullptr, options.load);
  ReplicaListener listener(server, options.socket, [&](const std::filesystem::path& socket) {
    if (is_told.exchange(true)) return;
    rest.set_value(socket);
    kill(getpid(), kRestSignal);
  });
  int signal = 0;
  while (sigwait(&signals, &signal) != 0) {
  }
  if (signal != kRestSignal || !is_told.load()) return std::nullopt;
  return rest.get_future().get();
}

// Loads a model and lets go of it: what that leaves in memory is what the next one need not wait
// for. Why it fails is said by whoever needs that model.
void LoadOnce(const std::filesystem::path& path, const ModelLoader& load) {
  try {
    const auto engine = load(path, {});
    WarmUp(path, *engine);
  } catch (const Error& error) {
    Log(LogLevel::kDebug, "serving", "a spare replica could not warm up",
        {{"reason", error.message()}});
  }
}

// Waits for an order and says that it was taken.
std::optional<ReplicaOrder> TakeOrder(const std::filesystem::path& path) {
  const Socket listening = ListenOn(path);
  const Socket socket(accept4(listening.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  unlink(path.c_str());
  Frame frame;
  const bool came = socket.open() && ReadFrame(socket, &frame) == Transfer::kDone &&
                    frame.kind == FrameKind::kBecome;
  if (!came) return std::nullopt;
  ReplicaOrder order = DecodeBecome(frame.body);
  if (WriteAll(socket, EncodeEmpty(FrameKind::kPong)) != Transfer::kDone) return std::nullopt;
  return order;
}

void AppendOutputTo(const std::string& file) {
  const int out = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (out < 0) return;  // the spare's own log has it then
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  close(out);
}

// What this process has in memory besides files.
int64_t OwnBytes() {
  int64_t total = 0;
  int64_t resident = 0;
  int64_t of_files = 0;
  std::ifstream("/proc/self/statm") >> total >> resident >> of_files;
  return (resident - of_files) * sysconf(_SC_PAGESIZE);
}

// When to give pages back is decided by RunReplicas: by itself malloc would do so whenever a model
// is let go of. Both are the most to which it raises them when large blocks come and go.
void KeepFreedMemory() {
  mallopt(M_MMAP_THRESHOLD, kOwnMappingBytes);
  mallopt(M_TRIM_THRESHOLD, 2 * kOwnMappingBytes);
}

// Serves the models, rests, becomes another replica, and so on.
int RunReplicas(ReplicaOptions options) {
  const sigset_t signals = ReplicaSignals();
  while (const auto rest = ServeModels(options)) {
    if (OwnBytes() > options.rest_bytes_kept) malloc_trim(0);
    if (OwnBytes() > options.rest_bytes_max) return 0;
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    const auto order = TakeOrder(*rest);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    if (!order) return 1;
    AppendOutputTo(order->log);
    options.models = {order->model};
    options.socket = order->socket;
  }
  return 0;
}

}  // namespace

int RunReplica(const ReplicaOptions& options) {
  // Blocked before any thread starts, so that sigwait is the only one to get them.
  const sigset_t signals = ReplicaSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  KeepFreedMemory();
  try {
    return RunReplicas(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

int RunSpare(const SpareOptions& options) {
  KeepFreedMemory();
  LoadOnce(options.warm_up, options.load);
  std::optional<ReplicaOrder> order;
  try {
    order = TakeOrder(options.socket);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  if (!order) return 1;
  AppendOutputTo(order->log);
  return RunReplica({.models = {order->model},
                     .socket = order->socket,
                     .python = options.python,
                     .load = options.load});
}

}  // namespace millwright::serving

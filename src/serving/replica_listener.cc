#include "serving/replica_listener.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <future>

#include "base/lane.h"
#include "base/log.h"
#include "inference/model_package.h"
#include "serving/model_server.h"
#include "serving/warm_up.h"

namespace millwright::serving {

ReplicaListener::ReplicaListener(Predictor& predictor, const std::filesystem::path& path)
    : predictor_(predictor), path_(path), socket_(ListenOn(path)) {
  acceptor_ = std::jthread([this](const std::stop_token& stop) { Accept(stop); });
}

ReplicaListener::~ReplicaListener() {
  acceptor_.request_stop();
  shutdown(socket_.fd(), SHUT_RDWR);  // wakes accept
  acceptor_.join();
  unlink(path_.c_str());
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (Connection& connection : connections_) connection.socket.ShutdownRead();
  }
  connections_.clear();
}

void ReplicaListener::Accept(const std::stop_token& stop) {
  NameThisThread("replica-accept");
  while (!stop.stop_requested()) {
    Socket socket(accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket.open()) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (!stop.stop_requested() && (errno == EMFILE || errno == ENFILE)) {
        Log(LogLevel::kWarning, "serving", "no file descriptors left for connections");
        std::this_thread::yield();
        continue;
      }
      return;
    }
    DropFinished();
    std::lock_guard lock(mutex_);
    if (connections_.size() >= kListenerConnectionsMax) continue;  // closes it
    Connection& connection = connections_.emplace_back();
    connection.socket = std::move(socket);
    connection.thread = std::jthread([this, &connection] { Serve(connection); });
  }
}

void ReplicaListener::DropFinished() {
  std::list<Connection> finished;
  std::lock_guard lock(mutex_);
  for (auto it = connections_.begin(); it != connections_.end();) {
    auto next = std::next(it);
    if (it->finished) finished.splice(finished.end(), connections_, it);
    it = next;
  }
}

void ReplicaListener::Serve(Connection& connection) {
  NameThisThread("replica-serve");
  Frame frame;
  while (ReadFrame(connection.socket, &frame) == Transfer::kDone) {
    if (WriteAll(connection.socket, Answer(frame)) != Transfer::kDone) break;
  }
  std::lock_guard lock(mutex_);
  connection.finished = true;
  // The other end learns at once that nobody reads here any more.
  shutdown(connection.socket.fd(), SHUT_RDWR);
}

std::string ReplicaListener::Answer(const Frame& frame) {
  try {
    switch (frame.kind) {
      case FrameKind::kPing:
        return EncodeEmpty(FrameKind::kPong);
      case FrameKind::kDescribe:
        return EncodeDescription(*predictor_.Describe(DecodeDescribe(frame.body), ""));
      case FrameKind::kInfer: {
        // Shared: who sets it may still be at it when this thread has what it waited for.
        const auto answer = std::make_shared<std::promise<std::string>>();
        auto future = answer->get_future();
        predictor_.Infer(DecodeInfer(frame.body), [answer](const Result<InferAnswer>& result) {
          answer->set_value(result ? EncodeAnswer(*result) : EncodeError(result.error()));
        });
        return future.get();
      }
      default:
        return EncodeError(Internal("A replica does not take this message"));
    }
  } catch (const Error& error) {
    return EncodeError(error);
  } catch (const std::exception& error) {
    return EncodeError(Internal("The replica failed: {}", error.what()));
  }
}

int RunReplica(const ReplicaOptions& options) {
  // Blocked before any thread starts, so that sigwait below is the only one to get them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  try {
    std::vector<ModelSource> sources;
    for (const auto& text : options.models) sources.push_back(ParseModelSource(text));
    ModelServer server(sources, options.python, {.callers_wait = true}, nullptr, options.load);
    ReplicaListener listener(server, options.socket);
    int signal = 0;
    while (sigwait(&signals, &signal) != 0) {
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

namespace {

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

}  // namespace

int RunSpare(const SpareOptions& options) {
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

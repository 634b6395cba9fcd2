#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/lane.h"
#include "http/server.h"
#include "http/stream_threads.h"

namespace millwright::http {

// The concrete executor everywhere: a type-erased one costs an allocation and an indirect call for
// each step.
using Executor = boost::asio::io_context::executor_type;
template <typename T>
using Awaitable = boost::asio::awaitable<T, Executor>;
inline constexpr boost::asio::use_awaitable_t<Executor> kAwait;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor>;

using Timer = boost::asio::basic_waitable_timer<
    std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

class Connection;
class LoopTasks;
class Outbox;

// The threads that run handlers and write long bodies.
struct Pools {
  explicit Pools(const ServerOptions& options);
  millwright::Lane& LaneOf(http::Lane lane);

  StreamThreads streams;
  StreamThreads files;
  millwright::Lane meta;
  millwright::Lane bulk;
  millwright::Lane infer;
};

// What all connections of a server share.
struct ServerState {
  ServerState(const ServerOptions& options, Resolve resolve)
      : options(options), resolve(std::move(resolve)), pools(std::make_unique<Pools>(options)) {}

  const ServerOptions options;
  const Resolve resolve;
  std::atomic<int64_t> connections = 0;
  std::atomic<int64_t> requests = 0;
  std::atomic<int64_t> refused = 0;
  std::atomic<bool> draining = false;
  std::mutex drained_mutex;
  std::condition_variable drained;  // `connections` became 0

  std::unique_ptr<Pools> pools;  // gone before the last connection is
};

// The door from other threads to an I/O thread. It outlives the thread: what is posted after the
// server went away is dropped.
class LoopGate : public std::enable_shared_from_this<LoopGate> {
 public:
  explicit LoopGate(boost::asio::io_context& io) : io_(&io) {}

  template <typename F>
  void Post(F task) {
    std::lock_guard lock(mutex_);
    if (io_ != nullptr) boost::asio::post(*io_, std::move(task));
  }
  // Hands over an answer. Those that come before the I/O thread has taken the first share its
  // wake-up: a commit that ends many requests at once wakes it once.
  void PostReply(std::weak_ptr<Connection> connection, Response&& response);
  void Close() {
    std::lock_guard lock(mutex_);
    io_ = nullptr;
  }

  // Count those who have an answer still to give: handlers, and whoever answers later.
  void ReplyOut();
  void ReplyGone();
  // Waits until there are none.
  void AwaitReplies();

 private:
  struct ReadyReply {
    std::weak_ptr<Connection> connection;
    Response response;
  };
  void TakeReplies();

  std::atomic<int64_t> replies_out_ = 0;
  std::atomic<bool> awaited_ = false;
  std::mutex mutex_;                    // guards what follows
  std::condition_variable no_replies_;  // `replies_out_` became 0
  boost::asio::io_context* io_;
  std::vector<ReadyReply> replies_;
};

// One I/O thread's world. Everything but `gate` is touched by that thread alone.
struct Loop {
  explicit Loop(ServerState& state);
  ~Loop();

  ServerState& state;
  boost::asio::io_context io{1};
  std::shared_ptr<LoopGate> gate;
  std::unordered_set<Connection*> connections;
  std::unique_ptr<LoopTasks> tasks;
  std::unique_ptr<Outbox> outbox;
  Timer ticker{io};
  bool stopping = false;
  std::string date;  // of the Date header, renewed each second
};

}  // namespace millwright::http

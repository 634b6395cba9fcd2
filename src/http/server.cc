#include "http/server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <future>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "base/scheduling.h"
#include "http/answer.h"
#include "http/connection.h"
#include "http/loop_tasks.h"
#include "http/outbox.h"
#include "http/socket_io.h"

namespace millwright::http {
namespace {

namespace asio = boost::asio;

constexpr int64_t kTickMsMax = 250;
constexpr int64_t kTicksPerTimeout = 8;  // how exactly a timeout is kept
constexpr int64_t kAcceptRetryMs = 100;  // after an accept failed for want of file descriptors
constexpr int64_t kDestructorDrainMs = 1'000;
constexpr size_t kFilesQueueMax = 1024;
constexpr std::string_view kTooManyConnections =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n"
    "Content-Type: text/plain\r\nContent-Length: 20\r\n\r\nToo many connections";

// A coroutine that throws is a programmer's error and ends the program, as a lane's task does.
void Rethrow(const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
}

std::string PeerName(const Socket& socket) {
  boost::system::error_code ec;
  const auto endpoint = socket.remote_endpoint(ec);
  if (ec) return "unknown";
  const std::string address = endpoint.address().to_string();
  const bool v6 = endpoint.address().is_v6();
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port());
}

// Takes a connection that was accepted for the loop; runs on the loop's thread.
void StartConnection(Loop& loop, Socket socket) {
  boost::system::error_code ec;
  socket.non_blocking(true, ec);
  socket.set_option(asio::ip::tcp::no_delay(true), ec);
  std::string peer = PeerName(socket);
  auto connection = std::make_shared<Connection>(loop, std::move(socket), std::move(peer));
  asio::co_spawn(loop.io, Connection::Serve(std::move(connection)), Rethrow);
}

}  // namespace

Pools::Pools(const ServerOptions& options)
    : streams("http-stream", options.streams_max, 0),
      files("http-file", options.files_max, kFilesQueueMax),
      meta("http-meta", options.meta_threads, options.lane_queue_max),
      bulk("http-bulk", options.bulk_threads, options.lane_queue_max),
      infer("http-infer", options.infer_threads, options.lane_queue_max) {}

millwright::Lane& Pools::LaneOf(http::Lane lane) {
  switch (lane) {
    case http::Lane::kBulk:
      return bulk;
    case http::Lane::kInfer:
      return infer;
    case http::Lane::kInline:
    case http::Lane::kMeta:
      break;
  }
  return meta;
}

Loop::Loop(ServerState& state)
    : state(state),
      gate(std::make_shared<LoopGate>(io)),
      tasks(std::make_unique<LoopTasks>(io, gate)),
      outbox(std::make_unique<Outbox>(io)) {}
Loop::~Loop() = default;

struct Server::Impl {
  Impl(const ServerOptions& options, Resolve resolve);
  ~Impl();

  Awaitable<void> Accept();
  Awaitable<void> Tick(Loop& loop);
  bool Drain(int64_t deadline_ms);
  void StopAccepting();
  // Runs `task` for each connection on its loop's thread and waits until that is done.
  void ForEachConnection(void (Connection::*task)());
  int64_t TickMs() const;

  ServerState state;
  std::vector<std::unique_ptr<Loop>> loops;
  std::unique_ptr<Acceptor> acceptor;
  int port = 0;
  std::vector<asio::executor_work_guard<Executor>> guards;
  std::vector<std::jthread> threads;
};

Server::Impl::Impl(const ServerOptions& options, Resolve resolve)
    : state(options, std::move(resolve)) {
  for (int i = 0; i < std::max(1, options.io_threads); ++i)
    loops.push_back(std::make_unique<Loop>(state));
  const int fd = Listen(options.host, options.port);
  port = BoundPort(fd);
  const bool v6 = options.host.find(':') != std::string::npos;
  acceptor = std::make_unique<Acceptor>(loops[0]->io.get_executor(),
                                        v6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), fd);
  asio::co_spawn(loops[0]->io, Accept(), Rethrow);
  for (auto& loop : loops) {
    loop->date = HttpDate(SystemClock().NowMs());
    guards.push_back(asio::make_work_guard(loop->io));
    asio::co_spawn(loop->io, Tick(*loop), Rethrow);
    threads.emplace_back([&loop = *loop] {
      NameThisThread("http-io");
      PreferShortTurns();
      loop.tasks->Enter();
      loop.io.run();
    });
  }
}

// Order matters: handlers and producers end while the I/O threads still run, for they hand their
// results to them; connections end before the I/O threads do. Whoever answers later is waited for,
// too: what the handlers work with may go away after this.
Server::Impl::~Impl() {
  Drain(kDestructorDrainMs);
  ForEachConnection(&Connection::Abort);
  state.pools.reset();
  ForEachConnection(&Connection::Abandon);
  {
    std::unique_lock lock(state.drained_mutex);
    state.drained.wait(lock, [&] { return state.connections.load() == 0; });
  }
  for (auto& loop : loops) loop->gate->AwaitReplies();
  for (auto& loop : loops) {
    asio::post(loop->io, [&loop = *loop] {
      loop.stopping = true;
      loop.ticker.cancel();
      loop.tasks->Close();
    });
  }
  guards.clear();
  threads.clear();
  for (auto& loop : loops) loop->gate->Close();
}

Awaitable<void> Server::Impl::Accept() {
  size_t next = 0;
  while (!state.draining.load()) {
    Loop& loop = *loops[next++ % loops.size()];
    boost::system::error_code ec;
    Socket socket =
        co_await acceptor->async_accept(loop.io.get_executor(), asio::redirect_error(kAwait, ec));
    if (state.draining.load() || ec == asio::error::operation_aborted) co_return;
    if (ec) {
      Log(LogLevel::kWarning, "http", "Cannot accept a connection", {{"error", ec.message()}});
      Timer pause(loops[0]->io, std::chrono::milliseconds(kAcceptRetryMs));
      co_await pause.async_wait(asio::redirect_error(kAwait, ec));
      continue;
    }
    if (state.connections.load() >= static_cast<int64_t>(state.options.connections_max)) {
      state.refused.fetch_add(1);
      TryWrite(socket.native_handle(), kTooManyConnections, More::kNo);
      continue;
    }
    if (&loop == loops[0].get()) {
      StartConnection(loop, std::move(socket));
    } else {
      asio::post(loop.io, [&loop, socket = std::move(socket)]() mutable {
        StartConnection(loop, std::move(socket));
      });
    }
  }
}

int64_t Server::Impl::TickMs() const {
  const auto& options = state.options;
  const int64_t shortest =
      std::min({options.idle_timeout_ms, options.read_timeout_ms, options.write_timeout_ms});
  return std::clamp<int64_t>(shortest / kTicksPerTimeout, 1, kTickMsMax);
}

Awaitable<void> Server::Impl::Tick(Loop& loop) {
  const auto tick = std::chrono::milliseconds(TickMs());
  const SystemClock clock;
  int64_t date_s = 0;
  while (!loop.stopping) {
    loop.ticker.expires_after(tick);
    boost::system::error_code ec;
    co_await loop.ticker.async_wait(asio::redirect_error(kAwait, ec));
    const int64_t now_s = clock.NowMs() / 1000;
    if (now_s != date_s) loop.date = HttpDate(now_s * 1000);
    date_s = now_s;
    const int64_t now_ms = MonotonicUs() / 1000;
    for (Connection* connection : loop.connections) connection->CheckDeadline(now_ms);
    loop.tasks->CheckDeadlines(now_ms);
  }
}

void Server::Impl::StopAccepting() {
  std::promise<void> closed;
  asio::post(loops[0]->io, [&] {
    boost::system::error_code ec;
    acceptor->close(ec);
    closed.set_value();
  });
  closed.get_future().wait();
}

void Server::Impl::ForEachConnection(void (Connection::*task)()) {
  for (auto& loop : loops) {
    std::promise<void> done;
    asio::post(loop->io, [&] {
      std::vector<std::shared_ptr<Connection>> held;  // a task may end its connection
      for (Connection* connection : loop->connections)
        held.push_back(connection->shared_from_this());
      for (const auto& connection : held) ((*connection).*task)();
      held.clear();
      done.set_value();
    });
    done.get_future().wait();
  }
}

bool Server::Impl::Drain(int64_t deadline_ms) {
  state.draining = true;
  StopAccepting();
  ForEachConnection(&Connection::Drain);
  std::unique_lock lock(state.drained_mutex);
  return state.drained.wait_for(lock, std::chrono::milliseconds(deadline_ms),
                                [&] { return state.connections.load() == 0; });
}

Server::Server(const ServerOptions& options, Resolve resolve)
    : impl_(std::make_unique<Impl>(options, std::move(resolve))) {}
Server::~Server() = default;

int Server::port() const {
  return impl_->port;
}

bool Server::Drain(int64_t deadline_ms) {
  return impl_->Drain(deadline_ms);
}

ServerStats Server::stats() const {
  const ServerState& state = impl_->state;
  return {state.connections.load(), state.requests.load(), state.pools->streams.busy(),
          state.refused.load()};
}

}  // namespace millwright::http

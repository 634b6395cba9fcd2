// Pollers take the library's events from one queue. The handler of a message runs on the poller
// that took it, which spares a change of threads, but only while another poller is left: so one is
// always there to move bytes, to answer health checks and to refuse what is too much.
#include "grpc/server.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "base/check.h"
#include "base/lane.h"
#include "grpc/call_state.h"
#include "grpc/grpc_library.h"

namespace millwright::grpc {
namespace {

constexpr int kAwaitedPerMethod = 8;  // calls that may come in one instant without waiting
constexpr int kPingStrikesMax = 2;
constexpr int64_t kDrainOnEndMs = 1000;
constexpr int kIdentityOnly = 1;  // bit set of compression algorithms

// Options of the library by their keys.
class Arguments {
 public:
  void Add(const char* key, int value) {
    grpc_arg& argument = all_.emplace_back();
    argument.type = GRPC_ARG_INTEGER;
    argument.key = const_cast<char*>(key);
    argument.value.integer = value;
  }
  void Add(const char* key, void* value, const grpc_arg_pointer_vtable* table) {
    grpc_arg& argument = all_.emplace_back();
    argument.type = GRPC_ARG_POINTER;
    argument.key = const_cast<char*>(key);
    argument.value.pointer = {value, table};
  }
  grpc_channel_args view() { return {all_.size(), all_.data()}; }

 private:
  std::vector<grpc_arg> all_;
};

grpc_server* CreateServer(const ServerOptions& options) {
  Arguments arguments;
  arguments.Add(GRPC_ARG_ALLOW_REUSEPORT, 0);  // a port that is taken is an error
  arguments.Add(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, options.message_bytes_max);
  arguments.Add(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, options.message_bytes_max);
  arguments.Add(GRPC_ARG_MAX_METADATA_SIZE, options.metadata_bytes_max);
  arguments.Add(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.connection_calls_max);
  arguments.Add(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, options.handshake_ms);
  arguments.Add(GRPC_ARG_MAX_CONNECTION_IDLE_MS, options.idle_ms);
  arguments.Add(GRPC_ARG_KEEPALIVE_TIME_MS, options.ping_after_ms);
  arguments.Add(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, options.ping_timeout_ms);
  arguments.Add(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.Add(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                options.client_ping_interval_min_ms);
  arguments.Add(GRPC_ARG_HTTP2_MAX_PING_STRIKES, kPingStrikesMax);
  // The library unpacks a message before it looks at the limit, so a small one could fill the
  // memory.
  arguments.Add(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, kIdentityOnly);
  grpc_resource_quota* quota = grpc_resource_quota_create("millwright");
  grpc_resource_quota_resize(quota, static_cast<size_t>(options.memory_bytes_max));
  arguments.Add(GRPC_ARG_RESOURCE_QUOTA, quota, grpc_resource_quota_arg_vtable());
  const grpc_channel_args view = arguments.view();
  grpc_server* server = grpc_server_create(&view, nullptr);
  grpc_resource_quota_unref(quota);
  return server;
}

std::string AddressOf(const ServerOptions& options) {
  const bool is_v6 = options.host.find(':') != std::string::npos && !options.host.starts_with('[');
  return (is_v6 ? "[" + options.host + "]" : options.host) + ":" + std::to_string(options.port);
}

}  // namespace

struct Server::Impl : CallOwner {
  Impl(const ServerOptions& given, std::vector<Method> given_methods);
  ~Impl() override;

  void Run(const std::shared_ptr<CallState>& call) override;
  bool Started(CallState* call) override;
  void Ended(CallState* call) override;

  void Listen();
  void Await(const RegisteredMethod& method);
  void Poll();
  bool Drain(int64_t deadline_ms);
  void EndStreams();

  const ServerOptions options;
  std::deque<RegisteredMethod> methods;  // calls refer to them
  grpc_completion_queue* queue = nullptr;
  grpc_server* server = nullptr;
  int port = 0;
  std::atomic<int> on_pollers = 0;  // handlers at work there
  std::atomic<int> awaited = 0;     // calls that the library may still hand out
  std::atomic<int> calls = 0;

  std::mutex mutex;
  std::condition_variable changed;
  std::set<CallState*> streams;
  bool is_draining = false;
  bool is_shut_down = false;
  bool have_all_finished = true;
  CallState::Tag shutdown_tag;

  std::unique_ptr<Lane> workers;
  std::vector<std::jthread> pollers;
};

Server::Impl::Impl(const ServerOptions& given, std::vector<Method> given_methods) : options(given) {
  server = CreateServer(options);
  queue = grpc_completion_queue_create_for_next(nullptr);
  grpc_server_register_completion_queue(server, queue, nullptr);
  for (Method& method : given_methods) {
    const auto payload = method.messages == Messages::kEach
                             ? GRPC_SRM_PAYLOAD_NONE
                             : GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER;
    void* handle = grpc_server_register_method(server, method.path.c_str(), nullptr, payload, 0);
    CHECK(handle != nullptr);  // a path given twice
    methods.push_back({std::move(method), handle});
  }
  // The library itself leaves a call of any other method without an answer.
  methods.push_back({Method{.path = "", .messages = Messages::kOne, .handle = nullptr}, nullptr});
  Listen();
  workers = std::make_unique<Lane>("grpc-work", options.workers, options.waiting_max);
  grpc_server_start(server);
  for (const RegisteredMethod& method : methods) {
    for (int i = 0; i < kAwaitedPerMethod; ++i) Await(method);
  }
  for (int i = 0; i < options.pollers; ++i) pollers.emplace_back([this] { Poll(); });
}

void Server::Impl::Listen() {
  grpc_server_credentials* credentials = grpc_insecure_server_credentials_create();
  port = grpc_server_add_http2_port(server, AddressOf(options).c_str(), credentials);
  grpc_server_credentials_release(credentials);
  if (port != 0) return;
  // The library wants its queue emptied even of a server that never started.
  grpc_server_shutdown_and_notify(server, queue, &shutdown_tag);
  grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME), nullptr);
  grpc_server_destroy(server);
  grpc_completion_queue_shutdown(queue);
  grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME), nullptr);
  grpc_completion_queue_destroy(queue);
  throw Unavailable("Cannot listen for gRPC on {}", AddressOf(options));
}

Server::Impl::~Impl() {
  Drain(kDrainOnEndMs);
  workers.reset();
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return calls == 0; });
  }
  grpc_completion_queue_shutdown(queue);
  pollers.clear();
  grpc_server_destroy(server);
  grpc_completion_queue_destroy(queue);
}

void Server::Impl::Await(const RegisteredMethod& method) {
  ++awaited;
  if (!std::make_shared<CallState>(*this, method, queue)->Accept(server)) --awaited;
}

bool Server::Impl::Started(CallState* call) {
  const bool is_one_too_many = calls.fetch_add(1) >= options.calls_max;
  if (call->method().messages == Messages::kOne) return !is_one_too_many;
  std::lock_guard lock(mutex);
  if (is_draining) return false;
  streams.insert(call);
  return !is_one_too_many;
}

void Server::Impl::Ended(CallState* call) {
  // Under the lock, so that whoever waits for the last call does not miss it.
  std::lock_guard lock(mutex);
  if (call->method().messages != Messages::kOne) streams.erase(call);
  if (calls.fetch_sub(1) == 1 && is_draining) changed.notify_all();
}

void Server::Impl::Run(const std::shared_ptr<CallState>& call) {
  if (on_pollers.fetch_add(1) < options.pollers - 1) {
    call->method().handle(Call(call));
    on_pollers.fetch_sub(1);
    return;
  }
  on_pollers.fetch_sub(1);
  call->WatchForCancel();
  if (!workers->Submit([call] { call->method().handle(Call(call)); })) {
    call->Fail(Code::kResourceExhausted, "Too many calls wait for their turn");
  }
}

void Server::Impl::Poll() {
  NameThisThread("grpc-poll");
  while (true) {
    const grpc_event event =
        grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME), nullptr);
    if (event.type == GRPC_QUEUE_SHUTDOWN) return;
    auto* tag = static_cast<CallState::Tag*>(event.tag);
    if (tag == &shutdown_tag) {
      std::lock_guard lock(mutex);
      is_shut_down = true;
      changed.notify_all();
    } else if (CallState::IsAccept(tag)) {
      const auto call = std::move(tag->keep);
      if (event.success != 0) {
        Await(call->registered());
        call->Begin();
      }
      if (--awaited == 0) {
        std::lock_guard lock(mutex);
        changed.notify_all();
      }
    } else {
      CallState::Complete(tag, event.success != 0);
    }
  }
}

void Server::Impl::EndStreams() {
  std::vector<std::shared_ptr<CallState>> open;
  {
    std::lock_guard lock(mutex);
    for (CallState* call : streams) {
      // One whose last owner is letting go of it waits for the lock to take itself out.
      if (auto owned = call->weak_from_this().lock()) open.push_back(std::move(owned));
    }
  }
  for (const auto& call : open) call->EndStream();
}

bool Server::Impl::Drain(int64_t deadline_ms) {
  {
    std::lock_guard lock(mutex);
    if (is_draining) return have_all_finished;
    is_draining = true;
  }
  grpc_server_shutdown_and_notify(server, queue, &shutdown_tag);
  EndStreams();
  std::unique_lock lock(mutex);
  have_all_finished =
      changed.wait_for(lock, std::chrono::milliseconds(deadline_ms), [&] { return calls == 0; });
  lock.unlock();
  // Closes connections, too: a client without a call may not look at its own for minutes.
  grpc_server_cancel_all_calls(server);
  lock.lock();
  changed.wait(lock, [&] { return is_shut_down; });
  return have_all_finished;
}

Server::Server(const ServerOptions& options, std::vector<Method> methods)
    : impl_(std::make_unique<Impl>(options, std::move(methods))) {}

Server::~Server() = default;

int Server::port() const {
  return impl_->port;
}

bool Server::Drain(int64_t deadline_ms) {
  return impl_->Drain(deadline_ms);
}

}  // namespace millwright::grpc

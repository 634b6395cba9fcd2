#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/route.h"
#include "api/rpc_metrics.h"
#include "base/result.h"
#include "grpc/server.h"

namespace millwright::api {

// Answers a call with a message, or ends it with an error; once for each message that came.
using RpcReply = std::function<void(Result<std::string>)>;

// One row of a gRPC service's table, what Route is for HTTP. Exactly one of the two handlers is
// set: `handle` answers a message when it returns; `handle_later` may answer later from any thread,
// and of a method that sends without being asked (Messages::kFollow) it keeps the call.
template <typename Context>
struct Rpc {
  std::string_view path;  // "/package.Service/Method"
  std::string (*handle)(Context&, std::string_view message) = nullptr;
  Permission permission;
  std::string_view summary;
  void (*handle_later)(Context&, const grpc::Call&, const RpcReply&) = nullptr;
  grpc::Messages messages = grpc::Messages::kOne;
};

// Decides whether a caller may, by the metadata `authorization`, and says who it is, without a name
// where that is not asked. Throws kUnauthenticated or kPermissionDenied.
using AuthorizeRpc = std::function<grpc::Caller(std::optional<std::string_view>, Permission)>;

// Joins the tables of all services: authorises, runs the handler and turns whatever it throws into
// a status (anything but an Error becomes kInternal with a log id). A call that nobody waits for
// any more is not begun. Counts calls and latency by method for /metrics. Filled before the server
// starts, then read only; outlives it.
class RpcTable {
 public:
  explicit RpcTable(AuthorizeRpc authorize) : authorize_(std::move(authorize)) {}

  // `context` and the table live as long as this.
  template <typename Context, size_t N>
  void Add(const Rpc<Context> (&rpcs)[N], Context& context) {
    for (const auto& rpc : rpcs) {
      AddErased(rpc.path, rpc.permission, rpc.messages,
                [&context, &rpc](const grpc::Call& call, const RpcReply& reply) {
                  if (rpc.handle != nullptr) {
                    reply(rpc.handle(context, call.message()));
                  } else {
                    rpc.handle_later(context, call, reply);
                  }
                });
    }
  }

  // Given to grpc::Server.
  std::vector<grpc::Method> Methods();
  // Counters and latency histograms as Prometheus text.
  std::string MetricsText() const;

 private:
  struct Entry {
    std::string_view path;
    Permission permission;
    grpc::Messages messages;
    std::function<void(const grpc::Call&, const RpcReply&)> handle;
    RpcMetrics metrics;
  };
  void AddErased(std::string_view path, Permission permission, grpc::Messages messages,
                 std::function<void(const grpc::Call&, const RpcReply&)> handle);
  void Dispatch(Entry& entry, const grpc::Call& call) const;

  const AuthorizeRpc authorize_;
  std::deque<Entry> entries_;
};

}  // namespace millwright::api

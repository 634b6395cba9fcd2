#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/message.h"
#include "http/server.h"

namespace millwright::api {

// What a caller must be allowed to do; no route is without one. kPublic needs no principal at all.
enum class Permission { kPublic, kRead, kEdit, kManage, kAdmin };

// One row of a protocol's table. `Context` is a struct of references to the domain services that
// the protocol needs. Patterns hold {name} for one path segment, {name}:suffix for one that ends
// so, and {name...} for the rest of the path, possibly empty. Exactly one of `handle` and
// `handle_later` is set: the first answers when it returns, the second may answer later from any
// thread. The work of a small request with a `handle_later` that only queues something takes less
// than a change of threads: bodies of up to `inline_bytes_max` are handled as on Lane::kInline when
// the caller can be authorised without waiting, larger and other ones on `lane`; `inline_when` may
// say of a request's head that it is none of those. `at_once` answers
// a request without a body on the I/O thread, under the same condition, where everything that the
// answer takes is in memory; nothing where it is not, and then `handle` runs on `lane`. It is held
// to what Lane::kInline is.
template <typename Context>
struct Route {
  http::Method method;
  std::string_view pattern;
  http::Response (*handle)(Context&, const http::Request&) = nullptr;
  Permission permission;
  http::Lane lane;
  std::string_view summary;
  http::Body body = http::Body::kWhole;
  void (*handle_later)(Context&, http::Request&&, http::Reply) = nullptr;
  uint64_t inline_bytes_max = 0;
  std::optional<http::Response> (*at_once)(Context&, const http::Request&) = nullptr;
  bool (*inline_when)(const Context&, const http::Request& head) = nullptr;
};

// A row as the router, /api/routes and the metrics see it.
struct RouteInfo {
  std::string_view protocol;
  http::Method method;
  std::string_view pattern;
  Permission permission;
  http::Lane lane;
  std::string_view summary;
};

// Turns an error into the protocol's own answer.
using ErrorWriter = http::Response (*)(const Error&);

// Words what was thrown as the router does when a handler throws it: for what fails after a
// handler has returned. Anything but an Error becomes kInternal with a log id.
http::Response FailureAnswer(const std::exception_ptr& thrown, ErrorWriter error_writer,
                             std::string_view request_id);

// Tells whether no two rows have the same method and pattern; for a static_assert beside a table.
template <typename Context, size_t N>
constexpr bool Unique(const Route<Context> (&routes)[N]) {
  for (size_t i = 0; i < N; ++i)
    for (size_t j = i + 1; j < N; ++j)
      if (routes[i].method == routes[j].method && routes[i].pattern == routes[j].pattern)
        return false;
  return true;
}

// Decides who calls and whether they may; throws kUnauthenticated or kPermissionDenied. Sets
// principal and principal_verified of the request.
using Authorize = std::function<void(http::Request&, Permission)>;
// Does the same where nothing has to be waited for; else, and for a refusal, returns false.
using AuthorizeAtOnce = std::function<bool(http::Request&, Permission)>;

// Joins the tables of all protocols: finds the row of a request, authorises, runs the handler and
// turns whatever it throws into the protocol's answer (anything but an Error becomes kInternal with
// a log id). Paths without a row go to `fallback` (the UI), a known path with another method is
// 405. Counts requests, latency and status by route for /metrics. Before all that it refuses a Host
// that is not ours and state-changing calls from foreign origins (403), and it gives each request
// an id (X-Request-Id, taken over from the client when it is well-formed). What Authorize throws
// becomes text, in all protocols. Filled before the server starts, then read only.
class Router {
 public:
  struct Options {
    uint64_t body_bytes_max = 64ULL << 20;   // of whole bodies
    uint64_t stream_bytes_max = 1ULL << 40;  // of streamed bodies
    // Names beside localhost and private addresses; see OriginRules.
    std::vector<std::string> allowed_hosts;
    std::vector<std::string> allowed_origins;
    std::string challenge = "Basic realm=\"mlflow\"";  // WWW-Authenticate of a 401
  };
  Router(const Options& options, Authorize authorize, AuthorizeAtOnce authorize_at_once = {});
  ~Router();

  // `context` and the table live as long as the router.
  template <typename Context, size_t N>
  void Add(std::string_view protocol, const Route<Context> (&routes)[N], Context& context,
           ErrorWriter error_writer) {
    for (const auto& route : routes) {
      AddErased(
          {protocol, route.method, route.pattern, route.permission, route.lane, route.summary},
          {route.body, route.inline_bytes_max, error_writer, AtOnce(route, context),
           InlineWhen(route, context)},
          [&context, &route](http::Request&& request, http::Reply reply) {
            if (route.handle != nullptr) {
              reply(route.handle(context, request));
            } else {
              route.handle_later(context, std::move(request), std::move(reply));
            }
          });
    }
  }
  void SetFallback(std::function<http::Response(const http::Request&)> fallback);

  // Given to http::Server.
  http::Target Resolve(http::Request& head);
  const std::vector<RouteInfo>& routes() const;
  // The request counters and latency histograms as Prometheus text.
  std::string MetricsText() const;

 private:
  template <typename Context>
  static std::function<bool(const http::Request&)> InlineWhen(const Route<Context>& route,
                                                              const Context& context) {
    if (route.inline_when == nullptr) return {};
    return
        [&context, &route](const http::Request& head) { return route.inline_when(context, head); };
  }
  template <typename Context>
  static std::function<std::optional<http::Response>(const http::Request&)> AtOnce(
      const Route<Context>& route, Context& context) {
    if (route.at_once == nullptr) return {};
    return [&context, &route](const http::Request& request) {
      return route.at_once(context, request);
    };
  }

  // What the router alone needs to know of a row.
  struct RowOptions {
    http::Body body = http::Body::kWhole;
    uint64_t inline_bytes_max = 0;
    ErrorWriter error_writer = nullptr;
    std::function<std::optional<http::Response>(const http::Request&)> at_once;
    std::function<bool(const http::Request&)> inline_when;
  };
  void AddErased(RouteInfo info, const RowOptions& options,
                 std::function<void(http::Request&&, http::Reply)> handle);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Maps a Code to the HTTP status that all protocols share.
int HttpStatus(Code code);

}  // namespace millwright::api

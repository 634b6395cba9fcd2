#include "api/route.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <deque>

#include "api/cross_origin.h"
#include "api/json_error.h"
#include "api/origin_rules.h"
#include "api/prometheus/exposition.h"
#include "api/route_metrics.h"
#include "api/route_trie.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "base/log_trace.h"
#include "base/trace_context.h"
#include "http/target.h"

namespace millwright::api {

// A row with its counters; rows that no table has stand for the answers of the edge itself.
struct RouteEntry {
  RouteInfo info;
  http::Body body = http::Body::kWhole;
  uint64_t inline_bytes_max = 0;
  ErrorWriter error_writer = nullptr;
  std::function<std::optional<http::Response>(const http::Request&)> at_once;
  std::function<bool(const http::Request&)> inline_when;
  std::function<void(http::Request&&, http::Reply)> handle;
  std::vector<std::string> names;
  RouteMetrics metrics;
};

namespace {

constexpr size_t kRequestIdMax = 128;
constexpr std::string_view kHealthPath = "/health";  // asked by probes, under any name

bool IsRequestId(std::string_view text) {
  return !text.empty() && text.size() <= kRequestIdMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

std::string_view RawPath(const http::Request& request) {
  const auto parts = http::SplitTarget(request.raw_target);
  return parts ? parts->path : std::string_view(request.path);
}

// In the shape of the protocol whose path it is: those of inference have one field.
http::Response NoRouteOf(std::string_view path, int status, const std::string& message) {
  if (!path.starts_with("/v1/models") && !path.starts_with("/v2/")) return NoRoute(status, message);
  std::string json;
  JsonWriter(&json).BeginObject().Field("error", message).EndObject();
  return http::Response::JsonText(status, std::move(json));
}

http::Response MethodNotAllowed(const http::Request& head, const std::string& allow) {
  http::Response response = NoRouteOf(head.path, 405, "Method not allowed; see Allow");
  response.headers.Add("Allow", allow);
  return response;
}

// Authentication speaks text in all protocols, as MLflow's clients and browsers expect.
http::Response AuthorisationRefused(const Error& error, std::string_view challenge) {
  http::Response response = http::Response::Text(HttpStatus(error.code()), error.message());
  if (error.code() == Code::kUnauthenticated)
    response.headers.Add("WWW-Authenticate", std::string(challenge));
  return response;
}

// What every answer carries.
void AddEdgeHeaders(const std::string& request_id, http::Response* response) {
  response->is_guarded = true;
  response->headers.Add("X-Request-Id", request_id);
}

}  // namespace

http::Response FailureAnswer(const std::exception_ptr& thrown, ErrorWriter error_writer,
                             std::string_view request_id) {
  std::string what = "an exception of unknown type";
  try {
    std::rethrow_exception(thrown);
  } catch (const Error& error) {
    if (error.code() == Code::kInternal)
      Log(LogLevel::kError, "api", error.message(), {{"request", std::string(request_id)}});
    return error_writer(error);
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {  // `what` says so
  }
  const std::string log_id = NewShortId("log-");
  Log(LogLevel::kError, "api", "A handler failed unexpectedly",
      {{"id", log_id}, {"error", what}, {"request", std::string(request_id)}});
  return error_writer(Internal("Internal error; the server's log has it as {}", log_id));
}

struct Router::Impl {
  Impl(const Options& options, Authorize authorize, AuthorizeAtOnce authorize_at_once)
      : options(options),
        authorize(std::move(authorize)),
        authorize_at_once(std::move(authorize_at_once)),
        rules({options.allowed_hosts, options.allowed_origins}) {
    const auto edge = [&](std::string_view name) -> RouteEntry& {
      RouteEntry& entry = entries.emplace_back();
      entry.info = {"edge", http::Method::kGet, name, Permission::kPublic, http::Lane::kInline,
                    name};
      entry.error_writer = JsonError;
      return entry;
    };
    refused_host = &edge("(host refused)");
    refused_origin = &edge("(origin refused)");
    preflight = &edge("(preflight)");
    unknown_path = &edge("(unknown path)");
    wrong_method = &edge("(wrong method)");
    fallback = &edge("(fallback)");
    fallback->body = http::Body::kStream;
    fallback->info.lane = http::Lane::kMeta;
  }

  std::string RequestId(const http::Request& head) {
    const auto given = head.headers.Find("X-Request-Id");
    if (given && IsRequestId(*given)) return std::string(*given);
    char number[16];
    const auto end = std::to_chars(number, number + sizeof number,
                                   next_id.fetch_add(1, std::memory_order_relaxed), 16);
    return (id_prefix + '-').append(number, end.ptr);
  }

  // What is known of a request when its head has come.
  struct Arrival {
    int64_t start_us = 0;
    bool authorised = false;
  };
  // Runs an entry's handler and sees to it that exactly one answer goes out.
  void Dispatch(RouteEntry& entry, http::Request&& request, http::Reply reply,
                const Arrival& arrival);
  bool RunsInline(const RouteEntry& entry, http::Request& head) const;
  // The answer of an entry that has all it takes in memory, where the caller is known already.
  std::optional<http::Response> AnswerAtOnce(const RouteEntry& entry, http::Request& head) const;
  // An answer that needs no handler; the body of the request is left unread.
  http::Target AnswerWith(RouteEntry* entry, http::Response response);

  const Options options;
  const Authorize authorize;
  const AuthorizeAtOnce authorize_at_once;
  const OriginRules rules;
  const std::string id_prefix = NewHexId().substr(0, 8);
  std::atomic<uint64_t> next_id = 1;
  std::deque<RouteEntry> entries;
  std::vector<RouteInfo> infos;
  RouteTrie trie;
  RouteEntry* refused_host;
  RouteEntry* refused_origin;
  RouteEntry* preflight;
  RouteEntry* unknown_path;
  RouteEntry* wrong_method;
  RouteEntry* fallback;
};

void Router::Impl::Dispatch(RouteEntry& entry, http::Request&& request, http::Reply reply,
                            const Arrival& arrival) {
  const LogTrace trace(TraceIdOf(request.headers.Find("traceparent")));
  const std::string request_id = request.request_id;
  const http::Reply finish([&metrics = entry.metrics, request_id, start_us = arrival.start_us,
                            reply = std::move(reply)](http::Response&& response) {
    metrics.Record(response.status, MonotonicUs() - start_us);
    AddEdgeHeaders(request_id, &response);
    reply(std::move(response));
  });
  try {
    if (!arrival.authorised) authorize(request, entry.info.permission);
  } catch (const Error& error) {
    const bool known =
        error.code() == Code::kUnauthenticated || error.code() == Code::kPermissionDenied;
    return finish(known ? AuthorisationRefused(error, options.challenge)
                        : entry.error_writer(error));
  }
  try {
    entry.handle(std::move(request), finish);
  } catch (...) {
    finish(FailureAnswer(std::current_exception(), entry.error_writer, request_id));
  }
}

// Whether a request is so short that its handler runs on the I/O thread, and its caller is known
// already: authorising may ask the database or hash a password.
bool Router::Impl::RunsInline(const RouteEntry& entry, http::Request& head) const {
  if (entry.inline_bytes_max == 0 || !authorize_at_once) return false;
  if (entry.inline_when && !entry.inline_when(head)) return false;
  const auto length = head.headers.Find("Content-Length");
  uint64_t bytes = 0;
  if (!length) return false;
  const auto [end, error] = std::from_chars(length->begin(), length->end(), bytes);
  if (error != std::errc() || end != length->end() || bytes > entry.inline_bytes_max) return false;
  return authorize_at_once(head, entry.info.permission);
}

std::optional<http::Response> Router::Impl::AnswerAtOnce(const RouteEntry& entry,
                                                         http::Request& head) const {
  if (!entry.at_once || !authorize_at_once) return std::nullopt;
  if (!authorize_at_once(head, entry.info.permission)) return std::nullopt;
  try {
    return entry.at_once(head);
  } catch (const std::exception&) {
    return std::nullopt;  // the handler on the lane words it
  }
}

http::Target Router::Impl::AnswerWith(RouteEntry* entry, http::Response response) {
  http::Target target;
  target.lane = http::Lane::kInline;
  target.body = http::Body::kStream;
  target.body_bytes_max = options.stream_bytes_max;
  target.handle = [entry, response = std::move(response), start_us = MonotonicUs()](
                      http::Request&& request, const http::Reply& reply) mutable {
    http::Response answer = std::move(response);
    entry->metrics.Record(answer.status, MonotonicUs() - start_us);
    AddEdgeHeaders(request.request_id, &answer);
    reply(std::move(answer));
  };
  return target;
}

Router::Router(const Options& options, Authorize authorize, AuthorizeAtOnce authorize_at_once)
    : impl_(std::make_unique<Impl>(options, std::move(authorize), std::move(authorize_at_once))) {}
Router::~Router() = default;

void Router::SetFallback(std::function<http::Response(const http::Request&)> fallback) {
  impl_->fallback->handle = [fallback = std::move(fallback)](http::Request&& request,
                                                             const http::Reply& reply) {
    reply(fallback(request));
  };
}

void Router::AddErased(RouteInfo info, const RowOptions& options,
                       std::function<void(http::Request&&, http::Reply)> handle) {
  RouteEntry& entry = impl_->entries.emplace_back();
  entry.info = info;
  entry.body = options.body;
  entry.inline_bytes_max = options.inline_bytes_max;
  entry.error_writer = options.error_writer;
  entry.at_once = options.at_once;
  entry.inline_when = options.inline_when;
  entry.handle = std::move(handle);
  entry.names = impl_->trie.Add(info.method, info.pattern, &entry);
  impl_->infos.push_back(info);
}

const std::vector<RouteInfo>& Router::routes() const {
  return impl_->infos;
}

http::Target Router::Resolve(http::Request& head) {
  Impl& impl = *impl_;
  const int64_t start_us = MonotonicUs();
  head.request_id = impl.RequestId(head);
  const std::string_view host = head.headers.Find("Host").value_or("");
  if (!host.empty() && head.path != kHealthPath && !impl.rules.HostAllowed(host))
    return impl.AnswerWith(
        impl.refused_host,
        http::Response::Text(
            403, fmt::format("Host not allowed: {} (allow it by --allowed-host)", host)));
  std::string page;  // a page elsewhere that may call us
  if (const auto origin = head.headers.Find("Origin")) {
    if (impl.rules.OriginAllowed(*origin, host)) {
      page = *origin;
    } else if (ChangesState(head.method)) {
      return impl.AnswerWith(impl.refused_origin,
                             http::Response::Text(403, "Cross-origin request blocked"));
    }
  }

  RouteTrie::Match match = impl.trie.Find(head.method, RawPath(head));
  RouteEntry* entry = match.entry;
  if (entry == nullptr && !page.empty() && IsPreflight(head))
    return impl.AnswerWith(impl.preflight, PreflightAnswer(head, page, match.allow));
  if (entry == nullptr && !match.allow.empty())
    return impl.AnswerWith(impl.wrong_method, MethodNotAllowed(head, match.allow));
  if (entry == nullptr && impl.fallback->handle && !ChangesState(head.method))
    entry = impl.fallback;
  if (entry == nullptr)
    return impl.AnswerWith(impl.unknown_path,
                           NoRouteOf(head.path, 404, "Path not found: " + head.path));
  for (size_t i = 0; i < match.values.size(); ++i)
    head.path_values.emplace_back(entry->names[i], std::move(match.values[i]));

  if (page.empty()) {
    if (auto answer = impl.AnswerAtOnce(*entry, head))
      return impl.AnswerWith(entry, *std::move(answer));
  }

  http::Target target;
  Impl::Arrival arrival{start_us, impl.RunsInline(*entry, head)};
  target.lane = arrival.authorised ? http::Lane::kInline : entry->info.lane;
  target.body = entry->body;
  target.body_bytes_max = entry->body == http::Body::kStream ? impl.options.stream_bytes_max
                                                             : impl.options.body_bytes_max;
  target.word_error = entry->error_writer;
  target.handle = [&impl, entry, arrival, page = std::move(page)](http::Request&& request,
                                                                  http::Reply reply) {
    if (!page.empty()) reply = LetRead(page, std::move(reply));
    impl.Dispatch(*entry, std::move(request), std::move(reply), arrival);
  };
  return target;
}

std::string Router::MetricsText() const {
  std::string out;
  prometheus::AppendHead("millwright_http_requests_total", "Requests by route, method and status",
                         prometheus::Type::kCounter, &out);
  std::string seconds;
  prometheus::AppendHead("millwright_http_request_seconds",
                         "Time from a request's head to its answer by route and method",
                         prometheus::Type::kHistogram, &seconds);
  for (const RouteEntry& entry : impl_->entries) {
    if (entry.metrics.count() == 0) continue;
    std::string labels;
    prometheus::AppendLabel("route", entry.info.pattern, &labels);
    prometheus::AppendLabel("method", http::MethodName(entry.info.method), &labels);
    entry.metrics.AppendRequests(labels, &out);
    entry.metrics.AppendSeconds(labels, &seconds);
  }
  return out + seconds;
}

}  // namespace millwright::api

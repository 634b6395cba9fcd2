#include "server/stream_port.h"

#include "api/json_error.h"
#include "api/prometheus/exposition.h"
#include "api/prometheus/stream_metrics.h"
#include "api/route.h"
#include "http/server.h"
#include "streaming/stream.h"

namespace millwright::server {
namespace {

constexpr int64_t kDrainMs = 1'000;

struct Context {
  const streaming::StreamCounts& counts;
};

http::Response GetMetrics(Context& context, const http::Request&) {
  return http::Response::Text(200, api::prometheus::StreamMetrics(context.counts),
                              api::prometheus::kContentType);
}

http::Response GetHealth(Context&, const http::Request&) {
  return http::Response::Text(200, "OK");
}

constexpr api::Route<Context> kRoutes[] = {
    {http::Method::kGet, "/metrics", GetMetrics, api::Permission::kPublic, http::Lane::kMeta,
     "Print metrics for Prometheus"},
    {http::Method::kGet, "/health", GetHealth, api::Permission::kPublic, http::Lane::kInline,
     "Tell that the process lives"},
};
static_assert(api::Unique(kRoutes));

http::ServerOptions HttpOptions(const std::string& host, int port) {
  http::ServerOptions options;
  options.host = host;
  options.port = port;
  options.infer_threads = 1;
  options.meta_threads = 1;
  options.bulk_threads = 1;
  return options;
}

}  // namespace

struct StreamPort::Parts {
  Context context;
  api::Router router;
  std::unique_ptr<http::Server> http;  // after the routes are known

  Parts(const std::string& host, int port, const streaming::StreamCounts& counts)
      : context{counts}, router({}, [](http::Request&, api::Permission) {}) {
    router.Add("system", kRoutes, context, api::JsonError);
    http = std::make_unique<http::Server>(
        HttpOptions(host, port), [this](http::Request& head) { return router.Resolve(head); });
  }
};

StreamPort::StreamPort(const std::string& host, int port, const streaming::StreamCounts& counts)
    : parts_(std::make_unique<Parts>(host, port, counts)) {}

StreamPort::~StreamPort() {
  parts_->http->Drain(kDrainMs);
}

int StreamPort::port() const {
  return parts_->http->port();
}

}  // namespace millwright::server

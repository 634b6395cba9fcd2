#include "server/model_server_app.h"

#include "api/kserve/routes.h"
#include "api/prometheus/exposition.h"
#include "api/prometheus/supply_metrics.h"
#include "api/route.h"
#include "api/scoring/routes.h"
#include "api/tfserving/routes.h"
#include "http/server.h"

namespace millwright::server {
namespace {

constexpr int64_t kDrainMs = 10'000;
constexpr int kDecodingThreads = 2;  // of bodies that are too long for an I/O thread

// What the routes about the server itself work with.
struct OwnContext {
  const supply::SuppliedModels& models;
  const api::Router& router;
};

http::Response GetMetrics(OwnContext& context, const http::Request&) {
  return http::Response::Text(
      200, context.router.MetricsText() + api::prometheus::SupplyMetrics(context.models),
      api::prometheus::kContentType);
}

constexpr api::Route<OwnContext> kOwnRoutes[] = {
    {http::Method::kGet, "/metrics", GetMetrics, api::Permission::kRead, http::Lane::kMeta,
     "Print metrics for Prometheus"},
};
static_assert(api::Unique(kOwnRoutes));

http::ServerOptions HttpOptions(const ModelServerOptions& options) {
  http::ServerOptions http;
  http.host = options.host;
  http.port = options.port;
  http.io_threads = options.io_threads;
  http.infer_threads = kDecodingThreads;
  http.meta_threads = 2;
  http.bulk_threads = 1;
  return http;
}

}  // namespace

struct ModelServerApp::Parts {
  std::unique_ptr<serving::RequestLog> log;  // null where none is asked for
  supply::SuppliedModels models;
  api::prediction::Context context;
  api::Router router;
  OwnContext own;
  std::unique_ptr<http::Server> http;  // after the routes are known

  explicit Parts(const ModelServerOptions& options)
      : log(options.log ? std::make_unique<serving::RequestLog>(*options.log) : nullptr),
        models(options.supply, log.get()),
        context{models},
        router(
            {}, [](http::Request&, api::Permission) {},
            [](http::Request&, api::Permission) { return true; }),
        own{models, router} {
    router.Add("kserve", api::kserve::kRoutes, context, api::kserve::WriteError);
    router.Add("tfserving", api::tfserving::kRoutes, context, api::tfserving::WriteError);
    router.Add("scoring", api::scoring::kRoutes, context, api::scoring::WriteError);
    router.Add("scoring", api::scoring::kProbeRoutes, context, api::scoring::WriteError);
    router.Add("system", kOwnRoutes, own, api::scoring::WriteError);
    http = std::make_unique<http::Server>(
        HttpOptions(options), [this](http::Request& head) { return router.Resolve(head); });
  }
};

ModelServerApp::ModelServerApp(const ModelServerOptions& options) {
  parts_ = std::make_unique<Parts>(options);
}

ModelServerApp::~ModelServerApp() = default;

int ModelServerApp::port() const {
  return parts_->http->port();
}

std::vector<std::string> ModelServerApp::model_names() const {
  return parts_->models.Models();
}

void ModelServerApp::Drain() {
  parts_->http->Drain(kDrainMs);
}

}  // namespace millwright::server

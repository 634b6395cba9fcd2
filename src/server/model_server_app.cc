#include "server/model_server_app.h"

#include <algorithm>

#include "api/kserve/routes.h"
#include "api/prometheus/serving_metrics.h"
#include "api/prometheus/supply_metrics.h"
#include "api/route.h"
#include "api/scoring/routes.h"
#include "api/system/routes.h"
#include "api/tfserving/routes.h"
#include "base/clock.h"
#include "base/error.h"
#include "http/server.h"
#include "server/rpc_port.h"
#include "server/tracing.h"

namespace millwright::server {
namespace {

constexpr int64_t kDrainMs = 10'000;
constexpr int kDecodingThreads = 2;  // of bodies that are too long for an I/O thread

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

RpcPortOptions RpcOptions(const ModelServerOptions& options) {
  RpcPortOptions rpc;
  rpc.host = options.host;
  rpc.port = options.grpc_port;
  rpc.workers = options.supply.batching.threads;
  rpc.message_bytes_max = static_cast<int>(options.body_bytes_max);
  return rpc;
}

api::Router::Options RouterOptions(const ModelServerOptions& options) {
  api::Router::Options router;
  router.body_bytes_max = static_cast<uint64_t>(options.body_bytes_max);
  router.allowed_hosts = options.allowed_hosts;
  return router;
}

}  // namespace

struct ModelServerApp::Parts {
  SystemClock clock;
  std::unique_ptr<serving::RequestLog> log;  // null where none is asked for
  supply::SuppliedModels models;
  serving::FixedContracts contracts;
  serving::ContractedPredictor contracted;
  Tracing tracing;
  api::prediction::Context context;
  api::Router router;
  api::system::Context system;
  std::unique_ptr<http::Server> http;  // after the routes are known
  std::unique_ptr<RpcPort> rpc;

  // A contract that its model could not be held to is no start. A model that is not ready yet, or
  // comes later, is looked at by its first request.
  void RequireContracts(const ModelServerOptions& options) {
    const auto names = models.Models();
    for (const auto& [name, contract] : options.contracts) {
      const bool is_here = std::find(names.begin(), names.end(), name) != names.end();
      if (name != "*" && !is_here && options.supply.stores.empty()) {
        throw InvalidArgument("--contract is for the model {}, which is not served", name);
      }
    }
    for (const std::string& name : names) {
      const auto contract = contracts.Find(name);
      if (contract == nullptr || contract->action() == serving::ContractAction::kPass) continue;
      if (models.Ready(name, "")) contract->RequireAsked(*models.Describe(name, ""));
    }
  }

  explicit Parts(const ModelServerOptions& options)
      : log(options.log ? std::make_unique<serving::RequestLog>(*options.log) : nullptr),
        models(options.supply, log.get()),
        contracts(options.contracts),
        contracted(models, contracts),
        tracing(contracted, options.otlp_endpoint),
        context{tracing.predictor()},
        router(
            RouterOptions(options), [](http::Request&, api::Permission) {},
            [](http::Request&, api::Permission) { return true; }),
        system{router, clock, clock.NowMs(), [] {}, [this] { return MetricsText(); }} {
    RequireContracts(options);
    router.Add("kserve", api::kserve::kRoutes, context, api::kserve::WriteError);
    router.Add("tfserving", api::tfserving::kRoutes, context, api::tfserving::WriteError);
    router.Add("scoring", api::scoring::kRoutes, context, api::scoring::WriteError);
    router.Add("scoring", api::scoring::kProbeRoutes, context, api::scoring::WriteError);
    api::system::AddMetricsRoute(router, system);
    http = std::make_unique<http::Server>(
        HttpOptions(options), [this](http::Request& head) { return router.Resolve(head); });
    if (options.grpc_port >= 0) {
      rpc = std::make_unique<RpcPort>(
          RpcOptions(options), context,
          [](std::optional<std::string_view>, api::Permission) { return grpc::Caller(); });
    }
  }

  std::string MetricsText() const {
    return api::prometheus::ServingMetrics(models) + api::prometheus::SupplyMetrics(models) +
           (log ? api::prometheus::RequestLogMetrics(log->stats()) : "") +
           (rpc ? rpc->MetricsText() : "") + tracing.MetricsText() + contracted.MetricsText();
  }
};

ModelServerApp::ModelServerApp(const ModelServerOptions& options) {
  parts_ = std::make_unique<Parts>(options);
}

ModelServerApp::~ModelServerApp() = default;

int ModelServerApp::port() const {
  return parts_->http->port();
}

std::optional<int> ModelServerApp::grpc_port() const {
  if (parts_->rpc == nullptr) return std::nullopt;
  return parts_->rpc->port();
}

std::vector<std::string> ModelServerApp::model_names() const {
  return parts_->models.Models();
}

void ModelServerApp::Drain() {
  const int64_t end_us = MonotonicUs() + kDrainMs * 1000;
  if (parts_->rpc != nullptr) parts_->rpc->Drain(kDrainMs);
  parts_->http->Drain(std::max<int64_t>(0, (end_us - MonotonicUs()) / 1000));
  parts_->models.StopRuns();
}

}  // namespace millwright::server

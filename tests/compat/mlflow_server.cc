// A server of MLflow's protocol alone: what tests/compat replays against when only that is to be
// tested, without the gateway, the pipelines and the UI.
//
// usage: mlflow_server PORT DIR [DATABASE_URI]
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "api/mlflow/context.h"
#include "api/mlflow/routes.h"
#include "api/mlflow/webhook_format.h"
#include "artifacts/artifacts.h"
#include "base/error.h"
#include "blob/blob_store.h"
#include "http/server.h"
#include "registry/registry.h"
#include "tracking/experiment_store.h"
#include "tracking/logged_model_store.h"
#include "tracking/metric_history.h"
#include "tracking/run_store.h"
#include "webhooks/courier.h"
#include "webhooks/webhook_store.h"

namespace millwright {
namespace {

constexpr int64_t kDrainMs = 2000;
constexpr int64_t kWebhookTimeoutMs = 10'000;
constexpr const webhooks::Format* kWebhookFormats[] = {&api::mlflow::kWebhookFormat};

struct System {
  http::Response Health(const http::Request&) const {
    return http::Response::Text(200, "OK", "text/html; charset=utf-8");
  }
};

constexpr api::Route<System> kSystemRoutes[] = {
    {http::Method::kGet, "/health",
     [](System& system, const http::Request& request) { return system.Health(request); },
     api::Permission::kPublic, http::Lane::kInline, "Tell that the server is up"}};

int Run(int port, const std::string& dir, const std::string& database_uri) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const SystemClock clock;
  const auto database = storage::OpenDatabase(database_uri);
  events::EventLog events(*database, clock);
  const auto blobs = blob::OpenBlobStore(dir + "/artifacts");
  artifacts::Artifacts artifacts(*database, *blobs, events, clock);
  tracking::ExperimentStore experiments(*database, events, clock, {});
  tracking::RunStore runs(*database, events, clock);
  tracking::RunLeases run_leases(*database, events, clock);
  tracking::MetricHistory metrics(*database);
  tracking::LoggedModelStore logged_models(*database, events, clock);
  registry::Registry registry(*database, events, clock);
  const security::SecretBox secrets(dir + "/secret.key");
  const webhooks::AddressPolicy addresses({});
  webhooks::WebhookStore webhooks(*database, events, clock, secrets, addresses);
  webhooks::Courier courier(kWebhookFormats, secrets, addresses, clock, kWebhookTimeoutMs);
  api::mlflow::Context context{experiments, runs,      run_leases, metrics, logged_models,
                               registry,    artifacts, webhooks,   courier};
  System system;
  api::Router router(
      {}, [](http::Request&, api::Permission) {},
      [](http::Request&, api::Permission) { return true; });
  api::mlflow::AddRoutes(router, context);
  router.Add("system", kSystemRoutes, system,
             [](const Error& error) { return http::Response::Text(500, error.message()); });
  http::Server server({.port = port}, [&](http::Request& head) { return router.Resolve(head); });
  std::printf("http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  server.Drain(kDrainMs);
  events.Close();
  return 0;
}

}  // namespace
}  // namespace millwright

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s PORT DIR [DATABASE_URI]\n", argv[0]);
    return 2;
  }
  const std::string dir = argv[2];
  try {
    return millwright::Run(std::atoi(argv[1]), dir,
                           argc > 3 ? argv[3] : "sqlite:///" + dir + "/mlflow.db");
  } catch (const millwright::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

#include "server/app.h"

#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <filesystem>

#include "alerts/alert_store.h"
#include "alerts/evaluator.h"
#include "analytics/session.h"
#include "analytics/session_host.h"
#include "api/alerting/messages.h"
#include "api/authorize.h"
#include "api/intake/routes.h"
#include "api/json_error.h"
#include "api/kserve/routes.h"
#include "api/mlflow/context.h"
#include "api/mlflow/routes.h"
#include "api/mlflow/webhook_format.h"
#include "api/native/routes.h"
#include "api/native/webhooks.h"
#include "api/prometheus/artifact_metrics.h"
#include "api/prometheus/serving_metrics.h"
#include "api/route.h"
#include "api/scoring/routes.h"
#include "api/system/routes.h"
#include "api/tfserving/routes.h"
#include "artifacts/artifacts.h"
#include "artifacts/part_uploads.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/id.h"
#include "base/log.h"
#include "base/process.h"
#include "base/version.h"
#include "blob/blob_store.h"
#include "blob/file_store.h"
#include "blob/mounted_stores.h"
#include "blob/s3_options.h"
#include "data/dataset_store.h"
#include "data/source_store.h"
#include "data/split_store.h"
#include "events/event_log.h"
#include "fetch/client.h"
#include "http/server.h"
#include "lineage/lineage.h"
#include "loop/loop_store.h"
#include "loop/loops.h"
#include "monitoring/event_pairs.h"
#include "monitoring/health.h"
#include "monitoring/monitors.h"
#include "monitoring/prediction_import.h"
#include "monitoring/prediction_log.h"
#include "monitoring/prediction_reader.h"
#include "monitoring/preview.h"
#include "pipelines/pipeline_store.h"
#include "pipelines/scheduler.h"
#include "quality/attachments.h"
#include "quality/suite_gate.h"
#include "quality/suite_review.h"
#include "quality/suite_store.h"
#include "quality/suite_version_gate.h"
#include "registry/intake.h"
#include "registry/registry.h"
#include "retention/garbage.h"
#include "security/secret_box.h"
#include "security/security.h"
#include "server/alert_feed.h"
#include "server/endpoint_contracts.h"
#include "server/event_file_watch.h"
#include "server/event_follower.h"
#include "server/loop.h"
#include "server/metrics_scrape.h"
#include "server/model_files.h"
#include "server/model_schema.h"
#include "server/mounting.h"
#include "server/places.h"
#include "server/prediction_recorder.h"
#include "server/replica_io.h"
#include "server/rpc_port.h"
#include "server/server_metrics.h"
#include "server/tracing.h"
#include "server/ui_assets.h"
#include "serving/gateway.h"
#include "serving/schema_gate.h"
#include "storage/database.h"
#include "tensorboard/event_ingest.h"
#include "tracking/experiment_store.h"
#include "tracking/intake.h"
#include "tracking/latest_metrics.h"
#include "tracking/logged_model_store.h"
#include "tracking/metric_chart.h"
#include "tracking/metric_compactor.h"
#include "tracking/metric_history.h"
#include "tracking/run_lease.h"
#include "tracking/run_reaper.h"
#include "tracking/run_store.h"
#include "webhooks/delivery_log.h"
#include "webhooks/dispatcher.h"
#include "webhooks/webhook_store.h"

namespace millwright::server {
namespace {

namespace fs = std::filesystem;

// Whom the tasks of pipelines act as.
constexpr const char* kTaskPrincipal = "pipelines";
// How long after a look at what waits to be compacted the next one follows.
constexpr int64_t kCompactionMs = 500;
// What a run logs in this time is one change of each of its latest metrics; searches find so much
// left to do.
constexpr int64_t kRaiseMs = 500;
// How often versions are looked for that a server left pending when it ended.
constexpr int64_t kJudgeLookMs = 10'000;

// Makes the data folder and returns its absolute path.
fs::path MakeDataFolder(const Config& config) {
  const fs::path folder = DataFolder(config);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw InvalidArgument("Cannot make the data folder {}: {}", folder.string(), error.message())
        .WithField("--data");
  return folder;
}

std::string ArtifactRoot(const Config& config) {
  if (!config.default_artifact_root.empty()) return config.default_artifact_root;
  return config.serve_artifacts ? "mlflow-artifacts:" : ArtifactStoreUri(config);
}

blob::S3Options S3OptionsOf(const Config& config) {
  blob::S3Options options;
  options.endpoint = config.s3_endpoint;
  options.region = config.s3_region;
  options.style = blob::ParseS3Style(config.s3_style);
  options.credentials_file = config.s3_credentials_file;
  return options;
}

// The store of this server. One that only clients write to may be out of its reach, as long as
// nobody sends files through it.
std::unique_ptr<blob::BlobStore> OpenOwnStore(const Config& config, const Clock& clock) {
  try {
    return blob::OpenBlobStore(ArtifactStoreUri(config), S3OptionsOf(config), clock);
  } catch (const Error& error) {
    if (!config.artifacts_destination.empty() || !IsDirectRoot(config.default_artifact_root)) throw;
    Log(LogLevel::kWarning, "server", "cannot reach the artifact root; its files are not listed",
        {{"root", config.default_artifact_root}, {"error", error.message()}});
    return std::make_unique<blob::FileStore>(DataFolder(config) / "artifacts");
  }
}

// The artifact store, with the files of mounted folders in it.
std::unique_ptr<blob::BlobStore> OpenArtifactStore(const Config& config, const Clock& clock) {
  auto store = OpenOwnStore(config, clock);
  blob::MountedStores::Mounts mounts;
  for (const auto& folder : MountedFolders(config)) {
    mounts[MountPath(folder)] =
        std::make_unique<blob::FileStore>(folder, blob::FileStore::Access::kReadOnly);
  }
  if (mounts.empty()) return store;
  return std::make_unique<blob::MountedStores>(std::move(store), std::move(mounts));
}

std::vector<MountedFolder> FoldersToFollow(const Config& config) {
  std::vector<MountedFolder> folders;
  for (const auto& folder : MountedFolders(config)) {
    folders.push_back(
        {folder, config.serve_artifacts ? "mlflow-artifacts:/" + MountPath(folder) : ""});
  }
  return folders;
}

analytics::SessionHostOptions SqlHostOptions(const Config& config) {
  analytics::SessionHostOptions options;
  options.command = {ThisProgram().string(), "sql-session"};
  options.memory_bytes_max = static_cast<uint64_t>(config.sql_memory_mib) << 20;
  options.time_limit_ms = config.sql_time_limit_s * int64_t{1000};
  options.sessions_max = static_cast<size_t>(config.sql_sessions_max);
  return options;
}

data::DataOptions DataRoomOptions(const Config& config, const fs::path& data,
                                  analytics::SessionHost* sql_host) {
  data::DataOptions options{.root = data / "data", .sql_host = sql_host};
  for (const auto& root : config.file_roots) options.file_roots.emplace_back(fs::absolute(root));
  return options;
}

security::SecurityOptions SecurityRoomOptions(const Config& config) {
  security::SecurityOptions options;
  options.mode = security::ParseMode(config.auth_mode);
  return options;
}

std::optional<std::string> AdminPassword(const Config& config) {
  if (!config.admin_password_file.empty()) {
    std::string password = ReadFile(config.admin_password_file);
    while (password.ends_with('\n') || password.ends_with('\r')) password.pop_back();
    return password;
  }
  const char* given = std::getenv("MILLWRIGHT_ADMIN_PASSWORD");
  return given == nullptr ? std::nullopt : std::optional<std::string>(given);
}

// Whether this server does what only one server of a database may do.
bool DoesAll(const Config& config) {
  if (config.role != "all" && config.role != "api")
    throw InvalidArgument("The role of a server is all or api: {}", config.role)
        .WithField("--role");
  return config.role == "all";
}

serving::GatewayOptions GatewayRoomOptions(const Config& config, const fs::path& data,
                                           const registry::Registry& registry,
                                           ReplicaIo& replica_io) {
  serving::GatewayOptions options;
  options.version_of_alias = [&registry](const std::string& model, const std::string& alias) {
    return std::to_string(registry.GetByAlias(registry::ModelName(model), alias).version);
  };
  options.serves = DoesAll(config);
  options.supervisor.replica_command = {ThisProgram().string(), "serve"};
  options.supervisor.spare_command = {ThisProgram().string(), "serve-spare"};
  options.supervisor.spares_max = config.endpoint_spares_max;
  options.supervisor.socket_dir = data / "run";
  options.supervisor.log_dir = data / "logs/replicas";
  options.loop_here = [&replica_io] { return replica_io.Here(); };
  return options;
}

// Tasks call the server on its own machine, whatever address it listens on.
pipelines::SchedulerOptions SchedulerRoomOptions(const Config& config, const fs::path& data,
                                                 int port, const std::string& token) {
  pipelines::SchedulerOptions options;
  options.dir = data / "pipelines";
  options.uri = "http://127.0.0.1:" + std::to_string(port);
  options.program_dir = ThisProgram().parent_path();
  options.tasks_max = config.pipeline_tasks_max;
  options.token = token;
  return options;
}

// A token by which this server's own tasks may call it; empty where everybody may. Those that an
// earlier start left are revoked.
std::string TaskToken(security::Security& security) {
  if (security.mode() == security::Mode::kOff) return "";
  bool known = false;
  for (const auto& user : security.ListUsers("", security::kPrincipalsPageMax))
    known = known || user.name == kTaskPrincipal;
  if (!known)
    security.CreateUser(kTaskPrincipal, NewHexId(), security::Role::kManager, kTaskPrincipal);
  for (const auto& token : security.ListTokens(kTaskPrincipal))
    security.DeleteToken(token.id, kTaskPrincipal);
  return security.CreateToken(kTaskPrincipal, "tasks of this server", {}, kTaskPrincipal).secret;
}

constexpr const webhooks::Format* kWebhookFormats[] = {
    &api::native::kWebhookFormat,   &api::mlflow::kWebhookFormat,
    &api::alerting::kWebhookFormat, &api::alerting::kSlackFormat,
    &api::alerting::kMailFormat,    &api::alerting::kAlertmanagerFormat};

fs::path SecretKeyFile(const Config& config, const fs::path& data) {
  return config.secret_key_file.empty() ? data / "secret.key" : fs::path(config.secret_key_file);
}

// Names this server by what stays the same when it is started again, so that it may take up at
// once what it held.
std::string ServerName(const fs::path& data) {
  char host[HOST_NAME_MAX + 1] = "";
  gethostname(host, sizeof host - 1);
  return std::string(host) + ":" + Sha256Hex(data.string()).substr(0, 12);
}

monitoring::PredictionLogOptions PredictionLogOptionsOf(const Config& config) {
  monitoring::PredictionLogOptions options;
  options.keep_ms = config.prediction_log_keep_days * monitoring::kDayMs;
  serving::LoggingRules rules({}, config.prediction_log_redact);
  if (!rules.hides_nothing()) {
    options.hides = [rules = std::move(rules)](const auto& endpoint, const auto& column) {
      return rules.Hides(endpoint, column);
    };
  }
  return options;
}

// Where people find this server.
std::string ServerUrl(const Config& config, int port) {
  if (!config.external_url.empty()) {
    std::string url = config.external_url;
    while (url.ends_with('/')) url.pop_back();
    return url;
  }
  const bool is_local = config.host == "127.0.0.1" || config.host == "localhost";
  char host[HOST_NAME_MAX + 1] = "localhost";
  if (!is_local) gethostname(host, sizeof host - 1);
  return "http://" + std::string(host) + ":" + std::to_string(port);
}

webhooks::DispatcherOptions DispatcherOptionsOf(const Config& config, const fs::path& data) {
  constexpr int64_t kMsPerDay = 86'400'000;
  webhooks::DispatcherOptions options;
  options.retry.attempts_max = config.webhook_attempts_max;
  options.retry.first_ms = config.webhook_retry_ms;
  options.concurrency = config.webhook_concurrency;
  options.keep_ms = config.webhook_keep_days * kMsPerDay;
  options.owner = ServerName(data);
  return options;
}

http::ServerOptions HttpOptions(const Config& config) {
  http::ServerOptions options;
  options.host = config.host;
  options.port = config.port;
  options.io_threads = config.io_threads;
  options.meta_threads = config.meta_threads;
  options.bulk_threads = config.bulk_threads;
  options.infer_threads = config.infer_threads;
  return options;
}

RpcPortOptions RpcOptions(const Config& config) {
  RpcPortOptions options;
  options.host = config.host;
  options.port = config.grpc_port;
  options.workers = config.infer_threads;
  options.message_bytes_max = static_cast<int>(config.body_bytes_max);
  return options;
}

api::Router::Options RouterOptions(const Config& config) {
  api::Router::Options options;
  options.body_bytes_max = static_cast<uint64_t>(config.body_bytes_max);
  options.allowed_hosts = config.allowed_hosts;
  return options;
}

}  // namespace

// The system, in the order in which it is built.
struct App::Parts {
  const Config config;
  const fs::path data;
  SystemClock clock;
  std::unique_ptr<storage::Database> database;
  events::EventLog events;
  security::Security security;
  lineage::LineageGraph lineage;
  std::unique_ptr<blob::BlobStore> blobs;
  artifacts::Artifacts artifacts;
  artifacts::PartUploads part_uploads;
  retention::Garbage garbage;
  ModelInspection inspection;
  fetch::Client fetch;
  security::SecretBox secrets;
  webhooks::AddressPolicy webhook_addresses;
  webhooks::WebhookStore webhooks;
  webhooks::DeliveryLog deliveries;
  webhooks::Courier courier;

  tracking::ExperimentStore experiments;
  tracking::RunStore runs;
  tracking::RunLeases run_leases;
  tracking::RunReaper run_reaper;
  tracking::MetricHistory metrics;
  tracking::ChartReader charts;
  tracking::MetricCompactor compactor;
  tracking::LatestMetrics latest_metrics;
  tracking::LoggedModelStore logged_models;
  tracking::Intake tracking_intake;
  tensorboard::EventIngest event_ingest;
  serving::SchemaGate schema_gate;
  quality::SuiteGate suite_gate;
  registry::Registry registry;
  registry::Intake registry_intake;
  quality::SuiteStore suites;
  quality::SuiteReview review;
  quality::Attachments attachments;
  analytics::SessionHost sql_host;
  quality::SuiteVersionGate version_gate;
  data::DatasetStore datasets;
  data::SourceStore sources;
  data::SplitStore splits;
  monitoring::PredictionLog predictions;
  monitoring::PredictionReader prediction_reader;
  monitoring::PredictionImport prediction_import;
  monitoring::EventPairs event_pairs;
  monitoring::Monitors monitors;
  monitoring::HealthReader health;
  monitoring::MonitorPreviewer previewer;
  PredictionRecorder recorder;
  ReplicaIo replica_io;
  serving::Gateway gateway;
  EndpointContracts contracts;
  serving::ContractedPredictor contracted;
  Tracing tracing;
  pipelines::PipelineStore pipelines;
  alerts::AlertStore alerts;
  alerts::Evaluator evaluator;
  ServerMetrics server_metrics;
  MetricsScrape scrape;
  loop::LoopStore loop_store;
  loop::Loops loops;

  api::mlflow::Context mlflow;
  api::prediction::Context inference;
  api::native::Context native;
  api::intake::Context intake;
  UiPages ui;
  api::system::Context system;
  api::Router router;
  std::unique_ptr<http::Server> http;  // after all that it calls
  std::unique_ptr<RpcPort> rpc;
  // None of them with the role api:
  std::unique_ptr<pipelines::Scheduler> scheduler;  // its tasks call the server
  std::unique_ptr<EventFollower> follower;
  std::unique_ptr<Loop> measuring;
  std::unique_ptr<Loop> alerting;
  std::unique_ptr<Loop> looping;
  std::unique_ptr<EventFileWatch> event_files;
  std::unique_ptr<Loop> compacting;
  std::unique_ptr<Loop> raising;
  std::unique_ptr<Loop> reaping;
  std::unique_ptr<Loop> judging;
  std::unique_ptr<Mounting> mounting;
  std::unique_ptr<webhooks::Dispatcher> dispatcher;

  explicit Parts(const Config& given);
  // Where people find this server.
  std::string Url() const { return ServerUrl(config, http ? http->port() : config.port); }
  // What rules of alerts may ask for.
  std::string SeriesText() const { return api::system::MetricsText(system) + scrape.Samples(); }
  // The folder of a version that may be served.
  fs::path ServableFolder(const registry::ModelVersion& version) const;
  // What goes on without being called, which one server of a database does.
  void StartLoops();
};

App::Parts::Parts(const Config& given)
    : config(given),
      data(MakeDataFolder(config)),
      database(storage::OpenDatabase(DatabaseUri(config))),
      events(*database, clock),
      security(*database, events, clock, SecurityRoomOptions(config)),
      lineage(*database, clock),
      blobs(OpenArtifactStore(config, clock)),
      artifacts(*database, *blobs, events, clock, data / "copies"),
      part_uploads(*database, *blobs, artifacts, clock),
      garbage(*database, artifacts, part_uploads, events, clock),
      inspection(artifacts, {.policy = ParseScanPolicy(config.scan_policy),
                             .trusted_globals = config.scan_trusted_globals}),
      secrets(SecretKeyFile(config, data)),
      webhook_addresses(config.webhook_allowed_hosts),
      webhooks(*database, events, clock, secrets, webhook_addresses),
      deliveries(*database, events, clock),
      courier(kWebhookFormats, secrets, webhook_addresses, clock, config.webhook_timeout_ms),
      experiments(*database, events, clock, {.artifact_root = ArtifactRoot(config)}),
      runs(*database, events, clock, {.lease_ms = config.run_lease_s * 1000}),
      run_leases(*database, events, clock),
      run_reaper(*database, events, clock, [] { return MonotonicUs() / 1000; }),
      metrics(*database),
      charts(*database),
      compactor(*database, clock),
      latest_metrics(*database),
      logged_models(*database, events, clock),
      tracking_intake(*database, events, clock, ArtifactRoot(config)),
      event_ingest(*database, runs, artifacts, clock),
      registry(
          *database, events, clock, {&schema_gate, &suite_gate},
          [this] { latest_metrics.CatchUp(); },
          [this](const auto& uri) { return ReadModelSchema(artifacts, uri); },
          [this](auto& connection, const auto& uri) {
            if (const auto path = artifacts.FindPath(uri))
              artifacts::RequireKept(connection, *path);
          }),
      registry_intake(*database, events, clock,
                      [this](const auto& version) { return inspection.InspectImported(version); }),
      suites(*database, events, clock),
      review(*database, events, clock, suites),
      attachments(*database, events, clock),
      sql_host(SqlHostOptions(config)),
      version_gate(*database, suites, &sql_host),
      datasets(*database, events, lineage, clock, DataRoomOptions(config, data, &sql_host),
               &version_gate),
      sources(*database, events, clock, datasets, fetch),
      splits(*database, events, lineage, clock, datasets),
      predictions(data / "predictions", clock, PredictionLogOptionsOf(config)),
      prediction_reader(predictions, &sql_host),
      prediction_import(predictions, clock),
      event_pairs(predictions, clock),
      monitors(*database, events, clock, predictions, &sql_host),
      health(*database, events, monitors, predictions, &sql_host),
      previewer(predictions, &sql_host),
      recorder(predictions, {config.prediction_log_share, config.prediction_log_redact}),
      gateway(*database, events, clock, &recorder,
              GatewayRoomOptions(config, data, registry, replica_io)),
      contracts(gateway, suites, clock),
      contracted(gateway, contracts),
      tracing(contracted, config.otlp_endpoint),
      pipelines(*database, events, clock, data / "pipelines"),
      alerts(*database, events, clock, webhooks),
      evaluator(*database, events, clock, alerts, api::alerting::Wordings(),
                {.server_url = [this] { return Url(); },
                 .cause = [this](const auto& rule,
                                 const auto& labels) { return CauseOf(monitors, rule, labels); },
                 .monotonic_ms = [] { return MonotonicUs() / 1000; }}),
      server_metrics({.clock = clock,
                      .database = *database,
                      .events = events,
                      .datasets = datasets,
                      .sources = sources,
                      .predictions = predictions,
                      .monitors = monitors,
                      .pipelines = pipelines,
                      .alerts = alerts,
                      .evaluator = evaluator,
                      .webhooks = webhooks,
                      .deliveries = deliveries,
                      .data = data}),
      scrape(config.alert_scrape, fetch, config.alert_interval_ms),
      loop_store(*database, events, clock),
      loops({.store = loop_store,
             .events = events,
             .clock = clock,
             .registry = registry,
             .gateway = gateway,
             .pipelines = pipelines,
             .predictions = predictions,
             .revision =
                 [this](const auto& model, const auto& version, int replicas) {
                   const registry::ModelName name(model);
                   const int64_t number = registry::ParseVersion(version);
                   registry.LearnSchema(name, number);
                   const auto found = registry.GetVersion(name, number);
                   return serving::RevisionSpec{version, ServableFolder(found).string(), replicas};
                 }}),
      mlflow{.experiments = experiments,
             .runs = runs,
             .run_leases = run_leases,
             .metrics = metrics,
             .logged_models = logged_models,
             .registry = registry,
             .artifacts = artifacts,
             .part_uploads = part_uploads,
             .webhooks = webhooks,
             .courier = courier,
             .inspect_model = [this](auto* version) { inspection.Inspect(version); }},
      inference{tracing.predictor()},
      native{.clock = clock,
             .started_ms = clock.NowMs(),
             .events = events,
             .lineage = lineage,
             .runs = runs,
             .run_leases = run_leases,
             .logged_models = logged_models,
             .artifacts = artifacts,
             .part_uploads = part_uploads,
             .event_ingest = event_ingest,
             .charts = charts,
             .metrics = metrics,
             .datasets = datasets,
             .sources = sources,
             .splits = splits,
             .suites = suites,
             .review = review,
             .attachments = attachments,
             .registry = registry,
             .gateway = gateway,
             .garbage = garbage,
             .sql_host = sql_host,
             .predictions = predictions,
             .prediction_reader = prediction_reader,
             .prediction_import = prediction_import,
             .event_pairs = event_pairs,
             .monitors = monitors,
             .health = health,
             .previewer = previewer,
             .pipelines = pipelines,
             .loop_store = loop_store,
             .loops = loops,
             .security = security,
             .webhooks = webhooks,
             .deliveries = deliveries,
             .courier = courier,
             .alerts = alerts,
             .evaluator = evaluator,
             .metrics_text = [this] { return SeriesText(); },
             .server_url = [this] { return Url(); },
             .model_folder = [this](const auto& version) { return ServableFolder(version); },
             .scan_files = [this](const auto& version) { return inspection.Scan(version); }},
      intake{experiments, tracking_intake, registry_intake, artifacts},
      system{router, clock, clock.NowMs(), [this] { database->Read([](storage::Connection&) {}); },
             [this] {
               return gateway.MetricsText() + api::prometheus::ServingMetrics(gateway) +
                      (rpc ? rpc->MetricsText() : "") + tracing.MetricsText() +
                      contracted.MetricsText() + server_metrics.Text() + scrape.MetricsText() +
                      api::prometheus::ArtifactMetrics(artifacts);
             }},
      router(RouterOptions(config), api::MakeAuthorize(security),
             api::MakeAuthorizeAtOnce(security)) {
  security.EnsureFirstAdmin("admin", AdminPassword(config));
  api::mlflow::AddRoutes(router, mlflow);
  router.Add("kserve", api::kserve::kRoutes, inference, api::kserve::WriteError);
  router.Add("tfserving", api::tfserving::kRoutes, inference, api::tfserving::WriteError);
  router.Add("scoring", api::scoring::kRoutes, inference, api::scoring::WriteError);
  api::native::AddRoutes(router, native);
  api::intake::AddRoutes(router, intake);
  api::system::AddRoutes(router, system);
  router.SetFallback([this](const http::Request& request) { return ui.Serve(request); });
  http = std::make_unique<http::Server>(
      HttpOptions(config), [this](http::Request& head) { return router.Resolve(head); });
  if (config.grpc_port >= 0)
    rpc = std::make_unique<RpcPort>(RpcOptions(config), inference, api::MakeAuthorizeRpc(security));
  if (DoesAll(config)) StartLoops();
}

fs::path App::Parts::ServableFolder(const registry::ModelVersion& version) const {
  registry.RequireServable(version.name, version.version);
  inspection.RequireLookedAt(version, registry.Checks(version.name, version.version));
  return ModelFolder(artifacts, version);
}

void App::Parts::StartLoops() {
  scheduler = std::make_unique<pipelines::Scheduler>(
      pipelines, SchedulerRoomOptions(config, data, http->port(), TaskToken(security)));
  follower = std::make_unique<EventFollower>(
      FollowerContext{*database, events, lineage, runs, monitors, pipelines},
      data / "follower.cursor");
  measuring = std::make_unique<Loop>("monitors", "measure the monitors", [this](const auto&) {
    event_pairs.WriteStale();
    monitors.Evaluate();
    health.Refresh();
    previewer.DropIdle();
    return config.monitor_interval_ms;
  });
  alerting = std::make_unique<Loop>("alerts", "look at the rules of alerts", [this](const auto&) {
    evaluator.Look(SeriesText(), MonitorAlerts(monitors, clock.NowMs()));
    return config.alert_interval_ms;
  });
  looping = std::make_unique<Loop>("loops", "look at the loops of models", [this](const auto&) {
    loops.Look();
    return config.loop_interval_ms;
  });
  if (config.tensorboard_watch)
    event_files = std::make_unique<EventFileWatch>(
        EventFileContext{events, experiments, runs, artifacts, event_ingest},
        EventFileWatch::Options{.cursor_file = data / "event_files.cursor",
                                .interval_ms = config.tensorboard_interval_ms});
  compacting = std::make_unique<Loop>("compactor", "compact metrics", [this](const auto& stop) {
    compactor.CompactDue(stop);
    return kCompactionMs;
  });
  raising = std::make_unique<Loop>("raiser", "raise latest metrics", [this](const auto&) {
    latest_metrics.CatchUp();
    return kRaiseMs;
  });
  reaping = std::make_unique<Loop>("run-reaper", "look at the leases of runs",
                                   [this](const auto&) { return run_reaper.Look(); });
  judging =
      std::make_unique<Loop>("judge", "judge versions that were left pending", [this](const auto&) {
        datasets.JudgePending(native.started_ms);
        return kJudgeLookMs;
      });
  mounting = std::make_unique<Mounting>(*database, events, clock, FoldersToFollow(config));
  dispatcher = std::make_unique<webhooks::Dispatcher>(*database, events, clock, courier,
                                                      DispatcherOptionsOf(config, data));
}

App::App(const Config& config) : parts_(std::make_unique<Parts>(config)) {}

App::~App() {
  parts_->events.Close();
}

int App::port() const {
  return parts_->http->port();
}

std::optional<int> App::grpc_port() const {
  if (parts_->rpc == nullptr) return std::nullopt;
  return parts_->rpc->port();
}

bool App::Drain() {
  // From here on signs of life are refused.
  parts_->reaping.reset();
  parts_->looping.reset();
  if (parts_->scheduler) parts_->scheduler->Stop();
  // Those who follow the event log would otherwise be waited for.
  parts_->events.Close();
  const int64_t end_us = MonotonicUs() + parts_->config.drain_ms * 1000;
  const bool calls_finished = parts_->rpc == nullptr || parts_->rpc->Drain(parts_->config.drain_ms);
  const int64_t left_ms = std::max<int64_t>(0, (end_us - MonotonicUs()) / 1000);
  return parts_->http->Drain(left_ms) && calls_finished;
}

}  // namespace millwright::server

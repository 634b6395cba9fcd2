#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/option.h"
#include "serving/spare_pool.h"
#include "tracking/limits.h"

namespace millwright::server {

// What `millwright server` can be told. Each field is one row of kServerOptions, which is the only
// place that says its flag, variable, key, help and limits.
struct Config {
  std::string config_file;
  std::string host = "127.0.0.1";
  int port = 5000;
  std::vector<std::string> prediction_log_share, prediction_log_redact;
  std::string port_file;
  int grpc_port = -1;
  std::string grpc_port_file;
  std::string otlp_endpoint;
  std::string role = "all";
  std::string data_dir = "millwright-data";
  std::string backend_store_uri;
  std::string default_artifact_root;
  std::string artifacts_destination;
  bool serve_artifacts = true;
  std::string s3_endpoint;
  std::string s3_region;
  std::string s3_style = "auto";
  std::string s3_credentials_file;
  std::string log_level = "info";
  std::string auth_mode = "off";
  std::string admin_password_file;
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> file_roots;
  std::vector<std::string> mounts;
  int io_threads = 1;
  int meta_threads = 8;
  int bulk_threads = 4;
  int infer_threads = 16;
  int64_t body_bytes_max = 64 << 20;
  int64_t drain_ms = 10'000;
  int endpoint_spares_max = serving::kSparesMax;
  int pipeline_tasks_max = 4;
  int64_t monitor_interval_ms = 500;
  int64_t loop_interval_ms = 1000;
  int sql_memory_mib = 2048;
  int sql_time_limit_s = 60;
  int sql_sessions_max = 3;
  int64_t run_lease_s = 0;
  bool tensorboard_watch = true;
  int64_t tensorboard_interval_ms = 1000;
  std::string scan_policy = "warn";
  std::vector<std::string> scan_trusted_globals;
  std::string secret_key_file;
  std::vector<std::string> webhook_allowed_hosts;
  int webhook_concurrency = 8;
  int webhook_attempts_max = 10;
  int64_t webhook_retry_ms = 1000;
  int64_t webhook_timeout_ms = 10'000;
  int webhook_keep_days = 30;
  int prediction_log_keep_days = 0;
  int64_t alert_interval_ms = 5'000;
  std::string external_url;
  std::vector<std::string> alert_scrape;
};

inline constexpr Option<Config> kServerOptions[] = {
    {"", "--config", "A YAML file of options", &Config::config_file, "FILE"},
    {"server.host", "--host", "The address to listen on", &Config::host, "HOST"},
    {"server.port",
     "--port",
     "The port to listen on; 0 picks a free one and prints it",
     &Config::port,
     "PORT",
     0,
     65535,
     {},
     "-p"},
    {"server.port_file", "--port-file", "A file to write the port to once it listens",
     &Config::port_file, "FILE"},
    {"server.grpc_port", "--grpc-port",
     "The port for predictions by gRPC; 0 picks a free one and prints it, -1 is none",
     &Config::grpc_port, "PORT", -1, 65535},
    {"server.grpc_port_file", "--grpc-port-file",
     "A file to write the port for gRPC to once it listens", &Config::grpc_port_file, "FILE"},
    {"server.otlp_endpoint", "--otlp-endpoint",
     "An OpenTelemetry collector, http(s)://HOST:PORT, that is sent the spans of predictions whose "
     "caller wants its trace kept",
     &Config::otlp_endpoint, "URL"},
    {"server.role", "--role",
     "What this server does: all, or api for the calls alone, beside the one server of a database "
     "that does all (schedules, serves, monitors, compacts, marks dead runs)",
     &Config::role, "ROLE"},
    {"server.data", "--data", "The folder that holds everything", &Config::data_dir, "DIR"},
    {"server.backend_store_uri", "--backend-store-uri",
     "The metadata database: sqlite:///PATH or postgresql://…; in the data folder when not given",
     &Config::backend_store_uri, "URI"},
    {"server.default_artifact_root", "--default-artifact-root",
     "The artifact location of new experiments; mlflow-artifacts:/ when artifacts are proxied",
     &Config::default_artifact_root, "URI"},
    {"server.artifacts_destination", "--artifacts-destination",
     "Where proxied artifacts are kept: a folder or s3://BUCKET/PREFIX; in the data folder when "
     "not "
     "given",
     &Config::artifacts_destination, "URI"},
    {"server.serve_artifacts", "--serve-artifacts", "Whether clients send artifacts through here",
     &Config::serve_artifacts},
    {"artifacts.s3_endpoint", "--s3-endpoint",
     "The S3 server of an s3:// destination, https://HOST[:PORT]; else what "
     "MLFLOW_S3_ENDPOINT_URL, "
     "AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL says, else AWS's own",
     &Config::s3_endpoint, "URL"},
    {"artifacts.s3_region", "--s3-region",
     "The region of an s3:// destination; else what AWS_REGION or AWS_DEFAULT_REGION says, else "
     "us-east-1",
     &Config::s3_region, "REGION"},
    {"artifacts.s3_style", "--s3-style",
     "Where the bucket's name stands in URLs: path, virtual (in the host name) or auto",
     &Config::s3_style, "STYLE"},
    {"artifacts.s3_credentials_file", "--s3-credentials-file",
     "A file of keys in the form of ~/.aws/credentials, of which AWS_PROFILE names the section; "
     "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are the other way; without either the role of "
     "the instance, the container or AWS_WEB_IDENTITY_TOKEN_FILE is asked for keys",
     &Config::s3_credentials_file, "FILE"},
    {"server.log_level", "--log-level", "The lowest level to log: debug, info, warning or error",
     &Config::log_level, "LEVEL"},
    {"auth.mode", "--auth",
     "Who may call: off (anyone who reaches the port) or basic (users, "
     "tokens and roles)",
     &Config::auth_mode, "MODE"},
    {"auth.admin_password_file", "--admin-password-file",
     "A file with the password of the first user, admin; MILLWRIGHT_ADMIN_PASSWORD is the other "
     "way",
     &Config::admin_password_file, "FILE"},
    {"server.allowed_hosts", "--allowed-host",
     "A host name by which clients may call, besides localhost and private addresses; repeatable",
     &Config::allowed_hosts, "NAME"},
    {"data.file_roots", "--file-root",
     "A folder that file sources may read; anywhere while listening on loopback; repeatable",
     &Config::file_roots, "DIR"},
    {"tracking.mounts", "--mount",
     "An mlruns folder that another program writes, shown read-only beside what is here; "
     "repeatable",
     &Config::mounts, "DIR"},
    {"server.io_threads", "--io-threads", "Threads that move bytes", &Config::io_threads, "N", 1,
     64},
    {"server.meta_threads", "--meta-threads", "Threads of short metadata calls",
     &Config::meta_threads, "N", 1, 256},
    {"server.bulk_threads", "--bulk-threads", "Threads of uploads and analytics",
     &Config::bulk_threads, "N", 1, 256},
    {"server.infer_threads", "--infer-threads",
     "Threads for predictions that have to wait: long bodies, labels, contracts",
     &Config::infer_threads, "N", 1, 1024},
    {"server.body_bytes_max", "--body-bytes-max", "The largest body that is not streamed",
     &Config::body_bytes_max, "BYTES", 1024, 1 << 30},
    {"predictions.log_share", "--prediction-log-share",
     "The share of the predictions that is logged, 0 to 1, or ENDPOINT=SHARE; repeatable",
     &Config::prediction_log_share, "SHARE"},
    {"predictions.log_redact", "--prediction-log-redact",
     "A column whose values are left out of the prediction log, whoever brings them, or "
     "ENDPOINT:COLUMN; repeatable",
     &Config::prediction_log_redact, "COLUMN"},
    {"predictions.keep_days", "--prediction-log-keep-days",
     "How long predictions and outcomes are kept, by the day that they were asked or told; 0 for "
     "ever",
     &Config::prediction_log_keep_days, "DAYS", 0, 36'500},
    {"server.drain_ms", "--drain-ms", "How long SIGTERM waits for running requests",
     &Config::drain_ms, "MS", 0, 600'000},
    {"endpoints.spares_max", "--endpoint-spares-max",
     "Processes, some 30 MB each, that wait to become replicas of endpoints without one; as many "
     "as such endpoints had replicas, at most so many",
     &Config::endpoint_spares_max, "N", 0, 64},
    {"pipelines.tasks_max", "--pipeline-tasks-max", "Pipeline tasks that run at once",
     &Config::pipeline_tasks_max, "N", 1, 256},
    {"monitoring.interval_ms", "--monitor-interval-ms",
     "How soon after new predictions or outcomes the monitors look", &Config::monitor_interval_ms,
     "MS", 10, 3'600'000},
    {"sql.memory_mib", "--sql-memory-mib",
     "How much memory SQL from outside may take, each question in a process of its own: queries "
     "and "
     "conditions over prediction logs, suites, derived datasets",
     &Config::sql_memory_mib, "MIB", 64, 1 << 20},
    {"sql.time_limit_s", "--sql-time-limit-s",
     "How long a question in SQL to a prediction log may take; then its process is killed",
     &Config::sql_time_limit_s, "SECONDS", 1, 3600},
    {"sql.sessions_max", "--sql-sessions-max",
     "Processes that answer SQL from outside at once; more questions wait, 10 s at most",
     &Config::sql_sessions_max, "N", 1, 64},
    {"loop.interval_ms", "--loop-interval-ms",
     "How often the loops of models look whether there is something to decide",
     &Config::loop_interval_ms, "MS", 10, 3'600'000},
    {"tracking.run_lease_s", "--run-lease-s",
     "How long a new run may be silent before it is marked dead, 0 for ever; a run may ask for its "
     "own lease by the tag millwright.lease_s",
     &Config::run_lease_s, "SECONDS", 0, tracking::kRunLeaseSecondsMax},
    {"tensorboard.watch", "--tensorboard-watch",
     "Whether event files among the artifacts of runs are read into the runs",
     &Config::tensorboard_watch},
    {"tensorboard.interval_ms", "--tensorboard-interval-ms",
     "How often the artifacts of running runs are looked at for event files that grew",
     &Config::tensorboard_interval_ms, "MS", 10, 3'600'000},
    {"scan.policy", "--scan-policy",
     "What happens to a model version whose files could do harm when they are loaded: block (it is "
     "not registered), quarantine (no alias, stage or endpoint takes it) or warn",
     &Config::scan_policy, "POLICY"},
    {"scan.trusted_globals", "--scan-trust",
     "A Python global that pickles may name besides the list, package.module.Name; repeatable",
     &Config::scan_trusted_globals, "NAME"},
    {"security.secret_key_file", "--secret-key-file",
     "A file with the key that seals secrets in the database, made when absent; secret.key in the "
     "data folder when not given; servers of one database need the same",
     &Config::secret_key_file, "FILE"},
    {"webhooks.allowed_hosts", "--webhook-allowed-host",
     "A host name, address or network (10.0.0.0/8) that webhooks may call though it is not public, "
     "by http as well; repeatable",
     &Config::webhook_allowed_hosts, "HOST"},
    {"webhooks.concurrency", "--webhook-concurrency", "Webhooks that are called at once",
     &Config::webhook_concurrency, "N", 1, 256},
    {"webhooks.attempts_max", "--webhook-attempts-max",
     "How often a delivery is tried before it is a dead letter", &Config::webhook_attempts_max, "N",
     1, 100},
    {"webhooks.retry_ms", "--webhook-retry-ms",
     "How long after a failed attempt the next one is made; doubles each time, up to five minutes",
     &Config::webhook_retry_ms, "MS", 1, 300'000},
    {"webhooks.timeout_ms", "--webhook-timeout-ms", "How long a receiver may take to answer",
     &Config::webhook_timeout_ms, "MS", 10, 60'000},
    {"webhooks.keep_days", "--webhook-keep-days",
     "How long ended deliveries, dead letters among them, stay in the log",
     &Config::webhook_keep_days, "DAYS", 1, 3650},
    {"alerts.interval_ms", "--alert-interval-ms", "How often rules of alerts are looked at",
     &Config::alert_interval_ms, "MS", 10, 3'600'000},
    {"alerts.scrape", "--alert-scrape",
     "The /metrics of a model server or a stream, for rules to ask for too; its samples have the "
     "label instance; repeatable",
     &Config::alert_scrape, "URL"},
    {"server.external_url", "--external-url",
     "Where people find this server, for links in messages; this machine's name and port when not "
     "given",
     &Config::external_url, "URL"},
};

// The flags of a command line in order, as ("--port", "6000").
using GivenFlags = std::vector<std::pair<std::string, std::string>>;

// Fills `config` with what is in force: defaults, then the file, then the environment, then the
// flags; tells where each value came from, by key. Throws kInvalidArgument with a line for every
// mistake.
std::map<std::string, OptionSource> LoadConfig(const std::string& config_file,
                                               const GivenFlags& flags, Config* config);

}  // namespace millwright::server

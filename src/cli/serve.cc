#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/cache_folder.h"
#include "cli/commands.h"
#include "ensembles/ensemble.h"
#include "quality/suite_file.h"
#include "server/model_server_app.h"
#include "serving/replica_listener.h"

namespace millwright::cli {
namespace {

constexpr int kIoThreadsMax = 4;  // that are chosen where nobody asks for more

struct ServeOptions {
  std::vector<std::string> models;
  std::string host = "127.0.0.1", socket, port_file, grpc_port_file, otlp_endpoint;
  int port = 8080;
  int grpc_port = -1;
  int threads = 8, io_threads = 0;
  std::string batching = "auto";
  int batch_max = 64, batch_delay_us = 1000, run_timeout_ms = 60'000;
  std::string log;
  std::vector<std::string> log_share, log_redact;
  int log_mib = 1024;
  int python_workers = 1, python_timeout_ms = 60'000;
  int python_memory_mib = 0;
  std::vector<std::string> model_stores, versions;
  std::string transition = "availability", cache, when_full = "refuse";
  double poll_s = 0;
  int memory_mib = 0;
  std::vector<std::string> contracts;
  std::string contract_action = "reject";
  std::vector<std::string> allowed_hosts;
  int64_t body_bytes_max = 64 << 20;
};
constexpr Option<ServeOptions> kServeOptions[] = {
    {"", "MODEL",
     "NAME=WHERE or NAME@VERSION=WHERE, repeatable; WHERE is a file, a folder, "
     "models:/NAME@ALIAS, models:/NAME/VERSION, models:/NAME, s3://BUCKET/PREFIX or "
     "oci://HOST/REPOSITORY:TAG",
     &ServeOptions::models},
    {"serve.model_store", "--model-store",
     "A folder of models, DIR/NAME/VERSION, or s3://BUCKET/PREFIX; repeatable",
     &ServeOptions::model_stores, "DIR"},
    {"serve.versions", "--versions",
     "Which versions of a model are served: latest, latest:N, all or numbers by commas; "
     "NAME=VERSIONS for one model; repeatable",
     &ServeOptions::versions, "VERSIONS"},
    {"serve.poll", "--poll",
     "Look for new versions every so many seconds; 0: only when a model is loaded by request",
     &ServeOptions::poll_s, "SECONDS", 0, 86'400},
    {"serve.transition", "--transition",
     "What a new version keeps up: availability (it is loaded before the old one leaves) or "
     "resources (the old one leaves first; requests wait)",
     &ServeOptions::transition, "KEEPS"},
    {"serve.cache", "--cache",
     "Where versions from elsewhere are kept, so that a start needs no source; by default below "
     "XDG_CACHE_HOME or ~/.cache",
     &ServeOptions::cache, "DIR"},
    {"serve.memory_mib", "--memory-mib",
     "How much memory all models may take, as measured when they are loaded; 0: no limit",
     &ServeOptions::memory_mib, "MIB", 0, 1 << 30},
    {"serve.when_full", "--when-full",
     "What becomes of a version that does not fit: refuse it, or unload the models that were "
     "asked least recently, which their next request loads again",
     &ServeOptions::when_full, "WHAT"},
    {"serve.host", "--host", "The address to listen on", &ServeOptions::host, "HOST"},
    {"serve.port",
     "--port",
     "The port to listen on; 0 picks a free one and prints it",
     &ServeOptions::port,
     "PORT",
     0,
     65535,
     {},
     "-p"},
    {"serve.port_file", "--port-file", "A file to write the port to once it listens",
     &ServeOptions::port_file, "FILE"},
    {"serve.grpc_port", "--grpc-port",
     "The port for gRPC; 0 picks a free one and prints it, -1 is none", &ServeOptions::grpc_port,
     "PORT", -1, 65535},
    {"serve.grpc_port_file", "--grpc-port-file",
     "A file to write the port for gRPC to once it listens", &ServeOptions::grpc_port_file, "FILE"},
    {"serve.otlp_endpoint", "--otlp-endpoint",
     "An OpenTelemetry collector, http(s)://HOST:PORT, that is sent the spans of predictions whose "
     "caller wants its trace kept",
     &ServeOptions::otlp_endpoint, "URL"},
    {"serve.threads", "--threads",
     "Predictions at the same time by models that take longer than a change of threads",
     &ServeOptions::threads, "N", 1, 1024},
    {"serve.io_threads", "--io-threads",
     "Threads for connections and for short predictions; 0: one a core, 4 at most",
     &ServeOptions::io_threads, "N", 0, 64},
    {"serve.batching", "--batching",
     "Whether rows of several requests are one run: auto where the model gains by it, on, off",
     &ServeOptions::batching, "MODE"},
    {"serve.batch_max", "--batch-max", "Rows of one run that serves several requests",
     &ServeOptions::batch_max, "ROWS", 1, serving::kBatchRowsMax},
    {"serve.batch_delay_us", "--batch-delay-us",
     "How long a request may wait for others while another run is under way",
     &ServeOptions::batch_delay_us, "US", 0, serving::kBatchDelayUsMax},
    {"serve.run_timeout_ms", "--run-timeout-ms",
     "How long a model may take for one run before it is stopped; short ones have no limit",
     &ServeOptions::run_timeout_ms, "MS", 1, 86'400'000},
    {"serve.log", "--log", "A folder to log requests and answers to", &ServeOptions::log, "DIR"},
    {"serve.log_share", "--log-share",
     "The share of the requests that is logged, 0 to 1, or NAME=SHARE for one model; repeatable",
     &ServeOptions::log_share, "SHARE"},
    {"serve.log_redact", "--log-redact",
     "A column or tensor whose values are left out of the log, or MODEL:NAME; repeatable",
     &ServeOptions::log_redact, "NAME"},
    {"serve.log_mib", "--log-mib", "The size of the log's folder; the oldest are removed",
     &ServeOptions::log_mib, "MIB", 128, 1 << 30},
    {"serve.python_workers", "--python-workers",
     "Processes of each Python model; each answers one request at a time",
     &ServeOptions::python_workers, "N", 1, inference::kPythonWorkersMax},
    {"serve.python_timeout_ms", "--python-timeout-ms",
     "How long a Python model may take for one request before its process is killed",
     &ServeOptions::python_timeout_ms, "MS", 1, 86'400'000},
    {"serve.python_memory_mib", "--python-memory-mib",
     "How much memory a process of a Python model may address; 0: as much as the machine has",
     &ServeOptions::python_memory_mib, "MIB", 0, 1 << 30},
    {"serve.contract", "--contract",
     "A suite of expectations that the inputs of every model must meet, or NAME=FILE for one "
     "model; repeatable",
     &ServeOptions::contracts, "FILE"},
    {"serve.contract_action", "--contract-action",
     "What becomes of a request that breaks its contract: reject (an error that names the field), "
     "flag (it is counted) or pass (it is not looked at)",
     &ServeOptions::contract_action, "ACTION"},
    {"serve.allowed_hosts", "--allowed-host",
     "A host name by which clients may call, besides localhost and private addresses; *.DOMAIN for "
     "all below it, * for any; repeatable",
     &ServeOptions::allowed_hosts, "NAME"},
    {"serve.body_bytes_max", "--body-bytes-max", "The largest body of a request, over gRPC too",
     &ServeOptions::body_bytes_max, "BYTES", 1024, 1 << 30},
    {"", "--socket", "Answer a gateway on this Unix socket instead", &ServeOptions::socket, "PATH"},
};

// What is in force: defaults, then the environment, then the flags.
ServeOptions InForce(const Console& console) {
  ServeOptions options;
  auto bound = BindOptions(kServeOptions, options);
  ApplyConfiguration(bound, Json(), [](const char* name) -> const char* { return getenv(name); });
  for (const auto& [flag, value] : console.given)
    for (const auto& option : bound)
      if (option.flag == flag) option.set(value);
  return options;
}

inference::PythonOptions PythonOptionsOf(const ServeOptions& options) {
  return {.workers = options.python_workers,
          .run_ms_max = options.python_timeout_ms,
          .run_ms_max_remedy = "--python-timeout-ms",
          .memory_bytes_max = int64_t{options.python_memory_mib} << 20};
}

serving::BatchingOptions BatchingOf(const ServeOptions& options) {
  serving::BatchingOptions batching{.rows_max = options.batch_max,
                                    .delay_us = options.batch_delay_us,
                                    .threads = options.threads,
                                    .run_ms_max = options.run_timeout_ms};
  if (options.batching == "auto") return batching;
  if (options.batching != "on" && options.batching != "off") {
    throw InvalidArgument("--batching is auto, on or off: {}", options.batching);
  }
  batching.batching = options.batching == "on" ? serving::Batching::kOn : serving::Batching::kOff;
  return batching;
}

std::optional<serving::RequestLogOptions> LogOf(const ServeOptions& options) {
  if (options.log.empty()) return std::nullopt;
  return serving::RequestLogOptions{.folder = options.log,
                                    .rules = {options.log_share, options.log_redact},
                                    .folder_bytes_max = int64_t{options.log_mib} << 20};
}

int IoThreadsOf(const ServeOptions& options) {
  if (options.io_threads > 0) return options.io_threads;
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kIoThreadsMax);
}

// One of two words.
template <typename Value>
Value ChoiceOf(std::string_view flag, const std::string& given,
               const std::pair<std::string_view, Value>& first,
               const std::pair<std::string_view, Value>& second) {
  if (given == first.first) return first.second;
  if (given == second.first) return second.second;
  throw InvalidArgument("{} is {} or {}, not {}", flag, first.first, second.first, given);
}

void AddVersions(const std::vector<std::string>& given, supply::SupplyOptions* options) {
  for (const std::string& text : given) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos) {
      options->versions = supply::ParseVersionPolicy(text);
    } else {
      options->versions_of[text.substr(0, equals)] =
          supply::ParseVersionPolicy(std::string_view(text).substr(equals + 1));
    }
  }
}

supply::SupplyOptions SupplyOptionsOf(const ServeOptions& options, const Console& console) {
  using supply::Transition;
  using supply::WhenFull;
  if (options.models.empty() && options.model_stores.empty())
    throw InvalidArgument("Name a model, NAME=WHERE, or a --model-store");
  supply::SupplyOptions supply{
      .stores = options.model_stores,
      .transition = ChoiceOf<Transition>("--transition", options.transition,
                                         {"availability", Transition::kAvailability},
                                         {"resources", Transition::kResources}),
      .poll_ms = static_cast<int64_t>(options.poll_s * 1000),
      .cache = CacheFolder(options.cache),
      .server = console.ServerUri(),
      .python = PythonOptionsOf(options),
      .batching = BatchingOf(options),
      .memory_bytes_max = int64_t{options.memory_mib} << 20,
      .when_full =
          ChoiceOf<WhenFull>("--when-full", options.when_full, {"refuse", WhenFull::kRefuse},
                             {"unload", WhenFull::kUnloadLeastRecentlyUsed})};
  for (const std::string& model : options.models)
    supply.models.push_back(serving::ParseModelSource(model));
  AddVersions(options.versions, &supply);
  return supply;
}

serving::Contracts ContractsOf(const ServeOptions& options) {
  const serving::ContractAction action = serving::ParseContractAction(options.contract_action);
  serving::Contracts contracts;
  for (const std::string& text : options.contracts) {
    const size_t equals = text.find('=');
    const std::string model = equals == std::string::npos ? "*" : text.substr(0, equals);
    const std::string file = equals == std::string::npos ? text : text.substr(equals + 1);
    quality::RowRules rules(quality::ReadSuiteFile(file));
    for (const std::string& type : rules.left_out()) {
      Log(LogLevel::kWarning, "serve", "an expectation cannot be asked of a single row: left out",
          {{"contract", file}, {"type", type}});
    }
    contracts[model] = std::make_shared<const serving::Contract>(std::move(rules), action);
  }
  return contracts;
}

void SayWhere(const ServeOptions& options, const server::ModelServerApp& app, Console& console) {
  Json models = Json::MakeArray();
  for (const std::string& name : app.model_names()) models.Append(name);
  Json where = Json::Of({{"models", std::move(models)},
                         {"uri", fmt::format("http://{}:{}", options.host, app.port())}});
  if (app.grpc_port()) where.Set("grpc", fmt::format("{}:{}", options.host, *app.grpc_port()));
  console.Answer(where);
  console.Line(fmt::format("Serving {} on http://{}:{}", fmt::join(app.model_names(), ", "),
                           options.host, app.port()));
  if (const auto port = app.grpc_port()) {
    console.Line(fmt::format("gRPC is on {}:{}", options.host, *port));
  }
  std::fflush(stdout);
}

int Serve(const ServeOptions&, Console& console) {
  const ServeOptions options = InForce(console);
  if (!options.socket.empty())
    return serving::RunReplica({.models = options.models,
                                .socket = options.socket,
                                .python = PythonOptionsOf(options),
                                .load = ensembles::LoadModel});
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  server::ModelServerApp app({.supply = SupplyOptionsOf(options, console),
                              .host = options.host,
                              .port = options.port,
                              .io_threads = IoThreadsOf(options),
                              .body_bytes_max = options.body_bytes_max,
                              .allowed_hosts = options.allowed_hosts,
                              .log = LogOf(options),
                              .grpc_port = options.grpc_port,
                              .otlp_endpoint = options.otlp_endpoint,
                              .contracts = ContractsOf(options)});
  SayWhere(options, app, console);
  if (!options.port_file.empty()) WriteFileDurably(options.port_file, std::to_string(app.port()));
  if (!options.grpc_port_file.empty() && app.grpc_port())
    WriteFileDurably(options.grpc_port_file, std::to_string(*app.grpc_port()));
  int signal = 0;
  sigwait(&signals, &signal);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  app.Drain();
  return 0;
}

struct SpareOptions {
  std::string socket, warm_up;
};
constexpr Option<SpareOptions> kSpareOptions[] = {
    {"", "--socket", "Wait here for the order", &SpareOptions::socket, "PATH", 0, 0,
     Option<SpareOptions>::Kind::kRequired},
    {"", "--warm-up", "A model like the one that will come", &SpareOptions::warm_up, "PATH", 0, 0,
     Option<SpareOptions>::Kind::kRequired},
};

int ServeSpare(const SpareOptions& options, Console& console) {
  return serving::RunSpare({.socket = options.socket,
                            .warm_up = options.warm_up,
                            .python = PythonOptionsOf(InForce(console)),
                            .load = ensembles::LoadModel});
}

}  // namespace

void AddServeCommands(Commands& commands) {
  commands.push_back(
      MakeCommand("serve", "Run a model server on model files", kServeOptions, Serve));
  commands.push_back(MakeCommand("serve-spare", "Wait to become a replica", kSpareOptions,
                                 ServeSpare, Visibility::kHidden));
}

}  // namespace millwright::cli

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string_view>

#include "analytics/session_worker.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/version.h"
#include "cli/commands.h"
#include "server/app.h"
#include "server/config.h"

namespace millwright::cli {
namespace {

// SIGINT and SIGTERM are taken by the main thread alone; they must be blocked before any thread
// starts.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

bool IsLoopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

// After the drain: handlers that do not look up, as a long query, are not waited for longer. What
// was acknowledged is on disk, as after kill -9.
constexpr unsigned kEndSecondsMax = 10;

void EndInTime() {
  std::signal(SIGALRM, [](int) {
    constexpr std::string_view kWords = "millwright: work under way did not end and is given up\n";
    [[maybe_unused]] const auto written = write(STDERR_FILENO, kWords.data(), kWords.size());
    _exit(1);
  });
  alarm(kEndSecondsMax);
}

int RunServer(const server::Config& given, Console& console) {
  const sigset_t signals = BlockStopSignals();
  server::Config config;
  server::LoadConfig(given.config_file, console.given, &config);
  SetLogLevel(ParseLogLevel(config.log_level));
  server::App app(config);
  if (!IsLoopback(config.host) && config.auth_mode == "off")
    Log(LogLevel::kWarning, "server", "anyone who reaches this address may do anything",
        {{"host", config.host}, {"remedy", "--auth basic"}});
  fmt::print("Millwright {} is listening on http://{}:{}\n", Version(), config.host, app.port());
  if (const auto port = app.grpc_port()) fmt::print("gRPC is on {}:{}\n", config.host, *port);
  std::fflush(stdout);
  if (!config.grpc_port_file.empty() && app.grpc_port())
    WriteFileDurably(config.grpc_port_file, std::to_string(*app.grpc_port()));
  if (!config.port_file.empty()) WriteFileDurably(config.port_file, std::to_string(app.port()));

  int signal = 0;
  sigwait(&signals, &signal);
  Log(LogLevel::kInfo, "server", "draining", {{"deadline_ms", std::to_string(config.drain_ms)}});
  // A second signal ends at once.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  if (!app.Drain())
    Log(LogLevel::kWarning, "server", "some requests did not finish within the deadline");
  EndInTime();
  return 0;
}

int ShowConfig(const server::Config& given, Console& console) {
  server::Config config;
  const auto sources = server::LoadConfig(given.config_file, console.given, &config);
  Json answer = Json::MakeObject();
  std::vector<std::vector<std::string>> rows;
  for (const auto& option : BindOptions(server::kServerOptions, config)) {
    if (option.key.empty()) continue;
    const std::string value = option.is_secret && !option.get().empty() ? "********" : option.get();
    const std::string source(OptionSourceName(sources.at(std::string(option.key))));
    answer.Set(std::string(option.key), Json::Of({{"value", value}, {"source", source}}));
    rows.push_back({std::string(option.key), value, source});
  }
  console.Answer(answer);
  console.PrintTable({"OPTION", "VALUE", "FROM"}, rows);
  return 0;
}

struct SqlSessionOptions {
  int socket = 0;
};
constexpr Option<SqlSessionOptions> kSqlSessionOptions[] = {
    {"", "--socket", "The descriptor of the socket to whom it answers", &SqlSessionOptions::socket,
     "NUMBER", 0, 1024},
};

int RunSqlSession(const SqlSessionOptions& options, Console&) {
  analytics::RunSessionWorker(options.socket);
  return 0;
}

}  // namespace

void AddServerCommands(Commands& commands) {
  commands.push_back(MakeCommand("server", "Run the server: API, UI, scheduler and gateway",
                                 server::kServerOptions, RunServer));
  commands.push_back(MakeCommand("config show", "Show the configuration that a server would have",
                                 server::kServerOptions, ShowConfig));
  commands.push_back(MakeCommand("sql-session", "Answer SQL from outside for a server",
                                 kSqlSessionOptions, RunSqlSession, Visibility::kHidden));
}

}  // namespace millwright::cli

#include <fmt/format.h>

#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/flights_demo.h"

namespace millwright::cli {
namespace {

constexpr int64_t kServerReadyMs = 15'000;

struct DemoOptions {
  bool quick = false;
  std::string examples;
};
constexpr Option<DemoOptions> kDemoOptions[] = {
    {"", "--quick", "Walk the loop on a sample, in under 45 seconds", &DemoOptions::quick},
    {"", "--examples", "The folder with the example's files", &DemoOptions::examples, "DIR"},
};

// Finds examples/flights beside the sources or where `make install` puts it.
std::filesystem::path FindExamples(const std::string& given) {
  if (!given.empty()) return std::filesystem::absolute(given);
  const auto program = ThisProgram();
  for (const auto& candidate : {std::filesystem::current_path() / "examples/flights",
                                program.parent_path() / "../../examples/flights",
                                program.parent_path() / "../share/millwright/examples/flights"})
    if (std::filesystem::exists(candidate / "features.sql"))
      return std::filesystem::canonical(candidate);
  throw NotFound("Folder of the flights example", "give --examples DIR");
}

// A server for this demo alone, when none runs.
struct TemporaryServer {
  TempDir data;
  std::unique_ptr<ChildProcess> process;

  // Starts it on a free port and returns its address.
  std::string Start() {
    const auto port_file = data.path() / "port";
    process = std::make_unique<ChildProcess>(
        ProcessSpec{.arguments = {ThisProgram().string(), "server", "--port", "0", "--port-file",
                                  port_file.string(), "--data", (data.path() / "data").string()},
                    .output_file = data.path() / "server.log"});
    const int64_t deadline_us = MonotonicUs() + kServerReadyMs * 1000;
    while (!std::filesystem::exists(port_file)) {
      if (process->Wait(10) || MonotonicUs() > deadline_us)
        throw Unavailable("The temporary server did not start:\n{}",
                          ReadFile(data.path() / "server.log"));
    }
    return "http://127.0.0.1:" + ReadFile(port_file);
  }
};

int DemoFlights(const DemoOptions& options, Console& console) {
  TemporaryServer temporary;
  if (!Client(console.ServerUri()).WaitUntilReady(0)) {
    if (!console.uri.empty() || std::getenv("MILLWRIGHT_URI") != nullptr)
      throw Unavailable("No server answers at {}", console.ServerUri());
    console.uri = temporary.Start();
    console.Line("No server runs on " + std::string("http://localhost:5000") +
                 "; a temporary one does on " + console.uri);
  }
  return FlightsDemo(console, {.examples = FindExamples(options.examples), .quick = options.quick})
      .Run();
}

}  // namespace

void AddDemoCommands(Commands& commands) {
  commands.push_back(MakeCommand("demo flights",
                                 "From three million flights to a retrained champion", kDemoOptions,
                                 DemoFlights));
}

}  // namespace millwright::cli

#include <fmt/format.h>

#include <filesystem>

#include "base/error.h"
#include "base/process.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/flights_demo.h"
#include "cli/temporary_server.h"

namespace millwright::cli {
namespace {

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

#include <filesystem>

#include "alerts/series.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/reference_pages.h"
#include "server/app.h"

namespace millwright::cli {
namespace {

struct ReferenceOptions {
  std::string folder;
};
constexpr Option<ReferenceOptions> kReferenceOptions[] = {
    {"", "DIR", "The folder to write the pages to", &ReferenceOptions::folder, "", 0, 0,
     Option<ReferenceOptions>::Kind::kRequired},
};

// The routes are known to a server only, so a temporary one is asked.
Json RoutesOfServer() {
  SetLogLevel(LogLevel::kWarning);
  const TempDir scratch;
  server::Config config;
  config.port = 0;
  config.data_dir = scratch.path();
  server::App app(config);
  const Json answer = Client("http://127.0.0.1:" + std::to_string(app.port())).Get("/api/routes");
  app.Drain();
  return answer.At("routes");
}

int WriteReference(const ReferenceOptions& options, Console& console) {
  const std::filesystem::path folder = options.folder;
  std::filesystem::create_directories(folder);
  Commands commands = AllCommands();
  WriteFileDurably(folder / "configuration.md", ConfigurationPage(commands));
  WriteFileDurably(folder / "cli.md", CommandsPage(commands));
  WriteFileDurably(folder / "events.md", EventsPage());
  WriteFileDurably(folder / "expectations.md", ExpectationsPage());
  WriteFileDurably(folder / "series.md", SeriesPage());
  WriteFileDurably(folder / "api.md", RoutesPage(RoutesOfServer()));
  console.Line(
      "Wrote configuration.md, cli.md, events.md, expectations.md, series.md and api.md in " +
      folder.string());
  return 0;
}

int WriteDeploy(const ReferenceOptions& options, Console& console) {
  for (const auto& [path, text] : alerts::DeployFiles()) {
    const std::filesystem::path file = std::filesystem::path(options.folder) / path;
    std::filesystem::create_directories(file.parent_path());
    WriteFileDurably(file, text);
    console.Line("Wrote " + file.string());
  }
  return 0;
}

}  // namespace

void AddReferenceCommands(Commands& commands) {
  commands.push_back(MakeCommand("reference-deploy", "Write the rules and dashboards of deploy/",
                                 kReferenceOptions, WriteDeploy, Visibility::kHidden));
  commands.push_back(MakeCommand("reference", "Write the pages of docs/reference",
                                 kReferenceOptions, WriteReference, Visibility::kHidden));
}

}  // namespace millwright::cli

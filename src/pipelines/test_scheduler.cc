// Runs a scheduler until it is killed: pipelines_test_scheduler DATABASE-URI FOLDER.
#include <fmt/core.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "pipelines/scheduler.h"

int main(int argc, char** argv) {
  using namespace millwright;
  if (argc != 3) return 2;
  try {
    const auto database = storage::OpenDatabase(argv[1]);
    const SystemClock clock;
    events::EventLog events(*database, clock);
    pipelines::PipelineStore store(*database, events, clock, argv[2]);
    const pipelines::Scheduler scheduler(store, {.dir = argv[2], .lease_ttl_ms = 1000});
    for (;;) pause();
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.message());
    return 1;
  }
}

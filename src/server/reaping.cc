#include "server/reaping.h"

#include "base/lane.h"
#include "base/log.h"
#include "tracking/run_reaper.h"

namespace millwright::server {
namespace {

// After a look that failed.
constexpr int64_t kRetryMs = 1'000;

void Reap(tracking::RunReaper& reaper, const std::stop_token& stop) {
  NameThisThread("run-reaper");
  int64_t wait_ms = 0;
  do {
    wait_ms = kRetryMs;
    try {
      wait_ms = reaper.Look();
    } catch (const std::exception& error) {
      Log(LogLevel::kError, "server", "cannot look at the leases of runs",
          {{"error", error.what()}});
    }
  } while (!WaitForStop(stop, wait_ms));
}

}  // namespace

Reaping::Reaping(tracking::RunReaper& reaper)
    : thread_([&reaper](std::stop_token stop) { Reap(reaper, stop); }) {}

Reaping::~Reaping() = default;

}  // namespace millwright::server

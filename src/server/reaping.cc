#include "server/reaping.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/lane.h"
#include "base/log.h"
#include "tracking/run_reaper.h"

namespace millwright::server {
namespace {

// After a look that failed.
constexpr int64_t kRetryMs = 1'000;

void Reap(tracking::RunReaper& reaper, const std::stop_token& stop) {
  NameThisThread("run-reaper");
  std::mutex mutex;
  std::condition_variable_any wake;
  while (!stop.stop_requested()) {
    int64_t wait_ms = kRetryMs;
    try {
      wait_ms = reaper.Look();
    } catch (const std::exception& error) {
      Log(LogLevel::kError, "server", "cannot look at the leases of runs",
          {{"error", error.what()}});
    }
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, std::chrono::milliseconds(wait_ms), [] { return false; });
  }
}

}  // namespace

Reaping::Reaping(tracking::RunReaper& reaper)
    : thread_([&reaper](std::stop_token stop) { Reap(reaper, stop); }) {}

Reaping::~Reaping() = default;

}  // namespace millwright::server

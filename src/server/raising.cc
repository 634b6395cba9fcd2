#include "server/raising.h"

#include "base/lane.h"
#include "base/log.h"
#include "tracking/latest_metrics.h"

namespace millwright::server {
namespace {

// What a run logs between two turns is one change of each of its latest metrics.
constexpr int64_t kIntervalMs = 500;

void Raise(tracking::LatestMetrics& latest, const std::stop_token& stop) {
  NameThisThread("raiser");
  do {
    try {
      latest.CatchUp();
    } catch (const std::exception& error) {
      Log(LogLevel::kError, "server", "cannot raise latest metrics", {{"error", error.what()}});
    }
  } while (!WaitForStop(stop, kIntervalMs));
}

}  // namespace

Raising::Raising(tracking::LatestMetrics& latest)
    : thread_([&latest](std::stop_token stop) { Raise(latest, stop); }) {}

Raising::~Raising() = default;

}  // namespace millwright::server

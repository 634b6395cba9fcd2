#include "server/compacting.h"

#include "base/lane.h"
#include "base/log.h"
#include "tracking/metric_compactor.h"

namespace millwright::server {
namespace {

// How long after a look at what waits the next one follows.
constexpr int64_t kIntervalMs = 500;

void Compact(tracking::MetricCompactor& compactor, const std::stop_token& stop) {
  NameThisThread("compactor");
  do {
    try {
      compactor.CompactDue(stop);
    } catch (const std::exception& error) {
      Log(LogLevel::kError, "server", "cannot compact metrics", {{"error", error.what()}});
    }
  } while (!WaitForStop(stop, kIntervalMs));
}

}  // namespace

Compacting::Compacting(tracking::MetricCompactor& compactor)
    : thread_([&compactor](std::stop_token stop) { Compact(compactor, stop); }) {}

Compacting::~Compacting() = default;

}  // namespace millwright::server

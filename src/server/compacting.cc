#include "server/compacting.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/lane.h"
#include "base/log.h"
#include "tracking/metric_compactor.h"

namespace millwright::server {
namespace {

// How long after a look at what waits the next one follows.
constexpr auto kInterval = std::chrono::milliseconds(500);

void Compact(tracking::MetricCompactor& compactor, const std::stop_token& stop) {
  NameThisThread("compactor");
  std::mutex mutex;
  std::condition_variable_any wake;
  while (!stop.stop_requested()) {
    try {
      compactor.CompactDue(stop);
    } catch (const std::exception& error) {
      Log(LogLevel::kError, "server", "cannot compact metrics", {{"error", error.what()}});
    }
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, kInterval, [] { return false; });
  }
}

}  // namespace

Compacting::Compacting(tracking::MetricCompactor& compactor)
    : thread_([&compactor](std::stop_token stop) { Compact(compactor, stop); }) {}

Compacting::~Compacting() = default;

}  // namespace millwright::server

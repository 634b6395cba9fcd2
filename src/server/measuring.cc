#include "server/measuring.h"

#include "base/lane.h"
#include "base/log.h"
#include "monitoring/monitors.h"

namespace millwright::server {
namespace {

void Measure(monitoring::Monitors& monitors, int64_t interval_ms, const std::stop_token& stop) {
  NameThisThread("monitors");
  do {
    try {
      monitors.Evaluate();
    } catch (const std::exception& error) {
      Log(LogLevel::kError, "server", "cannot measure the monitors", {{"error", error.what()}});
    }
  } while (!WaitForStop(stop, interval_ms));
}

}  // namespace

Measuring::Measuring(monitoring::Monitors& monitors, int64_t interval_ms)
    : thread_([&monitors, interval_ms](std::stop_token stop) {
        Measure(monitors, interval_ms, stop);
      }) {}

Measuring::~Measuring() = default;

}  // namespace millwright::server

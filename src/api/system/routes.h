#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "api/route.h"
#include "base/clock.h"

namespace millwright::api::system {

// What the routes about the program itself work with.
struct Context {
  const Router& router;
  const Clock& clock;
  int64_t started_ms = 0;
  // Throws when the server could not answer a client now: readiness.
  std::function<void()> probe;
  // The metrics of all rooms as Prometheus text, without those of the router.
  std::function<std::string()> metrics;
};

// Adds /health, /ready, /version, /metrics and /api/routes.
void AddRoutes(Router& router, Context& context);

// The text of /metrics: what all rooms say, with no more labels than
// alerts::kLabelSetsOfMetricMax of a metric.
std::string MetricsText(const Context& context);

// Adds /metrics alone, for a server that has paths of its own for the others.
void AddMetricsRoute(Router& router, Context& context);

}  // namespace millwright::api::system

#pragma once

#include <string>

namespace millwright::monitoring {
class Monitors;
class PredictionLog;
}  // namespace millwright::monitoring

namespace millwright::api::prometheus {

// The five questions as metrics: predictions and outcomes, latency, drift by feature, predicted and
// actual positive rate, performance, open alerts; and the counters of the prediction log.
std::string MonitoringMetrics(monitoring::Monitors& monitors, const monitoring::PredictionLog& log);

}  // namespace millwright::api::prometheus

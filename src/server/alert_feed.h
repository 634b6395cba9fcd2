#pragma once

#include <vector>

#include "alerts/evaluator.h"
#include "monitoring/monitors.h"

namespace millwright::server {

// What alerts have to do with monitors: those that monitors hold open or closed lately, as alerts
// of the one list, and what caused an alert of a rule over a monitor's or an endpoint's series.
//
// A cause holds what is known of: monitor, feature, endpoint, window {start_ms, end_ms,
// predictions, outcomes}, rows (the path that downloads the rows of the prediction log), page (of
// the UI, where the comparison is seen), value, pipeline, dataset, source, pipeline_run.
std::vector<alerts::MonitorAlert> MonitorAlerts(const monitoring::Monitors& monitors,
                                                int64_t now_ms);
alerts::MonitorAlert FromMonitor(const monitoring::Alert& alert);
Json CauseOf(const monitoring::Monitors& monitors, const alerts::Rule& rule,
             const alerts::Labels& labels);

}  // namespace millwright::server

#pragma once

#include <functional>

#include "api/native/context.h"
#include "drift/feature_drift.h"
#include "http/message.h"
#include "monitoring/monitors.h"

// Monitors and what they measured.
namespace millwright::api::native {

// Reads a body that describes a monitor: the fields that say what its reference is are replaced by
// what they stand for, and `reference` becomes what is kept of it.
// Windows of the log are measured by `measure` where it is given.
using MeasureWindow = std::function<monitoring::Monitors::WindowReference(
    const monitoring::MonitorSpec& spec, int64_t from_ms, int64_t to_ms)>;
monitoring::MonitorSpec ReadMonitor(Context& context, const Json& body,
                                    monitoring::MonitorReference* reference,
                                    const MeasureWindow& measure = nullptr);
Json DistributionJson(const drift::Distribution& distribution);
Json FeatureJson(const drift::FeatureDrift& feature);

http::Response ListMonitors(Context& context, const http::Request& request);
http::Response PutMonitor(Context& context, const http::Request& request);
http::Response GetMonitor(Context& context, const http::Request& request);
http::Response DeleteMonitor(Context& context, const http::Request& request);
http::Response EvaluateMonitor(Context& context, const http::Request& request);
http::Response GetDrift(Context& context, const http::Request& request);
http::Response GetPerformance(Context& context, const http::Request& request);
http::Response GetQuality(Context& context, const http::Request& request);
http::Response GetDistribution(Context& context, const http::Request& request);

}  // namespace millwright::api::native

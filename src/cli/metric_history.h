#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/client.h"

namespace millwright::cli {

// A point of a metric's history. Ordered as the server picks the latest value of a metric: by step,
// then time, then value; NaN comes before every number.
struct MetricPoint {
  int64_t step = 0;
  int64_t timestamp_ms = 0;
  double value = 0;
  bool operator<(const MetricPoint& other) const;
};

// Reads a number as MLflow writes it: NaN and infinities are texts.
double ReadMetricValue(const Json& value);
// Reads one item of a run's metrics or of a history.
MetricPoint ReadMetricPoint(const Json& item);
// "0.83125", "12346", "1e-05", "NaN": five digits, whole numbers in full.
std::string FormatMetricValue(double value);

// Calls `take` with every page of a metric's history in the server's order, by time.
void ReadHistory(Client& client, const std::string& run_id, const std::string& key,
                 const std::function<void(const std::vector<MetricPoint>&)>& take);

// Some points of the whole history in order, the first and the last among them: all of at most
// `steps_max` steps, else those of about so many.
inline constexpr int64_t kSampledStepsMax = 2500;
std::vector<MetricPoint> SampleHistory(Client& client, const std::string& run_id,
                                       const std::string& key, int64_t steps_max);

// The points of the steps from `from` to `to` in order; a sample when there are more than
// kSampledStepsMax.
std::vector<MetricPoint> ReadSteps(Client& client, const std::string& run_id,
                                   const std::string& key, int64_t from, int64_t to);

// The last `count` points up to the one that is the latest, in order.
std::vector<MetricPoint> ReadLastPoints(Client& client, const std::string& run_id,
                                        const std::string& key, const MetricPoint& latest,
                                        size_t count);

}  // namespace millwright::cli

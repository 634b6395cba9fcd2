#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "analytics/session.h"
#include "loop/evidence.h"
#include "loop/policy.h"
#include "monitoring/prediction_log.h"

namespace millwright::loop {

inline constexpr size_t kOutputsMax = 200;  // columns that are looked at for missing numbers

// Which rows of a prediction log belong to the two arms.
struct ArmsQuery {
  std::string endpoint;
  std::string candidate_version;
  std::string live_version;
  bool is_shadow = false;  // or a canary
  int64_t since_ms = 0;    // by the wall clock
};

struct Arms {
  ArmFigures candidate;
  ArmFigures live;
};

// Figures of two versions out of `predictions`, a table expression with the log's columns, and
// those of outcomes where the policy has a loss. Answers out of the cache do not count.
Arms MeasureArms(analytics::Session& session, const std::string& predictions, const Policy& policy,
                 const ArmsQuery& query);

// The loss of all rows of a table expression that has outcomes.
statistics::ArmMoments MeasureLoss(analytics::Session& session, const std::string& predictions,
                                   const Policy& policy);

// Measures arms in the prediction log, anew only when something was added. Thread-safe.
class ArmReader {
 public:
  explicit ArmReader(monitoring::PredictionLog& log) : log_(log) {}

  // Whatever was offered to the log before is seen.
  Arms Measure(const Policy& policy, const ArmsQuery& query);

 private:
  struct Known {
    std::string query;
    monitoring::LogCounts counts;
    Arms arms;
  };

  monitoring::PredictionLog& log_;
  std::mutex mutex_;  // guards what follows
  analytics::LazySession session_;
  std::map<std::string, Known> known_;  // by model
};

}  // namespace millwright::loop

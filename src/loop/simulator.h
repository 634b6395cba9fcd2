#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analytics/session.h"
#include "loop/history.h"
#include "loop/policy.h"
#include "loop/rules.h"
#include "monitoring/monitor.h"
#include "monitoring/window_judgement.h"

// What a policy would have done with a log of predictions, by the same decision code as the
// server's (loop/rules.h) and the same judgement of windows (monitoring/window_judgement.h).
//
// The log has no answers of models that were never trained, so three things are assumed and said:
// a candidate answers as the live version did (errors, latency, loss), and its share of the
// requests, so what is simulated of shadow and canary is how long the traffic makes them take;
// approvals are given at once; and a model that is trained at a time T takes away
// `costs.recovery` of the excess cost that the log shows in the week before T, as long as the
// excess is still there. After a promotion drift and performance are measured against the rows
// before T.
namespace millwright::loop {

struct SimulationOptions {
  // What is watched; the window, thresholds and features of `monitor`, whose reference is the
  // beginning of the history. Without one: weeks, the preset millwright, an AUC drop of 0.03, or of
  // a regression an MAE a tenth above the reference's.
  std::optional<monitoring::MonitorSpec> monitor;
  int64_t reference_ms = 28LL * 86'400'000;
  int64_t label_delay_ms = 0;  // from a window's end until its outcomes are known
};

struct SimulatedAlert {
  int64_t time_ms = 0;
  monitoring::Crossing crossing;
  std::string message;
};

// What a plan costs over the history after the reference.
struct PlanCost {
  std::string plan;  // "never", "monthly", "policy"
  int64_t retrainings = 0;
  double errors = 0;  // by the cost matrix, or by each unit of a regression's errors
  double retraining = 0;
  double total() const { return errors + retraining; }
};

struct Simulation {
  int64_t from_ms = 0, reference_end_ms = 0, to_ms = 0;
  int64_t predictions = 0, outcomes = 0;
  std::vector<SimulatedAlert> alerts;
  std::vector<Decision> decisions;
  int64_t retrainings = 0, promotions = 0;
  // Nothing where no outcome or no answer is known.
  std::optional<double> reference_cost;  // of one prediction
  std::vector<PlanCost> costs;

  Json ToJson() const;
};

// Throws kInvalidArgument for a history that is not longer than the reference.
Simulation Simulate(analytics::Session& session, const History& history, const Policy& policy,
                    const SimulationOptions& options);

}  // namespace millwright::loop

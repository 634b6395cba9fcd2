#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "loop/cron.h"
#include "monitoring/prediction_reader.h"
#include "pipelines/expression.h"

namespace millwright::loop {

inline constexpr size_t kPolicyBytesMax = 64 << 10;
inline constexpr size_t kTriggersMax = 20;
inline constexpr size_t kCanaryStepsMax = 20;
inline constexpr int64_t kArmRequestsMin = 2;  // without two there is no spread

enum class TriggerKind { kAlert, kEvery, kCron, kNewData };

// What starts an attempt, beside a person.
struct TriggerRule {
  TriggerKind kind = TriggerKind::kAlert;
  std::string text;      // as it is written: "alert", "every 7d", "cron 0 3 1 * *"
  Json payload;          // of kAlert: fields that the alert's event must have
  int64_t every_ms = 0;  // of kEvery
  std::optional<Cron> cron;
  std::string dataset;  // of kNewData
};

// How a new version is made.
struct RetrainRule {
  std::string pipeline;
  // May hold ${{ window.from }}, ${{ window.to }} (RFC 3339), ${{ trigger }} and ${{ event.… }}.
  std::map<std::string, pipelines::Template> params;
  int64_t window_ms = 0;     // how much it is trained on; 0: the pipeline decides
  std::string version_task;  // whose output `version` it is; empty: the last that has one
};

// Copies of all requests whose answers nobody sees.
struct ShadowRule {
  bool is_on = false;
  int64_t requests_min = 200;
  int64_t duration_ms = 0;               // at least
  int64_t patience_ms = 7 * 86'400'000;  // then it is given up
};

struct CanaryRule {
  std::vector<int> steps;      // percent; none: from the gate or the shadow to all requests at once
  int64_t requests_min = 200;  // that each arm answers in each step
  int64_t duration_ms = 0;     // of each step, at least
  int64_t patience_ms = 7 * 86'400'000;
};

enum class LossKind { kError, kBrier, kLogLoss, kAbsoluteError, kSquaredError };
std::string_view LossKindName(LossKind kind);

// What one wrong answer is worth, by labels.
struct LossRule {
  LossKind kind = LossKind::kBrier;  // of a label rule for a regression: kAbsoluteError
  // In the unit of the loss, or as a share of the live version's mean loss ("5%" in the file):
  // what a regression's unit is worth is not known here.
  double tolerance = 0.01;
  bool is_relative = false;
  int64_t outcomes_min = 200;  // that are known of each arm
  bool is_required = true;     // without them nothing is passed
};

// How much worse than the live version a candidate may be, and how sure one wants to be.
struct WorseRule {
  double alpha = 0.05;
  std::optional<double> errors = 0.01;  // difference of the shares of failed requests
  std::optional<double> latency;        // relative, of geometric means; not judged in shadow
  std::optional<LossRule> loss;
};

// What a person has to consent to.
enum class Approval { kRetrain, kShadow, kCanary, kPromotion };
std::string_view ApprovalName(Approval approval);

struct LimitRule {
  int64_t cooldown_ms = 86'400'000;
  int64_t promotions_per_day = 1;
  int64_t retrainings_per_day = 4;
};

// For the simulator: what errors and retraining cost, in one unit.
struct CostRule {
  double false_positive = 1;
  double false_negative = 1;
  double true_positive = 0;
  double true_negative = 0;
  // Of a regression: each unit that an answer was too high or too low.
  double over = 1;
  double under = 1;
  double retraining = 0;
  // How long a retraining takes, and which share of the cost that has come on since the last
  // training a new model takes away.
  int64_t retraining_ms = 3'600'000;
  double recovery = 1;
};

// What is to be done for one model, read from YAML.
struct Policy {
  std::string model;
  std::string endpoint;
  std::string alias = "champion";
  std::vector<TriggerRule> triggers;
  RetrainRule retrain;
  bool asks_gates = true;
  ShadowRule shadow;
  CanaryRule canary;
  WorseRule worse;
  monitoring::LabelRule label;
  std::vector<Approval> approvals;
  LimitRule limits;
  CostRule costs;

  bool Needs(Approval approval) const;
};

// Reads and checks a policy. Throws kInvalidArgument naming the place with its line ("line 7:
// canary.steps[1]: …"), also as the error's field: unknown fields, wrong types, limits.
Policy ParsePolicy(std::string_view yaml);

// One line a trigger: "alert (kind performance), every 7d".
std::string TriggersText(const Policy& policy);

}  // namespace millwright::loop

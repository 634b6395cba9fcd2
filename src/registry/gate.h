#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "registry/entities.h"
#include "storage/database.h"

namespace millwright::registry {

// A bound on a metric of the version's run.
struct MetricBound {
  std::string name;
  std::optional<double> min;
  std::optional<double> max;
  // How much greater than the present holder's value it must be; a negative number tolerates a
  // loss. Not asked when nobody holds the alias yet.
  std::optional<double> better_than_champion;
};

// What the alias move of a model asks for, stored with the model:
//   {"aliases": ["champion"], "metrics": [{"name": "test_auc", "min": 0.6}], "checks": ["parity"]}
struct GateSpec {
  std::vector<std::string> aliases = {"champion"};  // the protected ones
  std::vector<MetricBound> metrics;
  std::vector<std::string> checks;  // names of checks that must have passed

  bool Protects(const std::string& alias) const;
  Json ToJson() const;
  // Throws kInvalidArgument naming the field that is wrong; unknown fields are refused.
  static GateSpec FromJson(const Json& json);
};

// Who asks for which alias, and what is known about both versions.
struct GateRequest {
  GateSpec spec;
  std::string alias;
  ModelVersion candidate;
  std::optional<ModelVersion> holder;            // of the alias now
  std::vector<Check> checks;                     // of the candidate
  std::map<std::string, double> metrics;         // of the candidate's run
  std::map<std::string, double> holder_metrics;  // of the holder's run
};

struct GateVerdict {
  std::string gate;  // "metric test_auc", "check parity", …
  bool passed = false;
  std::string reason;  // with the numbers: "test_auc 0.58 is below the minimum 0.6"
};

// Judges whether an alias may move. Declared here, implemented by the rooms that can judge; called
// inside of the transaction that moves the alias, so it only reads and never blocks.
class GateCheck {
 public:
  virtual ~GateCheck() = default;
  virtual std::vector<GateVerdict> Judge(storage::Connection& connection,
                                         const GateRequest& request) const = 0;
};

// The gates every registry has: the bounds on metrics and the checks that must have passed.
std::vector<GateVerdict> JudgeSpec(const GateRequest& request);

Json VerdictsToJson(const std::vector<GateVerdict>& verdicts);

}  // namespace millwright::registry

#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "registry/entities.h"
#include "registry/gate_file.h"
#include "storage/database.h"

namespace millwright::registry {

// Where a version is to be moved: exactly one of the two is set.
struct GateTarget {
  std::string alias;
  std::optional<Stage> stage;

  bool operator==(const GateTarget&) const = default;
};
// "alias 'champion'", "stage 'Production'".
std::string NameOf(const GateTarget& target);

// Who asks for which alias or stage, and what is known about both versions.
struct GateRequest {
  GateSpec spec;  // with nothing in it when the model has no gate before the target
  GateTarget target;
  int64_t model_seq = 0;
  ModelVersion candidate;
  std::string author;                     // who registered the candidate; empty when unknown
  std::optional<ModelVersion> holder;     // what the candidate is compared with
  std::string holder_words;               // "which is champion now", "which was champion last"
  std::vector<Check> checks;              // of the candidate
  std::vector<Approval> approvals;        // of the candidate, for all gates
  std::map<std::string, double> metrics;  // of the candidate's run
  std::map<std::string, double> holder_metrics;  // of the holder's run
};

struct GateVerdict {
  std::string gate_name;  // of the gates.yaml; empty for a rule that holds without one
  std::string gate;       // the rule: "metric test_auc", "check parity", "approvals"
  bool passed = false;
  std::string reason;  // with the numbers: "test_auc 0.58 is below the minimum 0.6"
  Json details = {};   // what a page may show beside it, such as a schema's difference
};

// Judges whether an alias or stage may move. Declared here, implemented by the rooms that can
// judge; called inside of the transaction that moves it, once for each gate before the target, or
// once with an empty spec when there is none. It only reads and never blocks.
class GateCheck {
 public:
  virtual ~GateCheck() = default;
  virtual std::vector<GateVerdict> Judge(storage::Connection& connection,
                                         const GateRequest& request) const = 0;
};

// The rules that this room can judge: metrics, checks, parity, scan and approvals.
std::vector<GateVerdict> JudgeSpec(const GateRequest& request);

// The reasons of those that did not pass in one line, each with the name of its gate; empty when
// all passed.
std::string Refusals(const std::vector<GateVerdict>& verdicts);
Json VerdictsToJson(const std::vector<GateVerdict>& verdicts);

}  // namespace millwright::registry

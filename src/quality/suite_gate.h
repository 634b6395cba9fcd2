#pragma once

#include "registry/gate.h"

namespace millwright::quality {

// Judges the suites that a gate asks for: the newest validation of each must have succeeded, of the
// dataset versions that the candidate's run was made of, as lineage knows them. Where it knows none
// of the dataset, its newest validation counts, whatever the version, unless that is held.
class SuiteGate : public registry::GateCheck {
 public:
  std::vector<registry::GateVerdict> Judge(storage::Connection& connection,
                                           const registry::GateRequest& request) const override;
};

}  // namespace millwright::quality

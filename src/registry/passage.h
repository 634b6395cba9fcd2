#pragma once

#include <string>
#include <vector>

#include "registry/registry.h"

namespace millwright::registry {

// How a move came out at the gates.
struct Registry::Passage {
  std::vector<GateVerdict> verdicts;
  std::string refusal;       // why it may not go on; empty when it may
  bool is_override = false;  // a gate refused and was overruled
  std::string override_reason;

  // Tells of it in the details of the move that follows.
  void AddTo(Json* details) const {
    if (!verdicts.empty()) details->Set("gates", VerdictsToJson(verdicts));
    if (is_override) details->Set("override_reason", override_reason);
  }
};

}  // namespace millwright::registry

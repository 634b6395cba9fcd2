#pragma once

#include "registry/gate.h"

namespace millwright::serving {

// Refuses to move an alias or a stage to a version that callers of an endpoint would break on: one
// whose inputs do not take what the version takes that the endpoint serves from that alias or
// stage, by registry::CompareSchemas. An endpoint whose API version was raised since its revision
// was made lets it pass. A gate may ask for the same against the holder ("schema: compatible") or
// for nothing ("schema: any"). Versions without a signature take anything.
class SchemaGate : public registry::GateCheck {
 public:
  std::vector<registry::GateVerdict> Judge(storage::Connection& connection,
                                           const registry::GateRequest& request) const override;
};

}  // namespace millwright::serving

#pragma once

#include <string>

#include "registry/gate.h"
#include "serving/endpoint.h"

namespace millwright::serving {

// Refuses to move an alias or a stage to a version that callers of an endpoint would break on: one
// whose inputs do not take what the version takes that the endpoint serves from that alias or
// stage, by registry::CompareVersionSchemas. An endpoint whose API version was raised since its
// revision was made lets it pass. A gate may ask for the same against the holder ("schema:
// compatible") or for nothing ("schema: any"). Versions of which nothing of the same kind is known
// take anything.
class SchemaGate : public registry::GateCheck {
 public:
  std::vector<registry::GateVerdict> Judge(storage::Connection& connection,
                                           const registry::GateRequest& request) const override;
};

// Throws kFailedPrecondition with the differences when callers of an endpoint would break on a
// version that is to answer them, by the same rule. `model` is the name of the version's model now;
// empty: that of the endpoint. Passes where there is nothing to compare with.
void RequireUnbroken(storage::Connection& connection, const EndpointRecord& endpoint,
                     const std::string& model, const std::string& model_version);

}  // namespace millwright::serving

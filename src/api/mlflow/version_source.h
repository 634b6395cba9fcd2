#pragma once

#include <string>

#include "api/mlflow/context.h"
#include "api/mlflow/registry_messages.h"

namespace millwright::api::mlflow {

// Where the files of a new model version are and what it was made by.
struct VersionOrigin {
  std::string artifact_uri;
  std::string run_id;
  std::string model_id;
};

// Resolves `models:/m-…` and `models:/name/version` and refuses sources that would read outside of
// what the caller's run or logged model owns: local paths elsewhere, and ".." in addresses, encoded
// or not. A version made from a logged model belongs to the run that logged it. Throws
// kInvalidArgument or kNotFound.
VersionOrigin ResolveSource(Context& context, const CreateModelVersion& version);

}  // namespace millwright::api::mlflow

#pragma once

#include <string>

#include "api/mlflow/context.h"
#include "api/mlflow/registry_messages.h"

namespace millwright::api::mlflow {

// Where the files of a new model version are: resolves `models:/m-…` and `models:/name/version` and
// refuses sources that would read outside of what the caller's run or logged model owns: local
// paths elsewhere, and ".." in addresses, encoded or not. Throws kInvalidArgument or kNotFound.
std::string ResolveSource(Context& context, const CreateModelVersion& version);

}  // namespace millwright::api::mlflow

#pragma once

#include <string>
#include <string_view>

#include "api/mlflow/context.h"
#include "api/mlflow/registry_messages.h"

namespace millwright::api::mlflow {

// Where the files of a new model version are and what it was made by.
struct VersionOrigin {
  std::string artifact_uri;
  std::string run_id;
  std::string model_id;
};

// Resolves `models:/m-…`, `models:/name/version`, `runs:/RUN/path` of a run that is here and the
// addresses under which this server itself, at `host`, hands out its files over HTTP. Refuses
// sources that would read outside of what the caller's run or logged model owns: local paths
// elsewhere, and ".." in addresses, encoded or not. A version made from a logged model belongs to
// the run that logged it. Throws kInvalidArgument or kNotFound.
VersionOrigin ResolveSource(Context& context, const CreateModelVersion& version,
                            std::string_view host);

}  // namespace millwright::api::mlflow

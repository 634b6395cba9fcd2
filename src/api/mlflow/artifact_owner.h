#pragma once

#include <string>

#include "api/mlflow/context.h"
#include "tracking/entities.h"

namespace millwright::api::mlflow {

// The run whose file a path of the store is, `<where the experiment keeps them>/<run>/artifacts/…`,
// or whose model's, `…/models/<model>/artifacts/…`. Empty, or no run's id, for other files.
tracking::RunId OwnerOf(Context& context, const std::string& path);

}  // namespace millwright::api::mlflow

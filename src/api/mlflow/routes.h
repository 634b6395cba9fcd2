#pragma once

#include "api/mlflow/context.h"
#include "api/route.h"

namespace millwright::api::mlflow {

// Adds MLflow's protocol to a router. `context` lives as long as the router.
void AddRoutes(Router& router, Context& context);

}  // namespace millwright::api::mlflow

#pragma once

#include "api/native/context.h"
#include "api/route.h"

namespace millwright::api::native {

// Adds /api/v1 to the router; `context` lives as long as it.
void AddRoutes(Router& router, Context& context);

}  // namespace millwright::api::native

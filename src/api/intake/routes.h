#pragma once

#include "api/intake/context.h"
#include "api/route.h"

namespace millwright::api::intake {

// The routes by which whole experiments, runs and models of another store come in, with the ids
// that they have there: what `millwright import` calls.
void AddRoutes(Router& router, Context& context);

}  // namespace millwright::api::intake

#pragma once

#include <vector>

#include "registry/entities.h"
#include "registry/fact.h"
#include "storage/database.h"

namespace millwright::registry {

// Notes what is so, from a moment on, of a model that comes from another store and of its versions:
// names, stages, tags and the versions' descriptions.
void KeepTakenFacts(storage::Connection& connection, const Moment& moment,
                    const RegisteredModel& model, const std::vector<ModelVersion>& versions);

}  // namespace millwright::registry

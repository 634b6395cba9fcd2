#pragma once

#include <cstdint>
#include <string_view>

#include "registry/entities.h"
#include "storage/database.h"

namespace millwright::registry {

// The check that the server itself makes of a version's files when it is registered; nobody else
// may record one of this name. Its details hold "quarantined": true where the version must not be
// used.
inline constexpr std::string_view kScanCheck = "scan";

bool IsQuarantine(const Check& check);

// Throws kFailedPrecondition with the scan's words when the version is in quarantine.
void RequireFree(storage::Connection& connection, int64_t model_seq, const ModelName& name,
                 int64_t version);

}  // namespace millwright::registry

#pragma once

#include <optional>
#include <string>

#include "base/json.h"

namespace millwright::artifacts {
class Artifacts;
}

namespace millwright::server {

// The signature that the MLmodel at an artifact address declares; nothing when this server does not
// keep the files, or there is no MLmodel, or none that can be read: then `problem` says why.
std::optional<Json> ReadModelSchema(const artifacts::Artifacts& artifacts,
                                    const std::string& artifact_uri,
                                    std::string* problem = nullptr);

}  // namespace millwright::server

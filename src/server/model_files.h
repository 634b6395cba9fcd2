#pragma once

#include <filesystem>
#include <string>

namespace millwright::artifacts {
class Artifacts;
}
namespace millwright::registry {
struct ModelVersion;
}

namespace millwright::server {

// The local folder (or file) that holds a registered version's model. Throws kFailedPrecondition
// when its files are not on this machine.
std::filesystem::path ModelFolder(const artifacts::Artifacts& artifacts,
                                  const registry::ModelVersion& version);

// Loads the model at an artifact address in a child process (`millwright models inspect`), so that
// a hostile file harms nobody, and throws kInvalidArgument with the reason when it cannot be
// served. Addresses without a model of a kind that can be judged here pass.
void InspectModel(const artifacts::Artifacts& artifacts, const std::string& artifact_uri);

}  // namespace millwright::server

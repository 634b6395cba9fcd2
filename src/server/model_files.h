#pragma once

#include <filesystem>

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

}  // namespace millwright::server

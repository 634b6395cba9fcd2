#pragma once

#include <string>

namespace millwright::artifacts {
class Artifacts;
}

namespace millwright::api::prometheus {

// How often files were found to be damaged since the start.
std::string ArtifactMetrics(const artifacts::Artifacts& artifacts);

}  // namespace millwright::api::prometheus

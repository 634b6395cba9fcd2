#include "server/model_files.h"

#include "artifacts/artifacts.h"
#include "base/error.h"
#include "registry/entities.h"

namespace millwright::server {

std::filesystem::path ModelFolder(const artifacts::Artifacts& artifacts,
                                  const registry::ModelVersion& version) {
  const auto path = artifacts::StorePath(version.artifact_uri);
  const auto local = path ? artifacts.LocalPath(*path) : std::nullopt;
  if (!local || !std::filesystem::exists(*local))
    throw FailedPrecondition("The files of {} version {} are not kept by this server: {}",
                             version.name.str(), version.version, version.artifact_uri);
  return *local;
}

}  // namespace millwright::server

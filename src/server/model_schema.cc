#include "server/model_schema.h"

#include "artifacts/artifacts.h"
#include "base/error.h"
#include "base/log.h"
#include "registry/model_schema.h"

namespace millwright::server {
namespace {

constexpr uint64_t kMlmodelBytesMax = 16 << 20;

}  // namespace

std::optional<Json> ReadModelSchema(const artifacts::Artifacts& artifacts,
                                    const std::string& artifact_uri, std::string* problem) {
  const auto folder = artifacts.FindPath(artifact_uri);
  if (!folder) return std::nullopt;
  try {
    const std::string path = millwright::artifacts::JoinPath(*folder, "MLmodel");
    const auto file = artifacts.Stat(path);
    if (!file || file->is_folder || file->bytes > kMlmodelBytesMax) return std::nullopt;
    return registry::SignatureOfMlmodel(artifacts.ReadAll(path));
  } catch (const Error& error) {
    Log(LogLevel::kInfo, "server", "a model's signature cannot be read",
        {{"uri", artifact_uri}, {"error", error.message()}});
    if (problem != nullptr) *problem = "has a signature that cannot be read: " + error.message();
    return std::nullopt;
  }
}

}  // namespace millwright::server

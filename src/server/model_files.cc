#include "server/model_files.h"

#include <optional>

#include "artifacts/artifacts.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "registry/entities.h"

namespace millwright::server {
namespace {

constexpr int64_t kInspectMs = 30'000;
constexpr int64_t kStopGraceMs = 100;
constexpr const char* kModelFiles[] = {"model.onnx", "model.ubj", "model.json"};

// The place of a model's folder or file on this machine, if this server keeps it.
std::optional<std::filesystem::path> LocalModel(const artifacts::Artifacts& artifacts,
                                                const std::string& artifact_uri) {
  const auto path = artifacts::StorePath(artifact_uri);
  if (!path) return std::nullopt;
  return artifacts.LocalTree(*path);
}

bool CanBeJudged(const std::filesystem::path& model) {
  if (!std::filesystem::is_directory(model)) return true;
  for (const char* name : kModelFiles)
    if (std::filesystem::exists(model / name)) return true;
  return false;
}

}  // namespace

std::filesystem::path ModelFolder(const artifacts::Artifacts& artifacts,
                                  const registry::ModelVersion& version) {
  const auto local = LocalModel(artifacts, version.artifact_uri);
  if (!local)
    throw FailedPrecondition("The files of {} version {} are not kept by this server: {}",
                             version.name.str(), version.version, version.artifact_uri);
  return *local;
}

void InspectModel(const artifacts::Artifacts& artifacts, const std::string& artifact_uri) {
  const auto model = LocalModel(artifacts, artifact_uri);
  if (!model || !CanBeJudged(*model)) return;
  const TempDir scratch;
  const auto output = scratch.path() / "output";
  ChildProcess child({.arguments = {ThisProgram().string(), "models", "inspect", model->string()},
                      .output_file = output});
  auto status = child.Wait(kInspectMs);
  if (!status) {
    child.Stop(kStopGraceMs);
    throw InvalidArgument("The model was refused: it did not load within {} s", kInspectMs / 1000);
  }
  if (status->ok()) return;
  if (status->signal != 0)
    throw InvalidArgument("The model was refused: loading it ended with signal {}", status->signal);
  std::string reason = ReadFile(output);
  while (reason.ends_with('\n')) reason.pop_back();
  constexpr std::string_view kPrefix = "millwright: ";
  if (reason.starts_with(kPrefix)) reason.erase(0, kPrefix.size());
  throw InvalidArgument("The model was refused: {}", reason);
}

}  // namespace millwright::server

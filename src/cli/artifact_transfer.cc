#include "cli/artifact_transfer.h"

#include <fmt/format.h>

#include "base/error.h"
#include "cli/file_upload.h"

namespace millwright::cli {
namespace {

constexpr std::string_view kProxiedScheme = "mlflow-artifacts:";
}  // namespace

std::string ArtifactFolder(Client& client, const std::string& run_id) {
  const Json run = client.MlflowGet("runs/get", {{"run_id", run_id}});
  std::string uri = run.At("run").At("info").GetString("artifact_uri");
  if (!uri.starts_with(kProxiedScheme))
    throw FailedPrecondition("Artifacts of run {} are not kept by the server: {}", run_id, uri);
  uri.erase(0, kProxiedScheme.size());
  return uri.substr(std::min(uri.find_first_not_of('/'), uri.size()));
}

void UploadArtifact(Client& client, const std::string& folder, const std::string& path,
                    const std::filesystem::path& file) {
  UploadFile(client, folder + "/" + path, file);
}

void UploadFolder(Client& client, const std::string& folder, const std::string& path,
                  const std::filesystem::path& local) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(local)) {
    const auto relative = entry.path().lexically_relative(local).generic_string();
    // It may lead out of the folder, to what nobody meant to publish.
    if (entry.is_symlink()) throw InvalidArgument("A symbolic link is not uploaded: {}", relative);
    if (!entry.is_regular_file()) continue;
    UploadArtifact(client, folder, path + "/" + relative, entry.path());
  }
}

void DownloadPart(Client& client, const Reference& dataset, const std::string& split,
                  const std::string& part, const std::filesystem::path& target) {
  client.Download(
      fmt::format("/api/v1/datasets/{}/versions/{}/splits/{}/{}/file",
                  fetch::PercentEncode(dataset.name), ResolveDatasetVersion(client, dataset),
                  fetch::PercentEncode(split), fetch::PercentEncode(part)),
      target);
}

int64_t ResolveDatasetVersion(Client& client, const Reference& dataset) {
  if (!dataset.version.empty()) return ParseJson(dataset.version).AsInt("version");
  const Json found = client.Get("/api/v1/datasets/" + fetch::PercentEncode(dataset.name));
  const auto& versions = found.At("versions").AsArray("versions");
  for (const Json& version : versions) {
    const std::string state = version.GetString("state", "ready");
    if (state == "ready" || state == "released") return version.GetInt("version");
  }
  throw FailedPrecondition("Every version of {} is held; see millwright data quarantine",
                           dataset.name);
}

}  // namespace millwright::cli

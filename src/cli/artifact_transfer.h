#pragma once

#include <filesystem>
#include <string>

#include "cli/client.h"
#include "cli/reference.h"

namespace millwright::cli {

// Where the server keeps a run's artifacts, by the proxy's path: "0/4f2…/artifacts". Throws
// kFailedPrecondition when they are not proxied by the server.
std::string ArtifactFolder(Client& client, const std::string& run_id);

void UploadArtifact(Client& client, const std::string& folder, const std::string& path,
                    const std::filesystem::path& file);
// Uploads all files of a local folder below `path`. Throws kInvalidArgument for a symbolic link.
void UploadFolder(Client& client, const std::string& folder, const std::string& path,
                  const std::filesystem::path& local);

// Copies the rows of a split's part into a Parquet file.
void DownloadPart(Client& client, const Reference& dataset, const std::string& split,
                  const std::string& part, const std::filesystem::path& target);

// The version that a dataset's reference means; the newest when it names none.
int64_t ResolveDatasetVersion(Client& client, const Reference& dataset);

}  // namespace millwright::cli

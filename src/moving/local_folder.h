#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "moving/problems.h"
#include "moving/store.h"

namespace millwright::moving {

// Turns an address of artifacts into a folder of this machine: file:///…, a plain path (relative
// ones are below `base`), or mlflow-artifacts:/…, which are below `proxied_root`. Nothing for
// buckets and other machines.
std::optional<std::filesystem::path> LocalFolder(const std::string& uri,
                                                 const std::filesystem::path& base,
                                                 const std::filesystem::path& proxied_root);

// The address of a folder of this machine: file:///…, encoded.
std::string FileUri(const std::filesystem::path& folder);

// Lists all files below a folder, none where it is absent. Symbolic links that lead out of it, and
// links to folders, are left out and reported.
std::vector<StoredFile> FilesBelow(const std::filesystem::path& folder, Problems& problems);

}  // namespace millwright::moving

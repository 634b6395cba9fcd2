#include "server/places.h"

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"
#include "blob/s3_options.h"

namespace millwright::server {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kMounts = "mounts/";

}  // namespace

fs::path DataFolder(const Config& config) {
  fs::path folder = fs::absolute(config.data_dir).lexically_normal();
  return folder.has_filename() ? folder : folder.parent_path();
}

std::string DatabaseUri(const Config& config) {
  return config.backend_store_uri.empty()
             ? "sqlite:///" + (DataFolder(config) / "millwright.db").string()
             : config.backend_store_uri;
}

std::string ArtifactStoreUri(const Config& config) {
  if (!config.artifacts_destination.empty()) return config.artifacts_destination;
  if (IsDirectRoot(config.default_artifact_root)) return config.default_artifact_root;
  return (DataFolder(config) / "artifacts").string();
}

bool IsInBucket(const std::string& uri) {
  return blob::IsS3Uri(uri);
}

bool IsDirectRoot(const std::string& uri) {
  return IsInBucket(uri) || uri.starts_with("file:///") || uri.starts_with('/');
}

std::vector<fs::path> MountedFolders(const Config& config) {
  std::vector<fs::path> folders;
  for (const auto& given : config.mounts) {
    std::error_code error;
    const fs::path folder = fs::canonical(given, error);
    if (error || !fs::is_directory(folder)) {
      throw InvalidArgument("There is no folder {} to show", given).WithField("--mount");
    }
    if (std::find(folders.begin(), folders.end(), folder) != folders.end()) {
      throw InvalidArgument("{} is given twice", folder.string()).WithField("--mount");
    }
    folders.push_back(folder);
  }
  return folders;
}

std::string MountPath(const fs::path& folder) {
  constexpr size_t kDigits = 8;
  return std::string(kMounts) + Sha256Hex(folder.string()).substr(0, kDigits);
}

bool IsInMount(const std::string& store_path) {
  return store_path.starts_with(kMounts);
}

fs::path LocalFolder(std::string uri) {
  constexpr std::string_view kFileScheme = "file://";
  if (uri.starts_with(kFileScheme)) uri.erase(0, kFileScheme.size());
  return fs::absolute(uri).lexically_normal();
}

}  // namespace millwright::server

#include "server/places.h"

namespace millwright::server {

namespace fs = std::filesystem;

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
  return config.artifacts_destination.empty() ? (DataFolder(config) / "artifacts").string()
                                              : config.artifacts_destination;
}

fs::path LocalFolder(std::string uri) {
  constexpr std::string_view kFileScheme = "file://";
  if (uri.starts_with(kFileScheme)) uri.erase(0, kFileScheme.size());
  return fs::absolute(uri).lexically_normal();
}

}  // namespace millwright::server

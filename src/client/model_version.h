#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace millwright::client {

class Client;

// Whether the text names a registered model: models:/NAME/7 or models:/NAME@champion.
bool IsModelUri(const std::string& text);

// What it names: at most one of version and alias, none in models:/NAME.
struct ModelUri {
  std::string name;
  std::string version;
  std::string alias;
};
// Throws kInvalidArgument for one without a name or with nothing behind the "/" or "@".
ModelUri ParseModelUri(std::string_view uri);

// The version that a URI means now, as models:/NAME/7. Throws kInvalidArgument for one that names
// neither version nor alias.
std::string PinModelUri(Client& client, const std::string& uri);

// The number of the version that an alias or a number names.
std::string ResolveModelVersion(Client& client, const std::string& model, const std::string& name);

// Downloads a file that the server keeps below `folder`, by the proxy's path "0/4f2…/artifacts".
void DownloadArtifact(Client& client, const std::string& folder, const std::string& path,
                      const std::filesystem::path& target);

// Downloads all files of a version, pinned as above, into a folder. Throws kFailedPrecondition when
// they are not kept by the server.
void DownloadModel(Client& client, const std::string& pinned, const std::filesystem::path& folder);

}  // namespace millwright::client

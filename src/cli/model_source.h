#pragma once

#include <filesystem>
#include <string>

namespace millwright::cli {

class Client;

// Whether the text names a registered model: models:/NAME/7 or models:/NAME@champion.
bool IsModelUri(const std::string& text);

// The version that a URI means now, as models:/NAME/7. Throws kInvalidArgument for one that names
// neither version nor alias.
std::string PinModelUri(Client& client, const std::string& uri);

// The number of the version that an alias or a number names.
std::string ResolveModelVersion(Client& client, const std::string& model, const std::string& name);

// Downloads all files of a version, pinned as above, into a folder. Throws kFailedPrecondition when
// they are not kept by the server.
void DownloadModel(Client& client, const std::string& pinned, const std::filesystem::path& folder);

}  // namespace millwright::cli

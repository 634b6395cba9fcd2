#pragma once

#include <filesystem>
#include <string>

#include "server/config.h"

// Where a server of a configuration keeps what it has.
namespace millwright::server {

// The data folder as an absolute path.
std::filesystem::path DataFolder(const Config& config);
std::string DatabaseUri(const Config& config);
// Of the artifacts that clients send through the server.
std::string ArtifactStoreUri(const Config& config);

// A plain path or file://… as an absolute path.
std::filesystem::path LocalFolder(std::string uri);

}  // namespace millwright::server

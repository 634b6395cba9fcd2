#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "server/config.h"

// Where a server of a configuration keeps what it has.
namespace millwright::server {

// The data folder as an absolute path.
std::filesystem::path DataFolder(const Config& config);
std::string DatabaseUri(const Config& config);
// Of the artifacts: where clients send them through the server, else where they put them
// themselves.
std::string ArtifactStoreUri(const Config& config);
// Whether a place for artifacts is in S3.
bool IsInBucket(const std::string& uri);
// Whether an artifact root is one that clients reach past this server: a bucket or a folder.
bool IsDirectRoot(const std::string& uri);

// The folders of --mount as absolute paths without links. Throws kInvalidArgument for one that is
// not there, or is there twice.
std::vector<std::filesystem::path> MountedFolders(const Config& config);
// Where the files of a mounted folder are in the artifact store, and whether a place of it is one.
std::string MountPath(const std::filesystem::path& folder);
bool IsInMount(const std::string& store_path);

// A plain path or file://… as an absolute path.
std::filesystem::path LocalFolder(std::string uri);

}  // namespace millwright::server

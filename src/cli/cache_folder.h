#pragma once

#include <filesystem>
#include <string>

namespace millwright::cli {

// Where models from elsewhere are kept: the folder that was given, else millwright/models below
// XDG_CACHE_HOME or ~/.cache.
std::filesystem::path CacheFolder(const std::string& given);

}  // namespace millwright::cli

#include "cli/cache_folder.h"

#include <cstdlib>

namespace millwright::cli {

std::filesystem::path CacheFolder(const std::string& given) {
  if (!given.empty()) return given;
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache != '\0') return std::filesystem::path(cache) / "millwright/models";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home == nullptr ? "." : home) / ".cache/millwright/models";
}

}  // namespace millwright::cli

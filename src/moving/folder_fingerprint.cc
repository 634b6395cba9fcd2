#include "moving/folder_fingerprint.h"

#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "base/digest.h"

namespace millwright::moving {
namespace {

namespace fs = std::filesystem;

constexpr size_t kHexDigits = 32;  // of the digest that are kept

}  // namespace

std::string FolderFingerprint(const fs::path& folder, std::string_view without) {
  std::vector<std::string> entries;
  std::error_code error;
  fs::recursive_directory_iterator walk(folder, error);
  for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    const fs::path& path = walk->path();
    if (walk.depth() == 0 && !without.empty() && path.filename() == without) {
      walk.disable_recursion_pending();
      continue;
    }
    struct stat status = {};
    if (lstat(path.c_str(), &status) != 0) continue;  // gone meanwhile
    // A folder counts by what is in it.
    if (S_ISDIR(status.st_mode)) continue;
    entries.push_back(path.native().substr(folder.native().size()) + '\0' +
                      std::to_string(status.st_size) + ' ' + std::to_string(status.st_mtim.tv_sec) +
                      '.' + std::to_string(status.st_mtim.tv_nsec) + '\n');
  }
  std::sort(entries.begin(), entries.end());
  Digest digest(Digest::Kind::kSha256);
  for (const auto& entry : entries) digest.Update(entry);
  return digest.FinishHex().substr(0, kHexDigits);
}

}  // namespace millwright::moving

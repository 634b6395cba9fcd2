#include "moving/local_folder.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"

namespace millwright::moving {
namespace {

namespace fs = std::filesystem;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Decodes %XX of a file address; what is no escape stays.
std::string Decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
                        HexDigit(text[i + 2]) >= 0;
    if (escape) {
      decoded += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

bool LeadsInside(const fs::path& link, const fs::path& real_root) {
  std::error_code error;
  const fs::path real = fs::canonical(link, error);
  if (error) return false;
  const fs::path inside = real.lexically_relative(real_root);
  return !inside.empty() && *inside.begin() != "..";
}

}  // namespace

std::optional<fs::path> LocalFolder(const std::string& uri, const fs::path& base,
                                    const fs::path& proxied_root) {
  if (uri.empty()) return std::nullopt;
  constexpr std::string_view kProxied = "mlflow-artifacts:";
  if (uri.starts_with(kProxied)) {
    if (proxied_root.empty()) return std::nullopt;
    std::string_view path = std::string_view(uri).substr(kProxied.size());
    if (path.starts_with("//")) path.remove_prefix(std::min(path.find('/', 2), path.size()));
    path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
    const fs::path relative = fs::path(path).lexically_normal();
    if (!relative.empty() && *relative.begin() == "..") return std::nullopt;
    return proxied_root / relative;
  }
  if (uri.starts_with("file:")) {
    std::string_view path = std::string_view(uri).substr(5);
    if (path.starts_with("//")) path.remove_prefix(std::min(path.find('/', 2), path.size()));
    return fs::path(Decoded(path));
  }
  if (uri.find("://") != std::string::npos || uri.starts_with("dbfs:")) return std::nullopt;
  return (base / uri).lexically_normal();
}

std::string FileUri(const fs::path& folder) {
  constexpr std::string_view kPlain = "-._~/:@";
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string uri = "file://";
  for (const char c : folder.generic_string()) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte < 0x80 && (std::isalnum(byte) != 0 || kPlain.find(c) != kPlain.npos);
    if (plain) {
      uri += c;
    } else {
      uri += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return uri;
}

std::vector<StoredFile> FilesBelow(const fs::path& folder, Problems& problems) {
  std::vector<StoredFile> files;
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  if (error || !fs::is_directory(root)) return files;
  // No link to a folder is followed, so there is no way around in circles.
  fs::recursive_directory_iterator walk(root, error);
  for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    const fs::directory_entry& entry = *walk;
    const std::string path = entry.path().lexically_relative(root).generic_string();
    if (entry.is_symlink() && (!entry.is_regular_file() || !LeadsInside(entry.path(), root))) {
      problems.Add(entry.path().string(),
                   "a symbolic link out of its folder, to a folder or to nothing is not followed; "
                   "put the file itself there");
      continue;
    }
    if (entry.is_directory()) continue;
    if (!entry.is_regular_file()) {
      problems.Add(entry.path().string(), "is neither a file nor a folder");
      continue;
    }
    files.push_back({path, entry.file_size(), ""});
  }
  if (error) problems.Add(folder.string(), error.message());
  std::sort(files.begin(), files.end(),
            [](const StoredFile& a, const StoredFile& b) { return a.path < b.path; });
  return files;
}

}  // namespace millwright::moving

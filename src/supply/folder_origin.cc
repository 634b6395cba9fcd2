#include "supply/folder_origin.h"

#include <sys/stat.h>

#include "base/error.h"
#include "supply/file_list.h"

namespace millwright::supply {
namespace {

std::string StateOf(const std::filesystem::path& path) {
  struct stat info {};
  // A file that went meanwhile counts as another one.
  if (stat(path.c_str(), &info) != 0) return "gone";
  return fmt::format("{}.{:09} {}", info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_ino);
}

std::string DigestOfPath(const std::filesystem::path& path) {
  std::vector<ListedFile> files;
  const auto add = [&](const std::filesystem::path& file) {
    std::error_code gone;
    const auto bytes = std::filesystem::file_size(file, gone);
    files.push_back(
        {file.lexically_relative(path).generic_string(), gone ? 0 : bytes, StateOf(file)});
    if (files.size() > kFilesMax) {
      throw ResourceExhausted("{} holds more than {} files", path.string(), kFilesMax);
    }
  };
  if (!std::filesystem::is_directory(path)) {
    add(path);
    return DigestOf(std::move(files));
  }
  const auto options = std::filesystem::directory_options::follow_directory_symlink;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path, options)) {
    if (entry.is_regular_file()) add(entry.path());
  }
  return DigestOf(std::move(files));
}

// The versions of a folder of versions; none when it is a model itself.
std::vector<std::string> VersionsIn(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::vector<std::string> versions;
  if (!std::filesystem::is_directory(folder)) return versions;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::string name = entry.path().filename().string();
    if (entry.is_directory() && IsVersionName(name)) versions.push_back(name);
    names.push_back(std::move(name));
  }
  if (HoldsModel(names)) return {};
  SortVersions(&versions);
  return versions;
}

}  // namespace

FolderOrigin::FolderOrigin(std::filesystem::path path, std::string version)
    : path_(std::move(path)), version_(std::move(version)), address_(path_.string()) {}

Offer FolderOrigin::Look(const VersionPolicy& policy) {
  try {
    if (!std::filesystem::exists(path_)) throw NotFound("Model file or folder", address_);
    const std::vector<std::string> versions = VersionsIn(path_);
    has_versions_ = !versions.empty();
    Offer offer;
    if (!has_versions_) {
      offer.versions.push_back({version_, DigestOfPath(path_)});
      return offer;
    }
    for (const std::string& version : policy.Choose(versions)) {
      offer.versions.push_back({version, DigestOfPath(path_ / version)});
    }
    return offer;
  } catch (const std::filesystem::filesystem_error& error) {
    throw Unavailable("{} cannot be read: {}", address_, error.code().message());
  }
}

std::optional<std::filesystem::path> FolderOrigin::LocalPath(const std::string& version) {
  return has_versions_ ? path_ / version : path_;
}

void FolderOrigin::Fetch(const OfferedVersion& version, const std::filesystem::path& folder) {
  std::filesystem::copy(*LocalPath(version.version), folder,
                        std::filesystem::copy_options::recursive);
}

}  // namespace millwright::supply

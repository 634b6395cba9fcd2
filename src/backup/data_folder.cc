#include "backup/data_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include "base/error.h"
#include "storage/database_uri.h"

namespace millwright::backup {
namespace {

namespace fs = std::filesystem;

// Folders of what is only on its way in, or lives only as long as the server.
constexpr std::string_view kPassing[] = {"run", "data/tmp", "artifacts/.uploads",
                                         "predictions/work"};
constexpr int64_t kNsPerSecond = 1'000'000'000;

FileStamp StampOf(const struct stat& status) {
  return {.bytes = static_cast<uint64_t>(status.st_size),
          .mode = status.st_mode,
          .modified_ns = status.st_mtim.tv_sec * kNsPerSecond + status.st_mtim.tv_nsec,
          .changed_ns = status.st_ctim.tv_sec * kNsPerSecond + status.st_ctim.tv_nsec,
          .inode = status.st_ino};
}

bool IsGone() {
  return errno == ENOENT || errno == ENOTDIR;
}

// Walks folders; a folder or file that goes meanwhile is passed over.
class Walk {
 public:
  Walk(const Places& places, std::string_view below, FileStamps* files)
      : below_(below), files_(files) {
    if (const auto path = storage::SqlitePath(places.database_uri)) {
      const fs::path database = fs::absolute(*path).lexically_normal();
      for (const char* ending : {"", "-wal", "-shm", "-journal"}) {
        left_out_.insert(database.string() + ending);
      }
    }
    if (!places.artifacts.empty()) left_out_.insert(places.artifacts.lexically_normal().string());
  }

  void Folder(const fs::path& folder, const std::string& name) {
    std::error_code error;
    for (auto it = fs::directory_iterator(folder, error); it != fs::directory_iterator();
         it.increment(error)) {
      if (error) break;
      Entry(it->path(), name + it->path().filename().string());
    }
    if (error && error != std::errc::no_such_file_or_directory) {
      throw PermissionDenied("Cannot read {}: {}", folder.string(), error.message());
    }
  }

 private:
  void Entry(const fs::path& path, const std::string& name) {
    if (left_out_.contains(path.string()) ||
        std::find(std::begin(kPassing), std::end(kPassing), name) != std::end(kPassing)) {
      return;
    }
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0) return;
    if (S_ISDIR(status.st_mode)) {
      const std::string folder = name + "/";
      if (folder.starts_with(below_) || below_.starts_with(folder)) Folder(path, folder);
    } else if ((S_ISREG(status.st_mode) || S_ISLNK(status.st_mode)) && name.starts_with(below_)) {
      (*files_)[name] = StampOf(status);
    }
  }

  const std::string below_;
  FileStamps* files_;
  std::set<std::string> left_out_;
};

}  // namespace

FileStamps ListFiles(const Places& places, std::string_view below) {
  FileStamps files;
  Walk walk(places, below, &files);
  walk.Folder(places.data, "");
  if (!places.artifacts.empty()) walk.Folder(places.artifacts, std::string(kArtifacts));
  return files;
}

fs::path PlaceOf(const Places& places, const std::string& path) {
  if (path.starts_with(kArtifacts) && !places.artifacts.empty())
    return places.artifacts / path.substr(kArtifacts.size());
  return places.data / path;
}

std::optional<OpenedFile> OpenedFile::Open(const fs::path& path) {
  OpenedFile file;
  struct stat status {};
  file.descriptor_ = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (file.descriptor_ >= 0) {
    if (fstat(file.descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    file.stamp_ = StampOf(status);
    return file;
  }
  if (IsGone()) return std::nullopt;
  if (errno != ELOOP) {
    throw PermissionDenied("Cannot read {}: {}", path.string(), std::strerror(errno));
  }
  std::error_code error;
  file.link_target_ = fs::read_symlink(path, error).string();
  if (error || lstat(path.c_str(), &status) != 0) return std::nullopt;
  file.stamp_ = StampOf(status);
  return file;
}

OpenedFile::OpenedFile(OpenedFile&& other) noexcept
    : stamp_(other.stamp_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      link_target_(std::move(other.link_target_)) {}

OpenedFile::~OpenedFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace millwright::backup

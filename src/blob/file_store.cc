#include "blob/file_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id.h"

namespace millwright::blob {
namespace {

namespace fs = std::filesystem;

constexpr size_t kReadBytes = 256 << 10;
constexpr std::string_view kUploads = ".uploads";
constexpr auto kStaleUpload = std::chrono::hours(24);

[[noreturn]] void Fail(std::string_view what, const std::string& path) {
  const int code = errno;
  if (code == ENOSPC || code == EDQUOT) throw ResourceExhausted("No space left on the disk");
  // The caller named a place that cannot hold a file: below a file, over a folder, too long.
  if (code == ENOTDIR || code == EISDIR || code == EEXIST || code == ENOTEMPTY ||
      code == ENAMETOOLONG || code == EINVAL) {
    throw InvalidArgument("Invalid path");
  }
  throw Internal("Cannot {} {}: {}", what, path, std::strerror(code));
}

// Every write to a file moves its time, which file systems keep to the nanosecond.
std::string VersionOf(const struct stat& status) {
  return fmt::format("{:x}-{:x}-{:x}", status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                     status.st_size);
}

class File {
 public:
  File(const fs::path& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

void SyncFolder(const fs::path& folder) {
  const File file(folder, O_RDONLY | O_DIRECTORY);
  if (file.fd() >= 0) fsync(file.fd());
}

// Makes a file's folders and makes the new ones durable, from the outermost on.
void MakeFolders(const fs::path& folder, const std::string& path) {
  std::error_code error;
  if (fs::is_directory(folder, error)) return;
  fs::create_directories(folder, error);
  if (error) {
    errno = error.value();
    Fail("make the folder of", path);
  }
  SyncFolder(folder.parent_path());
}

class FileWriter : public BlobWriter {
 public:
  FileWriter(fs::path target, fs::path temporary, std::string path)
      : target_(std::move(target)),
        temporary_(std::move(temporary)),
        path_(std::move(path)),
        file_(temporary_, O_WRONLY | O_CREAT | O_EXCL),
        digest_(Digest::Kind::kSha256) {
    if (file_.fd() < 0) Fail("write", path_);
  }

  ~FileWriter() override {
    if (!committed_) unlink(temporary_.c_str());
  }

  void Write(std::string_view bytes) override {
    digest_.Update(bytes);
    while (!bytes.empty()) {
      const ssize_t size = write(file_.fd(), bytes.data(), bytes.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) Fail("write", path_);
      bytes.remove_prefix(static_cast<size_t>(size));
    }
  }

  std::string Finish() override { return digest_.FinishHex(); }

  std::string Commit() override {
    struct stat status {};
    if (fsync(file_.fd()) != 0 || fstat(file_.fd(), &status) != 0) Fail("write", path_);
    MakeFolders(target_.parent_path(), path_);
    if (rename(temporary_.c_str(), target_.c_str()) != 0) Fail("write", path_);
    committed_ = true;
    SyncFolder(target_.parent_path());
    return VersionOf(status);
  }

 private:
  const fs::path target_;
  const fs::path temporary_;
  const std::string path_;
  File file_;
  Digest digest_;
  bool committed_ = false;
};

}  // namespace

FileStore::FileStore(fs::path root) : FileStore(std::move(root), Access::kReadWrite) {}

FileStore::FileStore(fs::path root, Access access)
    : root_(fs::absolute(root).lexically_normal()), access_(access), uploads_(root_ / kUploads) {
  if (access_ == Access::kReadOnly) return;
  std::error_code error;
  fs::create_directories(uploads_, error);
  if (error) throw Unavailable("Cannot make the folder {}: {}", root_.string(), error.message());
  const auto stale = fs::file_time_type::clock::now() - kStaleUpload;
  for (const auto& entry : fs::directory_iterator(uploads_, error)) {
    std::error_code ignored;
    if (entry.last_write_time(ignored) < stale) fs::remove(entry.path(), ignored);
  }
}

void FileStore::RequireWritable(const std::string& path) const {
  if (access_ == Access::kReadWrite) return;
  throw PermissionDenied("{} is read-only: another tool writes its folder", path);
}

fs::path FileStore::Place(const std::string& path) const {
  const fs::path place = ConfinedPath(root_, path);
  const fs::path inside = place.lexically_relative(root_);
  if (inside.empty() || inside == "." || *inside.begin() == kUploads) {
    throw InvalidArgument("Invalid path");
  }
  return place.filename().empty() ? place.parent_path() : place;
}

std::unique_ptr<BlobWriter> FileStore::Create(const std::string& path) {
  if (path.ends_with('/')) throw InvalidArgument("Invalid path");
  RequireWritable(path);
  return std::make_unique<FileWriter>(Place(path), uploads_ / NewHexId(), path);
}

void FileStore::Read(const std::string& path, uint64_t offset, std::optional<uint64_t> length,
                     const std::function<bool(std::string_view)>& each) {
  const auto place = LocalPath(path);
  if (!place) throw NotFound("Blob", path);
  const File file(*place, O_RDONLY | O_NOFOLLOW);
  if (file.fd() < 0) throw NotFound("Blob", path);
  std::string buffer(kReadBytes, '\0');
  uint64_t left = length.value_or(UINT64_MAX);
  while (left > 0) {
    const ssize_t size = pread(file.fd(), buffer.data(), std::min<uint64_t>(left, buffer.size()),
                               static_cast<off_t>(offset));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) Fail("read", path);
    if (size == 0 || !each(std::string_view(buffer.data(), size))) return;
    offset += size;
    left -= size;
  }
}

std::optional<BlobInfo> FileStore::Stat(const std::string& path) {
  struct stat status {};
  if (lstat(Place(path).c_str(), &status) != 0) return std::nullopt;
  if (S_ISDIR(status.st_mode)) return BlobInfo{.path = path, .is_folder = true};
  if (!S_ISREG(status.st_mode)) return std::nullopt;
  return BlobInfo{
      .path = path, .bytes = static_cast<uint64_t>(status.st_size), .version = VersionOf(status)};
}

std::vector<BlobInfo> FileStore::List(const std::string& folder) {
  const fs::path place = ConfinedPath(root_, folder);
  const bool at_root = place.lexically_relative(root_) == ".";
  std::vector<BlobInfo> entries;
  std::error_code error;
  for (auto it = fs::directory_iterator(place, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (at_root && name == kUploads) continue;
    // A symbolic link is neither followed nor shown: it may lead out of the root.
    const auto status = it->symlink_status(error);
    if (fs::is_directory(status)) entries.push_back({.path = name, .is_folder = true});
    if (fs::is_regular_file(status))
      entries.push_back({.path = name, .bytes = it->file_size(error)});
  }
  std::sort(entries.begin(), entries.end(),
            [](const BlobInfo& a, const BlobInfo& b) { return a.path < b.path; });
  return entries;
}

BlobPage FileStore::ListPage(const std::string& folder, const std::string& after, size_t max) {
  const auto entries = List(folder);
  const auto first = std::upper_bound(
      entries.begin(), entries.end(), after,
      [](const std::string& name, const BlobInfo& entry) { return name < entry.path; });
  BlobPage page;
  for (auto it = first; it != entries.end() && page.entries.size() < max; ++it)
    page.entries.push_back(*it);
  if (!page.entries.empty() && page.entries.back().path != entries.back().path)
    page.next = page.entries.back().path;
  return page;
}

void FileStore::Remove(const std::string& path) {
  RequireWritable(path);
  const fs::path place = Place(path);
  std::error_code error;
  fs::remove_all(place, error);
  if (error && error != std::errc::not_a_directory) {
    throw Internal("Cannot remove {}: {}", path, error.message());
  }
  SyncFolder(place.parent_path());
}

void FileStore::Move(const std::string& from, const std::string& to) {
  RequireWritable(from);
  const fs::path source = Place(from);
  const fs::path target = Place(to);
  std::error_code error;
  if (!fs::exists(fs::symlink_status(source, error))) return;
  MakeFolders(target.parent_path(), to);
  if (rename(source.c_str(), target.c_str()) != 0) Fail("move", from);
  SyncFolder(target.parent_path());
  SyncFolder(source.parent_path());
}

std::optional<fs::path> FileStore::LocalPath(const std::string& path) {
  const auto info = Stat(path);
  if (!info || info->is_folder) return std::nullopt;
  return Place(path);
}

}  // namespace millwright::blob

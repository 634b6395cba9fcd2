#include "blob/file_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/id.h"

namespace millwright::blob {
namespace {

namespace fs = std::filesystem;

constexpr size_t kReadBytes = 256 << 10;
// How much is written before the disk is told to begin with it, so that the fsync at the end of a
// large file does not wait for all of it.
constexpr int64_t kWriteBackBytes = 8 << 20;
constexpr std::string_view kUploads = ".uploads";
constexpr auto kStaleUpload = std::chrono::hours(24);

[[noreturn]] void Fail(std::string_view what, const std::string& path) {
  const int code = errno;
  if (code == ENOSPC || code == EDQUOT) throw ResourceExhausted("No space left on the disk");
  // The caller named a place that cannot hold a file: below a file, over a folder, too long.
  if (code == ENOTDIR || code == EISDIR || code == EEXIST || code == ENOTEMPTY ||
      code == ENAMETOOLONG || code == EINVAL) {
    throw InvalidPath(path);
  }
  throw Internal("Cannot {} {}: {}", what, path, std::strerror(code));
}

// Every write to a file moves its time, which file systems keep to the nanosecond.
std::string VersionOf(const struct stat& status) {
  return fmt::format("{:x}-{:x}-{:x}", status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                     status.st_size);
}

int64_t ModifiedMs(const struct stat& status) {
  return status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1'000'000;
}

class File {
 public:
  File(const fs::path& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

// Whether a path is spelled as the store itself spells it: names with single slashes between them,
// none of which means another place.
bool IsPlain(std::string_view path) {
  if (path.find('\0') != std::string_view::npos || path.find('\\') != std::string_view::npos)
    return false;
  bool is_first = true;
  while (true) {
    const size_t end = std::min(path.find('/'), path.size());
    const std::string_view name = path.substr(0, end);
    if (name.empty() || name == "." || name == "..") return false;
    if (is_first && name == kUploads) return false;
    if (end == path.size()) return true;
    path.remove_prefix(end + 1);
    is_first = false;
  }
}

// Opens a file below a folder, which the kernel does not let it leave by any link: one call instead
// of a look at each folder on the way. Without a descriptor where the kernel cannot or the path
// leads through an absolute link; whoever asks then takes the longer way.
File OpenBelow(int folder, const std::string& path, uint64_t resolve_more = 0) {
  open_how how{};
  // Not to wait for whoever writes to a named pipe.
  how.flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve_more;
  return File(static_cast<int>(syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how)));
}

class FileReader : public BlobReader {
 public:
  FileReader(BlobInfo info, File file) : BlobReader(std::move(info)), file_(std::move(file)) {}

  void Read(uint64_t offset, std::optional<uint64_t> length,
            const std::function<bool(std::string_view)>& each) override {
    const uint64_t behind = info().bytes - std::min(offset, info().bytes);
    uint64_t left = std::min(length.value_or(UINT64_MAX), behind);
    std::string buffer(std::min<uint64_t>(kReadBytes, left), '\0');
    while (left > 0) {
      const ssize_t size = pread(file_.fd(), buffer.data(), std::min<uint64_t>(left, buffer.size()),
                                 static_cast<off_t>(offset));
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) Fail("read", info().path);
      if (size == 0 || !each(std::string_view(buffer.data(), size))) return;
      offset += size;
      left -= size;
    }
  }

  std::optional<std::string> ReadAtOnce() override {
    std::string bytes(info().bytes, '\0');
    iovec part{bytes.data(), bytes.size()};
    const ssize_t size = preadv2(file_.fd(), &part, 1, 0, RWF_NOWAIT);
    if (size != static_cast<ssize_t>(bytes.size())) return std::nullopt;
    return bytes;
  }

  std::optional<int> descriptor() const override { return file_.fd(); }

  bool WasChanged() const override {
    struct stat status {};
    return fstat(file_.fd(), &status) != 0 || VersionOf(status) != info().version;
  }

 private:
  const File file_;
};

// Nothing for what is no file.
std::unique_ptr<BlobReader> ReaderOf(const std::string& path, File file) {
  struct stat status {};
  if (file.fd() < 0 || fstat(file.fd(), &status) != 0 || !S_ISREG(status.st_mode)) return nullptr;
  BlobInfo info{.path = path,
                .bytes = static_cast<uint64_t>(status.st_size),
                .version = VersionOf(status),
                .modified_ms = ModifiedMs(status)};
  return std::make_unique<FileReader>(std::move(info), std::move(file));
}

// The names in an open folder that come behind another.
std::vector<std::string> NamesBehind(const File& folder, const std::string& after) {
  std::vector<std::string> names;
  const int fd = dup(folder.fd());
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(fd), closedir);
  if (!stream) {
    if (fd >= 0) close(fd);
    return names;
  }
  while (const dirent* entry = readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != ".." && name > after) names.emplace_back(name);
  }
  return names;
}

// A file or a folder in an open one; nothing for what is neither, or gone meanwhile. A symbolic
// link is neither followed nor shown: it may lead out of the root.
std::optional<BlobInfo> StatEntry(const File& folder, const std::string& name) {
  struct stat status {};
  if (fstatat(folder.fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  if (S_ISDIR(status.st_mode)) return BlobInfo{.path = name, .is_folder = true};
  if (!S_ISREG(status.st_mode)) return std::nullopt;
  return BlobInfo{.path = name,
                  .bytes = static_cast<uint64_t>(status.st_size),
                  .version = VersionOf(status),
                  .modified_ms = ModifiedMs(status)};
}

fs::path WithoutSlash(const fs::path& folder) {
  return folder.has_filename() ? folder : folder.parent_path();
}

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

// Opens the file of a new upload and holds it locked, which says that its writer lives. Once more
// where it was taken for a dead one's between the two.
File OpenUpload(const fs::path& path) {
  constexpr int kTriesMax = 10;
  for (int tries = 1;; ++tries) {
    File file(path, O_WRONLY | O_CREAT | O_EXCL);
    if (file.fd() < 0 || tries == kTriesMax) return file;
    struct stat status {};
    const bool is_locked = flock(file.fd(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
    if (is_locked && fstat(file.fd(), &status) == 0 && status.st_nlink > 0) return file;
  }
}

// Removes what a crash left of an upload: nobody holds it. Where the file system has no locks its
// age has to tell.
void RemoveIfLeft(const fs::path& upload) {
  const File file(upload, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (file.fd() < 0) return;
  if (flock(file.fd(), LOCK_EX | LOCK_NB) != 0) {
    std::error_code ignored;
    const auto stale = fs::file_time_type::clock::now() - kStaleUpload;
    if (errno == EWOULDBLOCK || fs::last_write_time(upload, ignored) >= stale) return;
  }
  unlink(upload.c_str());
}

class FileWriter : public BlobWriter {
 public:
  FileWriter(fs::path target, fs::path temporary, std::string path)
      : target_(std::move(target)),
        temporary_(std::move(temporary)),
        path_(std::move(path)),
        file_(OpenUpload(temporary_)),
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
      written_ += size;
    }
    if (written_ - written_back_ < kWriteBackBytes) return;
    sync_file_range(file_.fd(), written_back_, written_ - written_back_, SYNC_FILE_RANGE_WRITE);
    written_back_ = written_;
  }

  std::string Finish() override { return digest_.FinishHex(); }

  std::string Commit() override {
    struct stat status {};
    if (fsync(file_.fd()) != 0 || fstat(file_.fd(), &status) != 0) Fail("write", path_);
    Place();
    committed_ = true;
    SyncFolder(target_.parent_path());
    return VersionOf(status);
  }

 private:
  // Once more when a folder was removed, as empty, between its making and the move into it.
  void Place() {
    constexpr int kTriesMax = 10;
    for (int tries = 1;; ++tries) {
      MakeFolders(target_.parent_path(), path_);
      if (rename(temporary_.c_str(), target_.c_str()) == 0) return;
      if (errno != ENOENT || tries == kTriesMax) Fail("write", path_);
    }
  }

  const fs::path target_;
  const fs::path temporary_;
  const std::string path_;
  File file_;
  Digest digest_;
  int64_t written_ = 0;
  int64_t written_back_ = 0;  // what the disk was told to begin with
  bool committed_ = false;
};

}  // namespace

FileStore::FileStore(fs::path root) : FileStore(std::move(root), Access::kReadWrite) {}

FileStore::FileStore(fs::path root, Access access)
    : root_(WithoutSlash(fs::absolute(root).lexically_normal())),
      access_(access),
      uploads_(root_ / kUploads) {
  if (access_ == Access::kReadOnly) return;
  std::error_code error;
  fs::create_directories(uploads_, error);
  if (error) throw Unavailable("Cannot make the folder {}: {}", root_.string(), error.message());
  root_fd_ = open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  for (const auto& entry : fs::directory_iterator(uploads_, error)) RemoveIfLeft(entry.path());
}

FileStore::~FileStore() {
  if (root_fd_ >= 0) close(root_fd_);
}

void FileStore::RequireWritable(const std::string& path) const {
  if (access_ == Access::kReadWrite) return;
  throw PermissionDenied("{} is read-only: another tool writes its folder", path);
}

fs::path FileStore::Place(const std::string& path) const {
  const fs::path place = ConfinedPath(root_, path);
  const fs::path inside = place.lexically_relative(root_);
  if (inside.empty() || inside == "." || *inside.begin() == kUploads) {
    throw InvalidPath(path);
  }
  return place.filename().empty() ? place.parent_path() : place;
}

std::unique_ptr<BlobWriter> FileStore::Create(const std::string& path) {
  if (path.ends_with('/')) throw InvalidPath(path);
  RequireWritable(path);
  return std::make_unique<FileWriter>(Place(path), uploads_ / NewHexId(), path);
}

std::unique_ptr<BlobReader> FileStore::Open(const std::string& path) {
  File file(-1);
  if (IsPlain(path)) {
    const File root(root_, O_PATH | O_DIRECTORY);
    file = OpenBelow(root.fd(), path);
  }
  if (file.fd() < 0) file = File(Place(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  return ReaderOf(path, std::move(file));
}

std::unique_ptr<BlobReader> FileStore::OpenAtOnce(const std::string& path) {
  if (root_fd_ < 0 || !IsPlain(path)) return nullptr;
  return ReaderOf(path, OpenBelow(root_fd_, path, RESOLVE_CACHED));
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
  return ListPage(folder, "", SIZE_MAX).entries;
}

// The names alone are read of the whole folder; the files of the page are looked at one by one, for
// that is what takes the time.
BlobPage FileStore::ListPage(const std::string& folder, const std::string& after, size_t max) {
  const fs::path place = ConfinedPath(root_, folder);
  const File opened(place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (opened.fd() < 0) return {};
  const bool at_root = place.lexically_relative(root_) == ".";
  auto names = NamesBehind(opened, after);
  if (at_root) std::erase(names, kUploads);
  const bool is_last = names.size() <= max;
  if (!is_last) {
    std::nth_element(names.begin(), names.begin() + static_cast<ptrdiff_t>(max), names.end());
    names.resize(max);
  }
  std::sort(names.begin(), names.end());
  BlobPage page;
  for (auto& name : names) {
    if (auto entry = StatEntry(opened, name)) page.entries.push_back(*std::move(entry));
  }
  if (!is_last && max > 0) page.next = names.back();
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

void FileStore::RemoveEmptyFolder(const std::string& path) {
  RequireWritable(path);
  const fs::path place = Place(path);
  if (rmdir(place.c_str()) == 0) SyncFolder(place.parent_path());
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

#include "data/content_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "base/id.h"

namespace millwright::data {
namespace {

constexpr size_t kHashChunkBytes = 1 << 20;
constexpr auto kLeftoverAge = std::chrono::hours(24);
constexpr mode_t kStoredMode = 0444;

[[noreturn]] void ThrowErrno(std::string_view what, const std::filesystem::path& path) {
  if (errno == ENOSPC || errno == EDQUOT)
    throw ResourceExhausted("No space left on the disk: {}", path.string());
  throw Internal("{} failed: {}: {}", what, path.string(), std::strerror(errno));
}

void SyncFolder(const std::filesystem::path& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

std::filesystem::path Keep(const std::filesystem::path& file, const std::filesystem::path& place) {
  if (std::filesystem::exists(place)) {
    std::filesystem::remove(file);
    return place;
  }
  std::filesystem::create_directories(place.parent_path());
  if (chmod(file.c_str(), kStoredMode) != 0) ThrowErrno("chmod", file);
  if (rename(file.c_str(), place.c_str()) != 0) ThrowErrno("rename", file);
  SyncFolder(place.parent_path());
  SyncFolder(place.parent_path().parent_path());
  return place;
}

std::filesystem::path Place(const std::filesystem::path& folder, const std::string& hash) {
  CHECK(hash.size() > 2);
  return folder / hash.substr(0, 2) / hash.substr(2);
}

}  // namespace

Incoming::Incoming(const std::filesystem::path& folder) : path_(folder / NewHexId()) {
  fd_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd_ < 0) ThrowErrno("open", path_);
}

Incoming::~Incoming() {
  Close();
  std::error_code gone;  // after it was kept
  std::filesystem::remove(path_, gone);
}

void Incoming::Close() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

void Incoming::Write(std::string_view bytes) {
  md5_.Update(bytes);
  sha256_.Update(bytes);
  bytes_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t size = write(fd_, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) ThrowErrno("write", path_);
    bytes.remove_prefix(static_cast<size_t>(size));
  }
}

ContentHash Incoming::Finish() {
  if (fsync(fd_) != 0) ThrowErrno("fsync", path_);
  Close();
  return {md5_.FinishHex(), sha256_.FinishHex(), bytes_};
}

ContentStore::ContentStore(std::filesystem::path root)
    : root_(std::filesystem::absolute(root).lexically_normal()), temp_(root_ / "tmp") {
  std::error_code error;
  for (const auto& folder : {temp_, root_ / "raw" / "sha256", root_ / "files" / "md5"}) {
    std::filesystem::create_directories(folder, error);
    if (error) throw Internal("Cannot make a folder: {}: {}", folder.string(), error.message());
  }
  RemoveLeftovers();
}

void ContentStore::RemoveLeftovers() const {
  const auto now = std::filesystem::file_time_type::clock::now();
  std::error_code error;  // another process may remove the same
  for (const auto& entry : std::filesystem::directory_iterator(temp_, error)) {
    const auto time = std::filesystem::last_write_time(entry.path(), error);
    if (!error && now - time > kLeftoverAge) std::filesystem::remove_all(entry.path(), error);
  }
}

std::filesystem::path ContentStore::RawPath(const std::string& sha256) const {
  return Place(root_ / "raw" / "sha256", sha256);
}

std::filesystem::path ContentStore::TablePath(const std::string& md5) const {
  return Place(root_ / "files" / "md5", md5);
}

std::filesystem::path ContentStore::KeepRaw(const std::filesystem::path& file,
                                            const ContentHash& hash) {
  return Keep(file, RawPath(hash.sha256));
}

std::filesystem::path ContentStore::KeepTable(const std::filesystem::path& file,
                                              const ContentHash& hash) {
  return Keep(file, TablePath(hash.md5));
}

std::filesystem::path ContentStore::NewTempPath() const {
  return temp_ / NewHexId();
}

ContentHash ContentStore::HashDurably(const std::filesystem::path& file) {
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) ThrowErrno("open", file);
  Digest md5(Digest::Kind::kMd5);
  Digest sha256(Digest::Kind::kSha256);
  uint64_t bytes = 0;
  std::vector<char> buffer(kHashChunkBytes);
  ssize_t size = 0;
  while ((size = read(fd, buffer.data(), buffer.size())) != 0) {
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) break;
    const std::string_view part(buffer.data(), static_cast<size_t>(size));
    md5.Update(part);
    sha256.Update(part);
    bytes += part.size();
  }
  const bool ok = size == 0 && fsync(fd) == 0;
  const int saved = errno;
  close(fd);
  errno = saved;
  if (!ok) ThrowErrno("read", file);
  return {md5.FinishHex(), sha256.FinishHex(), bytes};
}

}  // namespace millwright::data

#include "backup/repository.h"

#include <fcntl.h>
#include <sys/file.h>
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
#include "base/log.h"

namespace millwright::backup {
namespace {

namespace fs = std::filesystem;

constexpr size_t kChunkBytes = 1 << 20;
constexpr mode_t kFolderMode = 0700;  // password hashes are in there
constexpr mode_t kObjectMode = 0400;
constexpr size_t kFolderDigits = 2;
constexpr size_t kIdDigits = 12;

[[noreturn]] void Fail(std::string_view what, const fs::path& path) {
  const int code = errno;
  if (code == ENOSPC || code == EDQUOT || code == EFBIG) {
    throw ResourceExhausted("No space left for the backup: {}", path.string());
  }
  throw Internal("Cannot {} {}: {}", what, path.string(), std::strerror(code));
}

void MakeFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Unavailable("Cannot make {}: {}", folder.string(), error.message());
  chmod(folder.c_str(), kFolderMode);
}

// "20261129T012033.042Z" sorts by time.
std::string TimeName(int64_t time_ms) {
  const auto seconds = static_cast<time_t>(time_ms / 1000);
  tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  strftime(text, sizeof text, "%Y%m%dT%H%M%S", &utc);
  return fmt::format("{}.{:03}Z", text, time_ms % 1000);
}

std::string IdOf(const Manifest& manifest, const std::string& text) {
  return TimeName(manifest.created_ms) + "-" + Sha256Hex(text).substr(0, kIdDigits);
}

// Calls `part` with all bytes of an open file.
template <typename F>
void ForEachPart(int descriptor, const fs::path& path, F part) {
  std::string buffer(kChunkBytes, '\0');
  for (;;) {
    const ssize_t size = read(descriptor, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0)
      throw FailedPrecondition("Cannot read {}: {}", path.string(), std::strerror(errno));
    if (size == 0) return;
    part(std::string_view(buffer.data(), static_cast<size_t>(size)));
  }
}

}  // namespace

// Bytes on their way in; removed unless they were kept.
class Repository::Incoming {
 public:
  explicit Incoming(const fs::path& folder) : path_(folder / NewHexId()) {
    descriptor_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kObjectMode);
    if (descriptor_ < 0) Fail("write", path_);
  }
  ~Incoming() {
    Close();
    if (!path_.empty()) unlink(path_.c_str());
  }
  void Write(std::string_view bytes) {
    digest_.Update(bytes);
    bytes_ += bytes.size();
    while (!bytes.empty()) {
      const ssize_t size = write(descriptor_, bytes.data(), bytes.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) Fail("write", path_);
      bytes.remove_prefix(static_cast<size_t>(size));
    }
  }
  ObjectRef Finish() {
    Close();
    return {digest_.FinishHex(), bytes_};
  }
  void MoveTo(const fs::path& place) {
    if (rename(path_.c_str(), place.c_str()) != 0) Fail("rename", place);
    path_.clear();
  }

 private:
  void Close() {
    if (descriptor_ >= 0) close(descriptor_);
    descriptor_ = -1;
  }

  fs::path path_;
  int descriptor_ = -1;
  Digest digest_{Digest::Kind::kSha256};
  uint64_t bytes_ = 0;
};

Repository::Repository(fs::path folder, Use use) : folder_(std::move(folder)) {
  std::error_code error;
  const bool is_repository = fs::is_directory(folder_ / "backups", error);
  if (use == Use::kRead && !fs::exists(folder_, error)) throw NotFound("Backup", folder_.string());
  if (!is_repository) {
    const bool is_free = !fs::exists(folder_, error) ||
                         (fs::is_directory(folder_, error) && fs::is_empty(folder_, error));
    if (use == Use::kRead || !is_free) {
      throw FailedPrecondition("{} holds something, but no backups", folder_.string());
    }
  }
  if (use == Use::kWrite) {
    for (const char* name : {"", "objects", "incoming", "backups"}) MakeFolder(folder_ / name);
  }
  lock_ = open((folder_ / "lock").c_str(),
               O_RDONLY | (use == Use::kWrite ? O_CREAT : 0) | O_CLOEXEC, 0600);
  if (lock_ >= 0 && flock(lock_, (use == Use::kWrite ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
    close(lock_);
    throw Unavailable("Another backup or restore is at work in {}", folder_.string());
  }
  if (use == Use::kRead) return;
  for (const auto& entry : fs::directory_iterator(folder_ / "incoming", error)) {
    fs::remove(entry.path(), error);
  }
  for (const auto& id : Ids()) {
    try {
      trusted_.merge(ObjectsOf(id));
    } catch (const Error& damaged) {
      Log(LogLevel::kWarning, "backup", "an earlier backup is damaged",
          {{"backup", id}, {"error", damaged.message()}});
    }
  }
}

Repository::~Repository() {
  if (lock_ >= 0) close(lock_);
}

fs::path Repository::ObjectPath(const std::string& sha256) const {
  return folder_ / "objects" / sha256.substr(0, kFolderDigits) / sha256.substr(kFolderDigits);
}

bool Repository::Has(const ObjectRef& ref) const {
  struct stat status {};
  return stat(ObjectPath(ref.sha256).c_str(), &status) == 0 &&
         static_cast<uint64_t>(status.st_size) == ref.bytes;
}

ObjectRef Repository::Keep(Incoming& incoming) {
  const ObjectRef ref = incoming.Finish();
  // An object of a backup that did not end may have lost bytes with the power.
  const bool is_kept = Has(ref) && (trusted_.contains(ref.sha256) || IsWhole(ref, {}));
  if (!is_kept) {
    const fs::path place = ObjectPath(ref.sha256);
    std::error_code error;
    fs::create_directory(place.parent_path(), error);
    incoming.MoveTo(place);
    ++added_objects_;
    added_bytes_ += ref.bytes;
  }
  trusted_.insert(ref.sha256);
  return ref;
}

ObjectRef Repository::Put(std::string_view bytes) {
  Incoming incoming(folder_ / "incoming");
  incoming.Write(bytes);
  return Keep(incoming);
}

ObjectRef Repository::PutFile(int descriptor, const Sink& sink) {
  Incoming incoming(folder_ / "incoming");
  ForEachPart(descriptor, folder_, [&](std::string_view part) {
    incoming.Write(part);
    sink(part);
  });
  return Keep(incoming);
}

bool Repository::IsWhole(const ObjectRef& ref, const Sink& sink) const {
  if (!Has(ref)) return false;
  const fs::path path = ObjectPath(ref.sha256);
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  Digest digest(Digest::Kind::kSha256);
  try {
    ForEachPart(descriptor, path, [&](std::string_view part) {
      digest.Update(part);
      if (sink) sink(part);
    });
  } catch (...) {
    close(descriptor);
    throw;
  }
  close(descriptor);
  return digest.FinishHex() == ref.sha256;
}

std::string Repository::Read(const ObjectRef& ref) const {
  std::string bytes;
  if (Has(ref)) bytes = ReadFile(ObjectPath(ref.sha256));
  if (Sha256Hex(bytes) != ref.sha256) {
    throw FailedPrecondition("The backup is damaged: object {} is not what it was", ref.sha256);
  }
  return bytes;
}

std::vector<std::string> Repository::Ids() const {
  std::vector<std::string> ids;
  for (const auto& entry : fs::directory_iterator(folder_ / "backups")) {
    if (entry.path().extension() == ".json") ids.push_back(entry.path().stem().string());
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

Manifest Repository::ReadManifest(const std::string& id) const {
  if (id.find('/') != std::string::npos) throw NotFound("Backup", id);
  const std::string text = ReadFile(folder_ / "backups" / (id + ".json"));
  if (!id.ends_with(Sha256Hex(text).substr(0, kIdDigits))) {
    throw FailedPrecondition("The backup is damaged: the manifest of {} is not what it was", id);
  }
  return ParseManifest(text);
}

SavedFiles Repository::ReadFiles(const Manifest& manifest) const {
  return ParseFileList(Read(manifest.file_list));
}

std::unordered_set<std::string> Repository::ObjectsOf(const std::string& id) const {
  const Manifest manifest = ReadManifest(id);
  std::unordered_set<std::string> objects = {manifest.file_list.sha256};
  for (const auto& table : manifest.tables) {
    for (const auto& slice : table.slices) objects.insert(slice.sha256);
  }
  for (const auto& [path, file] : ReadFiles(manifest)) objects.insert(file.sha256);
  return objects;
}

std::string Repository::Commit(const Manifest& manifest) {
  const std::string text = ManifestJson(manifest).Dump(1);
  const std::string id = IdOf(manifest, text);
  // One call for all of the file system costs less than one for each object.
  if (syncfs(lock_) != 0) Fail("sync", folder_);
  WriteFileDurably(folder_ / "backups" / (id + ".json"), text);
  return id;
}

size_t Repository::KeepNewest(size_t count) {
  const std::vector<std::string> ids = Ids();
  const size_t leaving = ids.size() - std::min(ids.size(), count);
  std::unordered_set<std::string> used;
  for (size_t i = leaving; i < ids.size(); ++i) used.merge(ObjectsOf(ids[i]));
  for (size_t i = 0; i < leaving; ++i) fs::remove(folder_ / "backups" / (ids[i] + ".json"));
  if (leaving > 0) RemoveUnused(used);
  return leaving;
}

void Repository::RemoveUnused(const std::unordered_set<std::string>& used) {
  for (const auto& folder : fs::directory_iterator(folder_ / "objects")) {
    for (const auto& entry : fs::directory_iterator(folder.path())) {
      const std::string sha256 =
          folder.path().filename().string() + entry.path().filename().string();
      if (!used.contains(sha256)) fs::remove(entry.path());
    }
  }
}

}  // namespace millwright::backup

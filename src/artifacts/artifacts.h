#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/known_sums.h"
#include "base/clock.h"
#include "blob/blob_store.h"
#include "events/event_log.h"
#include "storage/database.h"

namespace millwright::artifacts {

struct Checksum {
  int64_t bytes = 0;
  std::string sha256;
  std::string version = {};  // what the store calls these bytes, as in blob::BlobInfo
};

// What a client says of a file that it sends; empty or nothing where it does not. An upload that
// turns out otherwise is refused whole.
struct ExpectedSums {
  std::optional<uint64_t> bytes;
  std::string sha256;  // hex
  std::string md5;     // hex
};

// A file or folder that was deleted and is kept, unseen, until it is collected.
struct DeletedArtifact {
  std::string id;
  std::string path;  // where it was
  int64_t deleted_ms = 0;
  std::string deleted_by;
};

// A file or folder whose owner is gone for good, and that is still to be removed where it is.
struct AbandonedArtifact {
  std::string path;
  int64_t abandoned_ms = 0;
};

// A local copy of what the store keeps elsewhere.
struct LocalCopy {
  std::filesystem::path folder;
  int64_t bytes = 0;
  bool is_fresh = false;  // it was handed out a short while ago, or is being made
};

// A file on its way in: nothing is seen of it before Commit, and nothing is left without it.
class Upload {
 public:
  virtual ~Upload() = default;
  virtual void Write(std::string_view bytes) = 0;
  // Makes the file durable and records its checksum. Throws kInvalidArgument, and keeps nothing,
  // when the bytes are others than were announced.
  virtual Checksum Commit(const std::string& who) = 0;
};

class Artifacts;

// A file that is being read: one version of it, whatever is stored at its path meanwhile. Must not
// outlive the Artifacts. Used by one thread at a time.
class StoredFile {
 public:
  StoredFile(const Artifacts& artifacts, std::unique_ptr<blob::BlobReader> reader,
             std::optional<Checksum> checksum);

  const blob::BlobInfo& info() const { return reader_->info(); }
  // What was recorded at its upload; nothing where the store has other bytes since then.
  const std::optional<Checksum>& checksum() const { return checksum_; }
  // Reads all of it. Where the sum is known, the last bytes come only after all were found to be
  // what was stored; otherwise the damage is noted and kInternal thrown.
  void Read(const std::function<bool(std::string_view)>& each);
  // All of it, where that takes no waiting and it is what was stored; nothing otherwise.
  std::optional<std::string> ReadAtOnce();
  // Reads a part, which no sum can be compared with.
  void ReadPart(uint64_t offset, uint64_t length,
                const std::function<bool(std::string_view)>& each) {
    reader_->Read(offset, length, each);
  }
  std::optional<int> descriptor() const { return reader_->descriptor(); }

 private:
  const Artifacts& artifacts_;
  const std::unique_ptr<blob::BlobReader> reader_;
  const std::optional<Checksum> checksum_;
};

// What is wrong with a file whose sum is known.
enum class Fault {
  kDamaged,  // other bytes, although nobody wrote to it, or none that can be read
  kMissing,
  kChanged,  // other bytes: somebody wrote to it past this server
};
std::string_view FaultName(Fault fault);

struct VerifiedFiles {
  int64_t files = 0;
  int64_t bytes = 0;
};

struct Verification {
  std::string after;        // begin behind this path
  int64_t bytes_per_s = 0;  // at most, on average; 0 is as fast as it goes
  std::function<void(const std::string& path, Fault fault)> on_fault;
  // Called a few times a second and at the end, with the last path that was looked at; false ends.
  std::function<bool(const VerifiedFiles& done, const std::string& last)> on_progress;
};

// Files of runs and models: `<experiment>/<run>/artifacts/…` and `<experiment>/models/<model>/
// artifacts/…` below one store, where a person can look at them and an existing MLflow root already
// has them. Paths are relative to the store and confined to it (InvalidPath).
// Memory is constant at any size. Thread-safe.
class Artifacts {
 public:
  // `copies` is a folder for local copies of what the store keeps elsewhere.
  Artifacts(storage::Database& database, blob::BlobStore& store, events::EventLog& events,
            const Clock& clock, std::filesystem::path copies = {});

  // The path of the store that an address means, one of this server (StorePath) or one by which
  // clients reach the store themselves; nothing for what is elsewhere.
  std::optional<std::string> FindPath(std::string_view artifact_uri) const;

  std::unique_ptr<Upload> Create(const std::string& path, ExpectedSums expected = {});
  // Stores a small file at once.
  Checksum Put(const std::string& path, std::string_view bytes, const std::string& who);
  // Nothing where there is no such file.
  std::unique_ptr<StoredFile> Open(const std::string& path) const;
  // As Open, where it takes no waiting for a disk or the database; nothing otherwise.
  std::unique_ptr<StoredFile> OpenAtOnce(const std::string& path) const;
  std::string ReadAll(const std::string& path) const;
  // Opens and reads a whole file. Throws kNotFound.
  void Read(const std::string& path, const std::function<bool(std::string_view)>& each) const;
  void ReadPart(const std::string& path, uint64_t offset, uint64_t length,
                const std::function<bool(std::string_view)>& each) const;
  std::optional<blob::BlobInfo> Stat(const std::string& path) const;
  // The direct children of a folder by name; empty for a file or nothing.
  std::vector<blob::BlobInfo> List(const std::string& folder) const;
  // The same a page at a time, as blob::BlobStore::ListPage.
  blob::BlobPage ListPage(const std::string& folder, const std::string& after, size_t max) const;
  // Deletes a file or a folder, so that nobody sees it any more; nothing when absent.
  void Remove(const std::string& path, const std::string& who);
  // What was deleted and is kept, the longest deleted first, behind a place in that order.
  std::vector<DeletedArtifact> ListDeleted(const DeletedArtifact& after, size_t max) const;
  // Brings back what was deleted. Throws kNotFound, and kFailedPrecondition when something else is
  // in its place now.
  DeletedArtifact Restore(const std::string& id, const std::string& who);
  // Removes for good. A crash on the way leaves it listed, and another call goes on.
  void Collect(const DeletedArtifact& deleted);
  // What was abandoned (see Abandon below) and is not removed yet, by path behind `after`.
  std::vector<AbandonedArtifact> ListAbandoned(const std::string& after, size_t max) const;
  // Removes what was abandoned, as Collect does.
  void RemoveAbandoned(const std::string& path);
  // Removes a folder if it holds nothing.
  void RemoveEmptyFolder(const std::string& path);
  // False where Remove is refused: another tool writes that folder, or there can be no such path.
  bool IsWritable(const std::string& path) const;
  // Where the file is on this machine, if it is.
  std::optional<std::filesystem::path> LocalPath(const std::string& path) const;
  // The file, or the folder with all it holds, on this machine: where it is kept, or a copy that is
  // made at the first call and again when a file of it changed. Nothing when there is no such file.
  std::optional<std::filesystem::path> LocalTree(const std::string& path) const;
  // The local copies that there are, and the removal of one; a fresh one stays.
  std::vector<LocalCopy> ListCopies() const;
  bool RemoveCopy(const std::filesystem::path& folder);
  // Ways past this server, where the store has any; nothing else may be written to but through
  // them and NoteUploaded afterwards.
  blob::DirectAccess* direct() const { return store_.direct(); }
  void NoteUploaded(const std::string& path, const std::string& who);
  // What was recorded at its upload; nothing for files put there by other means.
  std::optional<Checksum> FindChecksum(const std::string& path) const;

  // Writes down, once for each version of a file, that the store has lost its bytes: in the log, as
  // an event and in the count.
  void NoteDamage(const std::string& path, const Checksum& checksum) const;
  // How often bytes were found to be damaged since the start.
  int64_t damage_found() const { return damage_found_.load(); }
  // How many files have a known sum, behind a path.
  VerifiedFiles CountKnown(const std::string& after) const;
  // Reads all files whose sum is known, by path, and notes what is wrong with them. A file that has
  // the bytes of its upload under another version (out of a backup) is known by that from then on.
  VerifiedFiles Verify(const Verification& verification) const;

 private:
  // Records that a file has the bytes of its upload, under this version.
  void NoteSound(const std::string& path, const Checksum& checksum) const;
  std::unique_ptr<StoredFile> MakeStored(std::unique_ptr<blob::BlobReader> reader,
                                         const std::string& sha256) const;

  storage::Database& database_;
  blob::BlobStore& store_;
  events::EventLog& events_;
  const Clock& clock_;
  const std::filesystem::path copies_;
  mutable std::atomic<int64_t> damage_found_ = 0;
  mutable KnownSums known_sums_;
  mutable std::mutex copying_;                                      // one copy is made at a time
  mutable std::map<std::filesystem::path, int64_t> handed_out_ms_;  // copies, under copying_
};

// Notes within a transaction that nobody owns a file or folder any more, so that it is removed
// whatever happens after the commit. What was recorded of its files is forgotten.
void Abandon(storage::Connection& connection, const std::string& path, int64_t now_ms);

// Within a transaction that is to abandon files, before it looks at who uses them: until its end
// nothing new is made of any files (RequireKept waits), and what was is committed and seen.
void HoldUses(storage::Connection& connection);

// Within a transaction that makes something of the files at a path: throws kFailedPrecondition when
// they, some of them or a folder around them are being removed. None are until it ends.
void RequireKept(storage::Connection& connection, const std::string& path);

// Turns an artifact address that this server keeps ("mlflow-artifacts:/1/4f2…/artifacts", with or
// without a host) into a path of the store; nothing for other schemes.
std::optional<std::string> StorePath(std::string_view artifact_uri);

// Folders of the store that are closed to everybody: of deleted files, and of the parts of uploads.
inline constexpr std::string_view kDeletedFolder = ".deleted";
inline constexpr std::string_view kPartsFolder = ".parts";

// Whether a path leads into one of them.
bool IsHiddenFolder(const std::string& path);

// Joins two paths with one slash; either may be empty.
std::string JoinPath(std::string_view folder, std::string_view path);

}  // namespace millwright::artifacts

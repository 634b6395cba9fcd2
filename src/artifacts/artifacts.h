#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

// Files of runs and models: `<experiment>/<run>/artifacts/…` and `<experiment>/models/<model>/
// artifacts/…` below one store, where a person can look at them and an existing MLflow root already
// has them. Paths are relative to the store and confined to it (kInvalidArgument "Invalid path").
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
  std::string ReadAll(const std::string& path) const;
  // Reads a whole file. Where its sum is known, its last bytes come only after they were found to
  // be what was stored; otherwise throws kInternal.
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

 private:
  storage::Database& database_;
  blob::BlobStore& store_;
  events::EventLog& events_;
  const Clock& clock_;
  const std::filesystem::path copies_;
  mutable std::mutex copying_;                                      // one copy is made at a time
  mutable std::map<std::filesystem::path, int64_t> handed_out_ms_;  // copies, under copying_
};

// Notes within a transaction that nobody owns a file or folder any more, so that it is removed
// whatever happens after the commit. What was recorded of its files is forgotten.
void Abandon(storage::Connection& connection, const std::string& path, int64_t now_ms);

// Turns an artifact address that this server keeps ("mlflow-artifacts:/1/4f2…/artifacts", with or
// without a host) into a path of the store; nothing for other schemes.
std::optional<std::string> StorePath(std::string_view artifact_uri);

// Whether a path leads to where deleted files are kept, which is closed to everybody.
bool IsDeletedFolder(const std::string& path);

// Joins two paths with one slash; either may be empty.
std::string JoinPath(std::string_view folder, std::string_view path);

}  // namespace millwright::artifacts

#pragma once

#include <filesystem>
#include <functional>
#include <memory>
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
};

// A file on its way in: nothing is seen of it before Commit, and nothing is left without it.
class Upload {
 public:
  virtual ~Upload() = default;
  virtual void Write(std::string_view bytes) = 0;
  // Makes the file durable and records its checksum.
  virtual Checksum Commit(const std::string& who) = 0;
};

// Files of runs and models: `<experiment>/<run>/artifacts/…` and `<experiment>/models/<model>/
// artifacts/…` below one store, where a person can look at them and an existing MLflow root already
// has them. Paths are relative to the store and confined to it (kInvalidArgument "Invalid path").
// Memory is constant at any size. Thread-safe.
class Artifacts {
 public:
  Artifacts(storage::Database& database, blob::BlobStore& store, events::EventLog& events,
            const Clock& clock);

  std::unique_ptr<Upload> Create(const std::string& path);
  // Stores a small file at once.
  Checksum Put(const std::string& path, std::string_view bytes, const std::string& who);
  std::string ReadAll(const std::string& path) const;
  void Read(const std::string& path, const std::function<bool(std::string_view)>& each) const;
  std::optional<blob::BlobInfo> Stat(const std::string& path) const;
  // The direct children of a folder by name; empty for a file or nothing.
  std::vector<blob::BlobInfo> List(const std::string& folder) const;
  // Removes a file or a folder; nothing when absent.
  void Remove(const std::string& path, const std::string& who);
  // Where the file is on this machine, if it is.
  std::optional<std::filesystem::path> LocalPath(const std::string& path) const;
  // What was recorded at its upload; nothing for files put there by other means.
  std::optional<Checksum> FindChecksum(const std::string& path) const;

 private:
  storage::Database& database_;
  blob::BlobStore& store_;
  events::EventLog& events_;
  const Clock& clock_;
};

// Turns an artifact address that this server keeps ("mlflow-artifacts:/1/4f2…/artifacts", with or
// without a host) into a path of the store; nothing for other schemes.
std::optional<std::string> StorePath(std::string_view artifact_uri);

// Joins two paths with one slash; either may be empty.
std::string JoinPath(std::string_view folder, std::string_view path);

}  // namespace millwright::artifacts

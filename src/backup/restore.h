#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "backup/backup.h"
#include "backup/manifest.h"
#include "backup/repository.h"

namespace millwright::backup {

struct RestoreOptions {
  std::filesystem::path data;  // absent or empty, unless `replace`
  // An empty PostgreSQL database or an absent SQLite file; when not given, `millwright.db` in
  // `data`.
  std::string database_uri;
  std::string id;  // the newest backup when not given
  // Renames a folder that is in the way instead of refusing it.
  bool replace = false;
};

struct RestoreReport {
  std::string id;
  std::string program;  // that wrote the backup
  int64_t created_ms = 0;
  int64_t files = 0;
  uint64_t file_bytes = 0;
  int64_t rows = 0;
  std::string replaced;  // where the folder is now that was in the way
  std::vector<std::string> missing;
};

// Puts a backup in place. Everything is made beside the place first, and every checksum compared;
// only when all is whole is the folder renamed to where it belongs, so that a restore that fails or
// is killed leaves what was there. A PostgreSQL database is filled in one transaction, just before.
// Rows that say where files are follow them to the new folder.
class Restore {
 public:
  // Throws kFailedPrecondition when something is in the way or the backup is of a newer program.
  Restore(const Repository& repository, RestoreOptions options, Hooks hooks);

  // Throws kFailedPrecondition for a damaged backup, naming the first of what is damaged, kAborted
  // when it was stopped.
  RestoreReport Run();

 private:
  void WriteFiles();
  // False when its content is damaged.
  bool WriteFile(const std::string& path, const SavedFile& file);
  void LoadTables(const std::string& uri);
  void Relocate(const storage::TableShape& table, std::vector<storage::Value>* row) const;
  std::string Relocated(const std::string& place) const;
  void PutInPlace();
  void Count(uint64_t bytes);

  const Repository& repository_;
  const RestoreOptions options_;
  const Hooks hooks_;
  std::string id_;
  Manifest manifest_;
  SavedFiles files_;
  std::filesystem::path making_;  // the folder, until it is whole
  RestoreReport report_;
  uint64_t bytes_due_ = 0;
  uint64_t bytes_done_ = 0;
};

// What is wrong with a backup, and what of it is not what it was.
struct CheckedBackup {
  std::string id;
  std::string program;
  int64_t created_ms = 0;
  int64_t files = 0;
  uint64_t file_bytes = 0;
  std::vector<std::string> damaged;  // the first of them
  int64_t damaged_count = 0;
};

// Reads all objects of backups (all when `id` is empty), each once, and compares checksums.
std::vector<CheckedBackup> CheckBackups(const Repository& repository, const std::string& id,
                                        const Hooks& hooks);

}  // namespace millwright::backup

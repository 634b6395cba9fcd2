#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "backup/data_folder.h"
#include "backup/manifest.h"
#include "backup/repository.h"
#include "base/clock.h"

namespace millwright::storage {
class DatabaseSnapshot;
}

namespace millwright::backup {

struct Progress {
  double share = 0;
  std::string note;
};

struct Hooks {
  std::function<void(const Progress&)> progress;
  std::function<bool()> stop;  // asked between chunks of bytes; true breaks off with kAborted
};

struct BackupReport {
  std::string id;
  int64_t files = 0;
  uint64_t file_bytes = 0;
  int64_t rows = 0;
  int64_t read_files = 0;  // the others are as they were at the last backup
  int64_t added_objects = 0;
  uint64_t added_bytes = 0;
  std::vector<std::string> missing;
};

// Copies what a server has into a repository while the server goes on writing. What the backup
// holds is the state of the database at one moment, and every file that a row of it refers to:
//
// 1. Cursors into the event log are read. They must not be ahead of the database: events are then
//    taken twice after a restore, which changes nothing, and none is passed over.
// 2. All files are copied: the long part.
// 3. The database is read in one transaction. Rooms make a file durable before they write the row
//    that names it, so each file of a row is on the disk by now.
// 4. What has come or changed since is copied, artifacts only where a row names them: others are of
//    a later moment. A file that is gone by now is in the backup from the first round, if a row of
//    the artifacts names it; no other room removes a file that a row names.
// 5. The predictions' folder is listed until nothing has come or gone while it was copied, since
//    its files are merged into others.
// 6. Files whose checksum the database knows are compared. Where another content was copied and
//    the right one was too, that is taken; what cannot be had any more is named in `missing`.
//
// A file that looks as it did at the last backup (size, times, inode) is not read again.
class Backup {
 public:
  Backup(Repository& repository, Places places, const Clock& clock, Hooks hooks);

  // Throws kAborted when it was stopped, kResourceExhausted when the backup's disk is full.
  BackupReport Run();

 private:
  void ReadLast();
  // Copies a file unless that was done; false when it is gone.
  bool Save(const std::string& path, const FileStamp& seen);
  void SaveCursors();
  void SaveAll(const FileStamps& files);
  void SavePredictions();
  void DumpTables(storage::DatabaseSnapshot& snapshot, Manifest* manifest);
  using Known = std::map<std::string, std::string>;  // SHA-256 by path, as rows say
  Known ReadChecksums(storage::DatabaseSnapshot& snapshot);
  void SaveLate(const Known& known);
  void MatchChecksums(const Known& known, Manifest* manifest);
  void Tell(std::string_view what);
  void Count(uint64_t bytes);

  Repository& repository_;
  const Places places_;
  const Clock& clock_;
  const Hooks hooks_;
  BackupReport report_;
  SavedFiles last_;   // of the last backup
  SavedFiles saved_;  // of this one
  // Of files that were copied with more than one content, the others.
  std::map<std::string, std::vector<SavedFile>> other_contents_;
  uint64_t bytes_due_ = 0;
  uint64_t bytes_done_ = 0;
};

}  // namespace millwright::backup

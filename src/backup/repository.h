#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "backup/manifest.h"

// A folder of backups:
//   objects/ab/cdef…     contents by their SHA-256, read-only, shared by all backups
//   backups/<id>.json    a manifest a backup; the id is its time and the start of its SHA-256
//   incoming/            what is being written; the next backup clears it away
//   lock                 locked by who writes, shared by those who read
// A manifest is written last, by renaming, after all that it names is on the disk: a backup is
// whole or not there. Objects of a backup that did not end are taken over by the next one.
namespace millwright::backup {

class Repository {
 public:
  enum class Use { kRead, kWrite };
  // Makes the folder for writing when it is absent or empty. Throws kNotFound or
  // kFailedPrecondition for a folder that holds no backups, kUnavailable while another backup is
  // at work in it.
  Repository(std::filesystem::path folder, Use use);
  ~Repository();
  Repository(const Repository&) = delete;
  Repository& operator=(const Repository&) = delete;

  const std::filesystem::path& folder() const { return folder_; }

  // Given the bytes piece by piece as they are read; throws to break off.
  using Sink = std::function<void(std::string_view bytes)>;
  // Keep bytes as an object, unless they are one already. PutFile reads an open file to its end.
  ObjectRef Put(std::string_view bytes);
  ObjectRef PutFile(int descriptor, const Sink& sink);
  // How many objects and bytes were really added.
  int64_t added_objects() const { return added_objects_; }
  uint64_t added_bytes() const { return added_bytes_; }

  // Whether the object is there, by name and size.
  bool Has(const ObjectRef& ref) const;
  std::filesystem::path ObjectPath(const std::string& sha256) const;
  // Reads an object and compares its hash. Throws kFailedPrecondition when it is damaged or gone.
  std::string Read(const ObjectRef& ref) const;
  // Whether an object is whole; reads all of it.
  bool IsWhole(const ObjectRef& ref, const Sink& sink) const;

  // Ids, the oldest first.
  std::vector<std::string> Ids() const;
  // Throws kFailedPrecondition for a damaged manifest, kNotFound for none.
  Manifest ReadManifest(const std::string& id) const;
  SavedFiles ReadFiles(const Manifest& manifest) const;
  // Makes everything durable, then the backup exists. Returns its id.
  std::string Commit(const Manifest& manifest);
  // Removes all backups but the newest ones, and the objects that none needs any more. Returns how
  // many backups went.
  size_t KeepNewest(size_t count);

 private:
  class Incoming;
  ObjectRef Keep(Incoming& incoming);
  std::unordered_set<std::string> ObjectsOf(const std::string& id) const;
  void RemoveUnused(const std::unordered_set<std::string>& used);

  const std::filesystem::path folder_;
  int lock_ = -1;
  std::unordered_set<std::string> trusted_;  // objects of backups that ended
  int64_t added_objects_ = 0;
  uint64_t added_bytes_ = 0;
};

}  // namespace millwright::backup

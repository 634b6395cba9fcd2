#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_set>

#include "artifacts/artifacts.h"
#include "storage/database.h"

namespace millwright::retention {

// Which paths of the store a row of the database knows: those of runs, logged models, versions and
// files that were stored through this server. Kept as hashes, some 50 bytes a run: a collision
// makes a file known, which does it no harm.
class KnownPaths {
 public:
  KnownPaths(storage::Database& database, const artifacts::Artifacts& artifacts);

  enum class Knowledge {
    kKnown,    // it, or a folder that it is in, has a row
    kAround,   // only something in it has
    kUnknown,  // nothing has
  };
  Knowledge Find(std::string_view path) const;

 private:
  void Add(std::string_view path);
  bool IsIn(std::string_view path) const;

  std::unordered_set<uint64_t> known_;
  std::unordered_set<uint64_t> around_;
};

}  // namespace millwright::retention

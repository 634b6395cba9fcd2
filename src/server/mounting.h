#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "events/event_log.h"
#include "storage/database.h"

namespace millwright::server {

struct MountedFolder {
  std::filesystem::path folder;  // absolute
  std::string artifacts_uri;     // of what is in it, for clients; empty: as the folder says
};

// Shows `mlruns/` folders beside the server's own store and follows them: runs that run or have
// just changed are looked at each second, everything at intervals that keep both to a small part of
// one processor. What an earlier start has shown of other folders is removed. One thread a folder;
// the destructor ends a look under way.
class Mounting {
 public:
  Mounting(storage::Database& database, events::EventLog& events, const Clock& clock,
           const std::vector<MountedFolder>& folders);
  ~Mounting();

 private:
  struct Follower;
  std::vector<std::unique_ptr<Follower>> followers_;
  std::jthread remover_;
};

}  // namespace millwright::server

#include "server/mounting.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/lane.h"
#include "base/log.h"
#include "moving/folder_mirror.h"
#include "registry/mount.h"
#include "tracking/mount.h"

namespace millwright::server {
namespace {

constexpr int64_t kLookMs = 1'000;
// Between two looks passes at least so many times what one takes.
constexpr int64_t kPausePerLook = 20;

void RemoveUnmounted(storage::Database& database, events::EventLog& events, const Clock& clock,
                     const std::set<std::string>& kept, const std::stop_token& stop) {
  for (const auto& folder : tracking::MountedFolders(database)) {
    if (kept.contains(folder)) continue;
    tracking::Mount mount(database, events, clock, folder);
    for (const auto& [there, here] : mount.Experiments()) {
      if (stop.stop_requested()) return;
      mount.Remove(here);
    }
    Log(LogLevel::kInfo, "mount", "a folder is no longer shown", {{"folder", folder}});
  }
  for (const auto& folder : registry::MountedModelFolders(database)) {
    if (kept.contains(folder)) continue;
    registry::Mount mount(database, events, clock, folder);
    for (const auto& [name, fingerprint] : mount.Fingerprints()) {
      if (stop.stop_requested()) return;
      mount.Remove(name);
    }
  }
}

// When to look again after a look that began then and ends now.
int64_t NextLookUs(int64_t begin_us) {
  return begin_us + std::max(kLookMs * 1000, (MonotonicUs() - begin_us) * kPausePerLook);
}

// Does it until it succeeds or a stop is asked for: the database may be away for a while.
void Persist(const std::stop_token& stop, const std::function<void()>& work) {
  while (!stop.stop_requested()) {
    try {
      work();
      return;
    } catch (const std::exception& error) {
      Log(LogLevel::kWarning, "mount", "cannot follow a mounted folder; trying again",
          {{"error", error.what()}});
      WaitForStop(stop, kLookMs);
    }
  }
}

}  // namespace

struct Mounting::Follower {
  tracking::Mount mount;
  registry::Mount registry;
  moving::FolderMirror mirror;
  std::jthread thread;

  Follower(storage::Database& database, events::EventLog& events, const Clock& clock,
           const MountedFolder& folder)
      : mount(database, events, clock, folder.folder.string()),
        registry(database, events, clock, folder.folder.string()),
        mirror({folder.folder, folder.artifacts_uri}, {mount, registry}),
        thread([this](const std::stop_token& stop) { Run(stop); }) {}

  void Run(const std::stop_token& stop) {
    NameThisThread("mount");
    int64_t all_due_us = 0;
    int64_t busy_due_us = 0;
    bool is_first = true;
    std::string last_problem;
    while (!stop.stop_requested()) {
      try {
        const int64_t begin_us = MonotonicUs();
        if (begin_us >= all_due_us) {
          const int64_t read = mirror.LookAtAll(stop);
          all_due_us = NextLookUs(begin_us);
          if (is_first) TellFirst(read, MonotonicUs() - begin_us);
          is_first = false;
        } else if (begin_us >= busy_due_us) {
          mirror.LookAtBusy(stop);
          busy_due_us = NextLookUs(begin_us);
        }
        last_problem.clear();
      } catch (const std::exception& error) {
        // Such as a folder that holds no experiment yet, or a database that is away.
        if (last_problem != error.what()) {
          Log(LogLevel::kWarning, "mount", "cannot follow a mounted folder; trying again",
              {{"folder", mount.folder()}, {"error", error.what()}});
        }
        last_problem = error.what();
      }
      WaitForStop(stop, kLookMs);
    }
  }

  void TellFirst(int64_t read, int64_t took_us) const {
    Log(LogLevel::kInfo, "mount", "a folder is shown",
        {{"folder", mount.folder()},
         {"runs", std::to_string(mirror.run_count())},
         {"read_anew", std::to_string(read)},
         {"ms", std::to_string(took_us / 1000)}});
  }
};

Mounting::Mounting(storage::Database& database, events::EventLog& events, const Clock& clock,
                   const std::vector<MountedFolder>& folders) {
  std::set<std::string> kept;
  for (const auto& folder : folders) {
    kept.insert(folder.folder.string());
    followers_.push_back(std::make_unique<Follower>(database, events, clock, folder));
  }
  remover_ = std::jthread([&database, &events, &clock, kept](const std::stop_token& stop) {
    NameThisThread("unmount");
    Persist(stop, [&] { RemoveUnmounted(database, events, clock, kept, stop); });
  });
}

Mounting::~Mounting() = default;

}  // namespace millwright::server

#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "events/event_log.h"
#include "tensorboard/event_file_tail.h"
#include "tracking/entities.h"

namespace millwright::artifacts {
class Artifacts;
}
namespace millwright::tensorboard {
class EventIngest;
}
namespace millwright::tracking {
class ExperimentStore;
class RunStore;
}  // namespace millwright::tracking

namespace millwright::server {

// What the watch works with.
struct EventFileContext {
  events::EventLog& events;
  tracking::ExperimentStore& experiments;
  tracking::RunStore& runs;
  artifacts::Artifacts& artifacts;
  tensorboard::EventIngest& ingest;
};

// Reads TensorBoard's event files among the artifacts of runs into those runs: files that clients
// upload, told of by the event log, and files that grow in a local artifact folder, looked for
// while their run is running and once more when it has ended. The folder of a file goes before its
// tags. The cursor in the event log is a file; doing an event twice changes nothing. One thread,
// which ends with the log's Close and the destructor.
class EventFileWatch {
 public:
  struct Options {
    std::filesystem::path cursor_file;
    int64_t interval_ms = 1000;
  };
  EventFileWatch(EventFileContext context, Options options);
  ~EventFileWatch();

 private:
  // A running run, the folder of its artifacts in the store and the event files found so far.
  struct WatchedRun {
    tracking::RunId id;
    std::string folder;
    std::map<std::string, tensorboard::EventFileTail> tails;  // by path below the folder
  };

  void Run(const std::stop_token& stop);
  void FindRunningRuns();
  void FollowEvents(int64_t* cursor);
  void Take(const events::Event& event);
  void TakeUpload(const std::string& path);
  void TakeEndOf(const tracking::RunId& id);
  void WatchRun(const tracking::RunInfo& run);
  void ReadRun(WatchedRun* run);
  void ReadFile(WatchedRun* run, const std::string& path);
  std::optional<std::string> StoreFolder(const tracking::RunInfo& run) const;

  const EventFileContext context_;
  const Options options_;
  std::vector<WatchedRun> watched_;  // in the order in which they began
  std::jthread thread_;
};

}  // namespace millwright::server

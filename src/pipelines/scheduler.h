#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "pipelines/pipeline_store.h"

namespace millwright::pipelines {

class EventFollower;
class SchedulerLoop;

struct SchedulerOptions {
  // Holds the lock, the name of this scheduler and the folders of runs; the same as the store's.
  std::filesystem::path dir;
  std::string uri;                    // given to tasks as MILLWRIGHT_URI
  std::string token;                  // given to tasks as MILLWRIGHT_TOKEN, unless it is empty
  std::filesystem::path program_dir;  // comes first in the PATH of tasks
  int tasks_max = 4;                  // attempts at the same time
  int64_t lease_ttl_ms = 15'000;
  int64_t stop_grace_ms = 5'000;  // between SIGTERM and SIGKILL
};

// Runs pipelines: takes queued runs up, starts their tasks as child processes, follows the event
// log for triggers. Durable: each step is a row and an event in one transaction before it has an
// effect, so a scheduler that was killed goes on where it was when it is started again on the same
// folder: attempts that ran are marked lost and their tasks run again, and a finished task is never
// repeated. Several servers on one PostgreSQL each run one with a folder of its own; a run belongs
// to the one that holds its lease and is taken over when the lease expires.
//
// A run waits in the queue while `concurrency` runs of its pipeline are running. An event that
// matches a trigger starts one run, even when the server is killed in between; while a run of the
// same trigger is live it is skipped with pipeline_run.skipped, or queued if the trigger says so.
class Scheduler {
 public:
  // Takes up what was left behind and starts two threads. Throws kFailedPrecondition when another
  // scheduler uses the folder.
  Scheduler(PipelineStore& store, SchedulerOptions options);
  // Stops as Stop does.
  ~Scheduler();

  // Ends the attempts that run; their tasks are run again when a scheduler starts next.
  void Stop();

 private:
  std::unique_ptr<SchedulerLoop> loop_;
  std::unique_ptr<EventFollower> follower_;  // after loop_: it gives notice to it
};

}  // namespace millwright::pipelines

#pragma once

#include <atomic>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/process.h"
#include "pipelines/live_run.h"
#include "pipelines/notice.h"
#include "pipelines/scheduler.h"
#include "pipelines/task_process.h"
#include "storage/lease.h"

namespace millwright::pipelines {

inline constexpr std::string_view kRunLease = "pipeline_run";
inline constexpr std::string_view kAttemptLease = "task_attempt";

// The thread that owns all live runs of this server and all their processes. It sleeps in poll()
// until a process ends, a notice comes or a time is due: a retry, a timeout, the renewal of leases.
// Processes are started by this thread alone, because a child dies with the thread that made it.
//
// A run is changed in memory first (LiveRun), then its Transition is committed, then attempts are
// started. While the database is away the transition stays pending and its run stands still.
class SchedulerLoop {
 public:
  SchedulerLoop(PipelineStore& store, SchedulerOptions options);
  ~SchedulerLoop();

  void Stop();
  NoticeBox& notices() { return notices_; }

 private:
  struct Process {
    size_t task;
    ChildProcess child;
    int descriptor;  // a pidfd
    storage::Lease lease;
    int64_t deadline_ms;  // for the task's timeout; 0 for none
    int64_t kill_at_ms = 0;
    std::string stopped;  // why it was asked to end, if it was
    AttemptState state_when_stopped = AttemptState::kFailed;
  };
  struct Entry {
    LiveRun live;
    storage::Lease lease;
    std::list<Process> processes;
    std::map<size_t, storage::Lease> attempt_leases;  // of attempts without a process
    Transition pending;                               // decided but not yet committed
    int64_t retry_at_ms = 0;                          // when to commit it again
  };
  using Entries = std::map<PipelineRunId, Entry>;

  void LockDir();
  void Work(const std::stop_token& stop);
  void TakeUpRunning();
  void TakeUp(const PipelineRunId& id);
  void TakeUpQueued(const std::string& pipeline);
  std::optional<std::pair<PipelineRun, storage::Lease>> Claim(const Pipeline& pipeline);
  void Enter(PipelineRun run, storage::Lease lease);
  void MarkLost(Entry& entry);

  void Wait();
  int64_t NextDueMs() const;
  void HandleNotices();
  void HandleExits();
  void HandleExit(Entry& entry, std::list<Process>::iterator process);
  void HandleTimes();
  void RenewLeases();
  void Cancel(const PipelineRunId& id, const std::string& who);
  void StopProcess(Process& process, const std::string& why, AttemptState state);

  void AdvanceAll();
  bool Advance(Entry& entry);
  bool Commit(Entry& entry);
  void Write(storage::Connection& connection, const Entry& entry,
             std::map<size_t, storage::Lease>* leases);
  void StartAttempts(Entry& entry, const std::vector<size_t>& tasks);
  void StartAttempt(Entry& entry, size_t task);
  void NoteEnd(Entry& entry, size_t task, const Outcome& outcome, const storage::Lease& lease);
  void Drop(Entries::iterator entry);
  void ShutDown();

  int64_t Now() const { return store_.clock().NowMs(); }
  int Places() const;
  std::string AttemptId(const Entry& entry, size_t task) const;

  PipelineStore& store_;
  const SchedulerOptions options_;
  const storage::Leases leases_;
  std::string owner_;
  int lock_ = -1;
  NoticeBox notices_;
  Entries entries_;
  int64_t renew_at_ms_ = 0;
  int64_t look_at_ms_ = 0;  // for runs of servers that are gone
  std::jthread thread_;     // last: it uses all of the above
};

}  // namespace millwright::pipelines

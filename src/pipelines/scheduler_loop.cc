#include "pipelines/scheduler_loop.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lane.h"
#include "base/log.h"
#include "pipelines/sql.h"

namespace millwright::pipelines {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kCommitPauseMs = 1'000;
constexpr int64_t kForeverMs = 3'600'000;

void LogFailure(std::string_view what, const Error& error) {
  Log(LogLevel::kWarning, "pipelines", what, {{"error", error.message()}});
}

// Until a dead leader is waited for, its number names its group and no other.
void SignalGroup(const ChildProcess& child, int signal) {
  kill(-child.pid(), signal);
}

// Appends to the log of an attempt what its reader cannot learn from the task itself.
void AppendToLog(const fs::path& file, const std::string& line) {
  const int out = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (out < 0) return;
  const std::string text = "millwright: " + line + "\n";
  [[maybe_unused]] const ssize_t written = write(out, text.data(), text.size());
  close(out);
}

}  // namespace

SchedulerLoop::SchedulerLoop(PipelineStore& store, SchedulerOptions options)
    : store_(store), options_(std::move(options)), leases_(store.clock()) {
  LockDir();
  thread_ = std::jthread([this](std::stop_token stop) { Work(stop); });
}

SchedulerLoop::~SchedulerLoop() {
  Stop();
  close(lock_);
}

void SchedulerLoop::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  notices_.Wake();
  thread_.join();
}

// The owner of leases is the folder: who holds its lock is the only one who can hold them, so what
// an earlier process has left there can be taken over at once.
void SchedulerLoop::LockDir() {
  fs::create_directories(options_.dir);
  lock_ = open((options_.dir / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0 || flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    if (lock_ >= 0) close(lock_);
    throw FailedPrecondition("Another scheduler uses the folder {}", options_.dir.string());
  }
  const fs::path name = options_.dir / "owner";
  if (!fs::exists(name)) WriteFileDurably(name, NewShortId("scheduler-"));
  owner_ = ReadFile(name);
}

void SchedulerLoop::Work(const std::stop_token& stop) {
  NameThisThread("pipelines");
  while (!stop.stop_requested()) {
    try {
      if (look_at_ms_ <= Now()) TakeUpRunning();
      AdvanceAll();
      Wait();
      HandleNotices();
      HandleExits();
      HandleTimes();
    } catch (const Error& error) {
      LogFailure("the scheduler was disturbed", error);
      look_at_ms_ = Now() + kCommitPauseMs;
    }
  }
  ShutDown();
}

int SchedulerLoop::Places() const {
  int places = options_.tasks_max;
  for (const auto& [id, entry] : entries_) {
    places -= static_cast<int>(entry.processes.size() + entry.pending.starts.size());
  }
  return places;
}

std::string SchedulerLoop::AttemptId(const Entry& entry, size_t task) const {
  const Task& row = entry.live.run().tasks[task];
  return fmt::format("{}/{}/{}", entry.live.run().id.str(), row.name, row.attempts.back().number);
}

// Takes over runs whose owner is gone, and the queue. On SQLite there is no other server, so once
// is enough; on PostgreSQL it is looked again when leases may have expired.
void SchedulerLoop::TakeUpRunning() {
  const bool shared = store_.database().dialect() == storage::Dialect::kPostgres;
  std::vector<std::string> queued;
  const auto rows = store_.database().Read(
      [](storage::Connection& connection) { return connection.Select(sql::kLiveRuns); });
  for (const storage::Row& row : rows) {
    const PipelineRunId id(row.Text(0));
    if (ParseRunState(row.Text(2)) == RunState::kQueued) {
      queued.push_back(row.Text(1));
    } else if (!entries_.contains(id)) {
      TakeUp(id);
    }
  }
  std::sort(queued.begin(), queued.end());
  queued.erase(std::unique(queued.begin(), queued.end()), queued.end());
  for (const std::string& pipeline : queued) TakeUpQueued(pipeline);
  look_at_ms_ = Now() + (shared ? options_.lease_ttl_ms : kForeverMs);
}

void SchedulerLoop::TakeUp(const PipelineRunId& id) {
  auto taken = store_.database().Write([&](storage::Connection& connection) {
    std::optional<std::pair<PipelineRun, storage::Lease>> result;
    auto lease = leases_.Acquire(connection, kRunLease, id.str(), owner_, options_.lease_ttl_ms);
    if (!lease) return result;
    PipelineRun run = store_.LoadRun(connection, id);
    if (Ended(run.state)) {
      leases_.Release(connection, *lease);
    } else {
      result.emplace(std::move(run), std::move(*lease));
    }
    return result;
  });
  if (!taken) return;
  Enter(std::move(taken->first), std::move(taken->second));
  MarkLost(entries_.at(id));
}

// The process of a running attempt was a child of a server that is gone.
void SchedulerLoop::MarkLost(Entry& entry) {
  const auto& tasks = entry.live.run().tasks;
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i].state != TaskState::kRunning) continue;
    KillOrphans(entry.live.run().id.str(), tasks[i].name);
    NoteEnd(entry, i, {.state = AttemptState::kLost, .message = "its server was gone"},
            {.kind = std::string(kAttemptLease), .id = AttemptId(entry, i)});
  }
}

void SchedulerLoop::TakeUpQueued(const std::string& name) {
  const Pipeline pipeline = store_.Get(name);
  while (auto claimed = Claim(pipeline)) {
    Enter(std::move(claimed->first), std::move(claimed->second));
  }
}

// Moves the oldest queued run of a pipeline to running, if its concurrency allows.
std::optional<std::pair<PipelineRun, storage::Lease>> SchedulerLoop::Claim(
    const Pipeline& pipeline) {
  return store_.database().Write([&](storage::Connection& connection) {
    std::optional<std::pair<PipelineRun, storage::Lease>> result;
    const auto row = connection.SelectOne(sql::kOldestQueuedRun, {pipeline.name});
    if (!row) return result;
    const int64_t running =
        connection
            .SelectOne(sql::kCountLiveRuns, {pipeline.name, std::string(Name(RunState::kRunning))})
            ->Int(0);
    if (running >= pipeline.spec->concurrency) return result;
    const PipelineRunId id(row->Text(0));
    auto lease = leases_.Acquire(connection, kRunLease, id.str(), owner_, options_.lease_ttl_ms);
    if (!lease) return result;
    connection.Execute(sql::kStartRun, {id.str(), Now()});
    store_.events().Append(connection, "pipeline_run.started", "pipeline_run:" + id.str(), "system",
                           Json::Of({{"pipeline", pipeline.name}}));
    result.emplace(store_.LoadRun(connection, id), std::move(*lease));
    return result;
  });
}

void SchedulerLoop::Enter(PipelineRun run, storage::Lease lease) {
  const PipelineRunId id = run.id;
  auto spec = store_.SpecOf(run.pipeline, run.version);
  if (entries_.empty()) renew_at_ms_ = Now() + options_.lease_ttl_ms / 3;
  entries_.insert_or_assign(
      id, Entry{LiveRun(std::move(run), std::move(spec), owner_), std::move(lease)});
}

int64_t SchedulerLoop::NextDueMs() const {
  const int64_t now_ms = Now();
  int64_t due_ms = look_at_ms_;
  if (!entries_.empty()) due_ms = std::min(due_ms, renew_at_ms_);
  for (const auto& [id, entry] : entries_) {
    if (entry.retry_at_ms > 0) due_ms = std::min(due_ms, entry.retry_at_ms);
    if (const auto next_ms = entry.live.NextStartMs(now_ms)) due_ms = std::min(due_ms, *next_ms);
    for (const Process& process : entry.processes) {
      if (process.deadline_ms > 0) due_ms = std::min(due_ms, process.deadline_ms);
      if (process.kill_at_ms > 0) due_ms = std::min(due_ms, process.kill_at_ms);
    }
  }
  return due_ms;
}

void SchedulerLoop::Wait() {
  std::vector<pollfd> descriptors{{notices_.descriptor(), POLLIN, 0}};
  for (const auto& [id, entry] : entries_) {
    for (const Process& process : entry.processes) {
      descriptors.push_back({process.descriptor, POLLIN, 0});
    }
  }
  const int64_t wait_ms = std::clamp<int64_t>(NextDueMs() - Now(), 0, kForeverMs);
  poll(descriptors.data(), descriptors.size(), static_cast<int>(wait_ms));
}

void SchedulerLoop::HandleNotices() {
  for (const Notice& notice : notices_.TakeAll()) {
    switch (notice.kind) {
      case Notice::Kind::kQueuedRuns:
        TakeUpQueued(notice.name);
        break;
      case Notice::Kind::kCancel:
        Cancel(PipelineRunId(notice.name), notice.who);
        break;
    }
  }
}

void SchedulerLoop::Cancel(const PipelineRunId& id, const std::string& who) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;  // it is another server's, or has ended meanwhile
  found->second.live.Cancel(who);
  for (Process& process : found->second.processes) {
    StopProcess(process, "cancelled by " + who, AttemptState::kCancelled);
  }
}

void SchedulerLoop::StopProcess(Process& process, const std::string& why, AttemptState state) {
  if (!process.stopped.empty()) return;
  process.stopped = why;
  process.state_when_stopped = state;
  process.deadline_ms = 0;
  process.kill_at_ms = Now() + options_.stop_grace_ms;
  SignalGroup(process.child, SIGTERM);
}

void SchedulerLoop::HandleExits() {
  for (auto& [id, entry] : entries_) {
    for (auto process = entry.processes.begin(); process != entry.processes.end();) {
      const auto current = process++;
      pollfd ended{current->descriptor, POLLIN, 0};
      if (poll(&ended, 1, 0) == 1) HandleExit(entry, current);
    }
  }
}

void SchedulerLoop::HandleExit(Entry& entry, std::list<Process>::iterator process) {
  // What the task left running in the background ends with it.
  SignalGroup(process->child, SIGKILL);
  const auto status = process->child.Wait();
  const Task& row = entry.live.run().tasks[process->task];
  const fs::path dir = store_.DirOf(entry.live.run().id);
  Outcome outcome;
  if (process->stopped.empty()) {
    outcome = OutcomeOf(*status, OutputFile(dir, row.name, row.attempts.back().number));
  } else {
    outcome = {.state = process->state_when_stopped,
               .message = process->stopped,
               .exit_code = status->code};
  }
  close(process->descriptor);
  const size_t task = process->task;
  const storage::Lease lease = process->lease;
  entry.processes.erase(process);
  NoteEnd(entry, task, outcome, lease);
}

void SchedulerLoop::NoteEnd(Entry& entry, size_t task, const Outcome& outcome,
                            const storage::Lease& lease) {
  const Task& row = entry.live.run().tasks[task];
  if (!outcome.message.empty()) {
    AppendToLog(store_.LogFile(entry.live.run().id, row.name, row.attempts.back().number),
                outcome.message);
  }
  entry.live.AttemptEnded(task, outcome, Now(), &entry.pending);
  entry.pending.releases.push_back(lease);
}

void SchedulerLoop::HandleTimes() {
  const int64_t now_ms = Now();
  for (auto& [id, entry] : entries_) {
    for (Process& process : entry.processes) {
      if (process.deadline_ms > 0 && process.deadline_ms <= now_ms) {
        const int64_t timeout_ms = entry.live.spec().tasks[process.task].timeout_ms;
        StopProcess(process, fmt::format("timed out after {} ms", timeout_ms),
                    AttemptState::kFailed);
      }
      if (process.kill_at_ms > 0 && process.kill_at_ms <= now_ms) {
        process.kill_at_ms = 0;
        SignalGroup(process.child, SIGKILL);
      }
    }
  }
  if (!entries_.empty() && renew_at_ms_ <= now_ms) RenewLeases();
}

void SchedulerLoop::RenewLeases() {
  std::vector<PipelineRunId> lost;
  try {
    lost = store_.database().Write([&](storage::Connection& connection) {
      std::vector<PipelineRunId> gone;
      for (const auto& [id, entry] : entries_) {
        if (!leases_.Renew(connection, entry.lease, options_.lease_ttl_ms)) gone.push_back(id);
        for (const Process& process : entry.processes) {
          leases_.Renew(connection, process.lease, options_.lease_ttl_ms);
        }
      }
      return gone;
    });
    renew_at_ms_ = Now() + options_.lease_ttl_ms / 3;
  } catch (const Error& error) {
    LogFailure("leases were not renewed", error);
    renew_at_ms_ = Now() + kCommitPauseMs;
  }
  for (const PipelineRunId& id : lost) Drop(entries_.find(id));
}

// Advances each run until nothing more can be done at once, in the order of their ids; a run that
// fails to commit stands still until retry_at_ms.
void SchedulerLoop::AdvanceAll() {
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto current = entry++;
    if (!Advance(current->second)) Drop(current);
  }
}

// Returns false when the run has ended or is no longer ours.
bool SchedulerLoop::Advance(Entry& entry) {
  for (;;) {
    if (entry.retry_at_ms > Now()) return true;
    entry.live.Advance(Now(), Places(), &entry.pending);
    if (entry.pending.empty()) return true;
    const bool ended = entry.pending.ended;
    const std::vector<size_t> starts = entry.pending.starts;
    if (!Commit(entry)) return false;
    if (entry.retry_at_ms > 0) return true;
    if (ended) return false;
    StartAttempts(entry, starts);
  }
}

// Returns false when the run belongs to somebody else.
bool SchedulerLoop::Commit(Entry& entry) {
  try {
    entry.attempt_leases = store_.database().Write([&](storage::Connection& connection) {
      std::map<size_t, storage::Lease> leases;
      Write(connection, entry, &leases);
      return leases;
    });
    entry.pending = {};
    entry.retry_at_ms = 0;
    return true;
  } catch (const Error& error) {
    const std::string& id = entry.live.run().id.str();
    Log(LogLevel::kWarning, "pipelines", "a step of a run was not written",
        {{"run", id}, {"error", error.message()}});
    if (error.code() == Code::kUnavailable || error.code() == Code::kResourceExhausted) {
      entry.retry_at_ms = Now() + kCommitPauseMs;
      return true;
    }
    return false;
  }
}

void SchedulerLoop::Write(storage::Connection& connection, const Entry& entry,
                          std::map<size_t, storage::Lease>* leases) {
  const PipelineRun& run = entry.live.run();
  const Transition& step = entry.pending;
  if (!leases_.Renew(connection, entry.lease, options_.lease_ttl_ms)) {
    throw Aborted("Another server has taken the run over: {}", run.id.str());
  }
  for (const Task& task : step.tasks) {
    Json outputs = Json::MakeObject();
    for (const auto& [name, value] : task.outputs) outputs.Set(name, value);
    connection.Execute(
        sql::kSaveTask,
        {run.id.str(), task.name, std::string(Name(task.state)), outputs.Dump(), task.message,
         task.not_before_ms, storage::Optional(task.started_ms), storage::Optional(task.ended_ms)});
  }
  for (const auto& [task, attempt] : step.attempts) {
    connection.Execute(sql::kSaveAttempt,
                       {run.id.str(), task, attempt.number, std::string(Name(attempt.state)),
                        attempt.owner, attempt.message, storage::Optional(attempt.exit_code),
                        attempt.started_ms, storage::Optional(attempt.ended_ms)});
  }
  for (const storage::Lease& lease : step.releases) {
    leases_.Forget(connection, kAttemptLease, lease.id);
  }
  for (const size_t task : step.starts) {
    auto lease = leases_.Acquire(connection, kAttemptLease, AttemptId(entry, task), owner_,
                                 options_.lease_ttl_ms);
    CHECK(lease.has_value());  // an attempt's number is used once
    leases->emplace(task, std::move(*lease));
  }
  for (const auto& [kind, payload] : step.events) {
    store_.events().Append(connection, kind, "pipeline_run:" + run.id.str(), "system", payload);
  }
  if (!step.ended) return;
  connection.Execute(sql::kEndRun, {run.id.str(), std::string(Name(run.state)), run.message,
                                    storage::Optional(run.ended_ms)});
  leases_.Release(connection, entry.lease);
}

void SchedulerLoop::StartAttempts(Entry& entry, const std::vector<size_t>& tasks) {
  for (const size_t task : tasks) {
    try {
      StartAttempt(entry, task);
    } catch (const std::exception& error) {
      // A program that does not exist, a value that cannot be computed, a folder on a full disk.
      NoteEnd(entry, task, {.message = error.what()}, entry.attempt_leases.at(task));
    }
  }
  entry.attempt_leases.clear();
}

void SchedulerLoop::StartAttempt(Entry& entry, size_t task) {
  const PipelineRun& run = entry.live.run();
  const fs::path dir = store_.DirOf(run.id);
  const fs::path log =
      store_.LogFile(run.id, run.tasks[task].name, run.tasks[task].attempts.back().number);
  fs::create_directories(dir);
  ChildProcess child(TaskProcess(entry.live, task, dir, log,
                                 {options_.uri, options_.token, options_.program_dir}));
  const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, child.pid(), 0));
  if (descriptor < 0) throw ResourceExhausted("No file descriptor is left for the task");
  const int64_t timeout_ms = entry.live.spec().tasks[task].timeout_ms;
  entry.processes.push_back({.task = task,
                             .child = std::move(child),
                             .descriptor = descriptor,
                             .lease = entry.attempt_leases.at(task),
                             .deadline_ms = timeout_ms > 0 ? Now() + timeout_ms : 0});
  // A cancellation that came between the commit and the start.
  if (entry.live.cancelling()) {
    StopProcess(entry.processes.back(), "cancelled by " + run.cancelled_by,
                AttemptState::kCancelled);
  }
}

void SchedulerLoop::Drop(Entries::iterator entry) {
  for (Process& process : entry->second.processes) close(process.descriptor);
  if (!Ended(entry->second.live.run().state)) {
    look_at_ms_ = std::min(look_at_ms_, Now() + options_.lease_ttl_ms);
  }
  entries_.erase(entry);  // ends the processes, if any
}

void SchedulerLoop::ShutDown() {
  for (auto& [id, entry] : entries_) {
    for (Process& process : entry.processes) {
      StopProcess(process, "its server stopped", AttemptState::kLost);
    }
  }
  const auto running = [&] {
    return std::any_of(entries_.begin(), entries_.end(),
                       [](const auto& item) { return !item.second.processes.empty(); });
  };
  while (running()) {
    Wait();
    notices_.TakeAll();
    HandleExits();
    HandleTimes();
  }
  for (auto& [id, entry] : entries_) {
    if (!entry.pending.empty()) {
      // Retried attempts are written, and nothing is begun.
      entry.live.Advance(Now(), 0, &entry.pending);
      Commit(entry);
    }
  }
  try {
    store_.database().Write([&](storage::Connection& connection) {
      for (const auto& [id, entry] : entries_) leases_.Release(connection, entry.lease);
    });
  } catch (const Error& error) {
    LogFailure("leases were not released", error);  // they expire
  }
  entries_.clear();
}

}  // namespace millwright::pipelines

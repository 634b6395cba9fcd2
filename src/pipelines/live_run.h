#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pipelines/pipeline_store.h"
#include "storage/lease.h"

namespace millwright::pipelines {

// Attempts of one task that may be lost with their server before the task counts as failed: a task
// that kills its server is not repeated for ever.
inline constexpr int64_t kLostAttemptsMax = 20;

// How an attempt ended.
struct Outcome {
  AttemptState state = AttemptState::kFailed;
  std::string message;
  std::optional<int64_t> exit_code;
  Outputs outputs;
};

// What one transaction writes about a run: the rows that changed and what is told of it.
struct Transition {
  struct TaskEvent {
    std::string kind;
    Json payload;
  };
  std::vector<Task> tasks;                                // whole rows, without attempts
  std::vector<std::pair<std::string, Attempt>> attempts;  // by task
  std::vector<TaskEvent> events;
  std::vector<size_t> starts;  // positions of tasks whose newest attempt begins
  std::vector<storage::Lease> releases;
  bool ended = false;  // the run's state, message and end are written too

  bool empty() const { return tasks.empty() && attempts.empty() && !ended; }
};

// A run that has left the queue, in memory: decides by the rules of the pipeline what happens next,
// and does no input or output. The Scheduler writes its transitions and runs its attempts.
class LiveRun {
 public:
  LiveRun(PipelineRun run, std::shared_ptr<const PipelineSpec> spec, std::string owner);

  const PipelineRun& run() const { return run_; }
  const PipelineSpec& spec() const { return *spec_; }
  bool cancelling() const { return !run_.cancelled_by.empty(); }
  void Cancel(const std::string& who) { run_.cancelled_by = who; }

  // Notes that the newest attempt of a task has ended.
  void AttemptEnded(size_t task, const Outcome& outcome, int64_t now_ms, Transition* transition);
  // Judges tasks whose needs have ended, begins at most `places` attempts, and ends the run when
  // all is done.
  void Advance(int64_t now_ms, int places, Transition* transition);

  // When a task that waits for its next attempt may begin; nothing when none waits for a time.
  std::optional<int64_t> NextStartMs(int64_t now_ms) const;
  // Whether a task could begin now if there was a place.
  bool WaitsForPlace(int64_t now_ms) const;

  // The value of a name in the expressions of this run.
  std::string Value(const Reference& reference) const;

 private:
  enum class Verdict { kWait, kRun, kSkip, kFail };

  Verdict Judge(size_t task, std::string* why) const;
  void SetState(size_t task, TaskState state, const std::string& message, int64_t now_ms);
  void Begin(size_t task, int64_t now_ms, Transition* transition);
  void Retry(size_t task, const Outcome& outcome, int64_t delay_ms, int64_t now_ms,
             Transition* transition);
  void End(int64_t now_ms, Transition* transition);
  Json TaskPayload(size_t task) const;
  void Tell(std::string kind, Json payload, Transition* transition) const;
  int64_t CountAttempts(size_t task, AttemptState state) const;

  PipelineRun run_;
  std::shared_ptr<const PipelineSpec> spec_;
  std::string owner_;
  std::vector<bool> changed_;  // tasks whose row the next transition writes
};

}  // namespace millwright::pipelines

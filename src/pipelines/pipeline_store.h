#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "events/event_log.h"
#include "pipelines/pipeline.h"
#include "pipelines/state.h"
#include "storage/database.h"

namespace millwright::pipelines {

using PipelineRunId = Id<struct PipelineRunTag>;
using Params = std::map<std::string, std::string>;
using Outputs = std::map<std::string, std::string>;

inline constexpr int kRunsPageMax = 1000;
inline constexpr int64_t kLogBytesMax = 1 << 20;  // of one ReadLog
// Runs of one pipeline that may wait; a further one is refused.
inline constexpr int64_t kQueuedRunsMax = 1000;

// A pipeline as it is registered now.
struct Pipeline {
  std::string name;
  int64_t version = 0;
  std::string digest;
  std::string yaml;
  int64_t triggers_after = 0;
  int64_t updated_ms = 0;
  std::string who;
  std::shared_ptr<const PipelineSpec> spec;
};

struct Attempt {
  int64_t number = 0;  // from 1
  AttemptState state = AttemptState::kRunning;
  std::string owner;  // the scheduler that ran it
  std::string message;
  std::optional<int64_t> exit_code;
  int64_t started_ms = 0;
  std::optional<int64_t> ended_ms;
};

struct Task {
  std::string name;
  std::vector<std::string> needs;
  TaskState state = TaskState::kPending;
  Outputs outputs;
  std::string message;  // why it failed, waits or was skipped
  int64_t not_before_ms = 0;
  std::optional<int64_t> started_ms;
  std::optional<int64_t> ended_ms;
  std::vector<Attempt> attempts;
};

struct PipelineRun {
  PipelineRunId id;
  std::string pipeline;
  int64_t version = 0;
  RunState state = RunState::kQueued;
  Params params;
  // The event that started it: seq, time_ms, kind, subject, who, payload; null when by hand.
  Json event;
  int64_t trigger_number = -1;
  std::string who;
  std::string message;
  std::string cancelled_by;
  int64_t created_ms = 0;
  std::optional<int64_t> started_ms;
  std::optional<int64_t> ended_ms;
  std::vector<Task> tasks;  // in topological order; filled by GetRun only

  // What started it: the event's subject, or "manual".
  std::string trigger() const { return event.is_null() ? "manual" : event.GetString("subject"); }
};

struct RunPage {
  std::vector<PipelineRun> runs;
  std::string next_page_token;  // empty on the last page
};

struct LogPiece {
  std::string text;
  int64_t next_offset = 0;
};

// Pipelines and their runs in the database, for the API and for the Scheduler. Thread-safe.
class PipelineStore {
 public:
  // Task logs are files under `dir`.
  PipelineStore(storage::Database& database, events::EventLog& events, const Clock& clock,
                std::filesystem::path dir);

  // Makes the text the current version of the pipeline that it names; the same text again changes
  // nothing. Runs that are under way keep their version. Throws kInvalidArgument as ParsePipeline.
  Pipeline Register(const std::string& yaml, const std::string& who);
  std::vector<Pipeline> List();
  // Throws kNotFound.
  Pipeline Get(const std::string& name);

  // Queues a run; a Scheduler takes it up. Throws kNotFound, kInvalidArgument for an unknown or a
  // missing parameter, kResourceExhausted when kQueuedRunsMax runs wait.
  PipelineRunId Start(const std::string& name, const Params& params, const std::string& who);
  // The same within the caller's transaction, so that the run is queued exactly when what asked for
  // it is stored. `params` are resolved.
  PipelineRunId StartIn(storage::Connection& connection, const Pipeline& pipeline,
                        const Params& params, const std::string& who);
  // Ends a queued run at once and asks a running one to stop. Throws kNotFound, and
  // kFailedPrecondition when it has ended.
  void Cancel(const PipelineRunId& id, const std::string& who);
  // Newest first, of all pipelines when `pipeline` is empty.
  RunPage ListRuns(const std::string& pipeline, int limit, const std::string& page_token = "");
  PipelineRun GetRun(const PipelineRunId& id);
  int64_t CountRuns();
  // Reads the output of one attempt, or of all one after another when `attempt` is 0. Returns an
  // empty text at the end of what is written so far. Throws kNotFound for an unknown run or task.
  LogPiece ReadLog(const PipelineRunId& id, const std::string& task, int64_t attempt,
                   int64_t offset, int64_t bytes_max);

  // What an event does inside the transaction that moves the triggers' cursor over it: starts a run
  // by trigger `number` of the pipeline, or records why not.
  void StartByEvent(storage::Connection& connection, const Pipeline& pipeline, size_t number,
                    const events::Event& event);

  // The parts below are for the Scheduler.
  storage::Database& database() { return database_; }
  events::EventLog& events() { return events_; }
  const Clock& clock() const { return clock_; }
  // Loads a run with its tasks and attempts.
  PipelineRun LoadRun(storage::Connection& connection, const PipelineRunId& id);
  std::shared_ptr<const PipelineSpec> SpecOf(const std::string& name, int64_t version);
  std::filesystem::path DirOf(const PipelineRunId& id) const { return dir_ / id.str(); }
  std::filesystem::path LogFile(const PipelineRunId& id, const std::string& task,
                                int64_t attempt) const;

 private:
  PipelineRunId InsertRun(storage::Connection& connection, const Pipeline& pipeline,
                          const Params& params, const std::string& who, const Json& event,
                          int64_t trigger_number);

  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
  const std::filesystem::path dir_;
};

// Adds the defaults to what was given. Throws kInvalidArgument for what is unknown or missing.
Params ResolveParams(const PipelineSpec& spec, const Params& given);

// Says whether an event matches the conditions of a trigger.
bool Matches(const TriggerSpec& trigger, const events::Event& event);

// The value of event.<path> in expressions; the empty text where there is none.
std::string EventValue(const Json& event, const Reference& reference);

}  // namespace millwright::pipelines

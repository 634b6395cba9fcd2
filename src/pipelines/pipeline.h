#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "pipelines/expression.h"

namespace millwright::pipelines {

// Limits of one pipeline's text.
inline constexpr size_t kYamlBytesMax = 256 << 10;
inline constexpr size_t kTasksMax = 500;
inline constexpr size_t kParamsMax = 100;
inline constexpr size_t kTriggersMax = 20;
inline constexpr size_t kNameMax = 100;
inline constexpr int64_t kRetriesMax = 100;
inline constexpr int64_t kDelayMsMax = 24 * 3'600'000;
inline constexpr int64_t kTimeoutMsMax = 7 * int64_t{24 * 3'600'000};
inline constexpr int64_t kConcurrencyMax = 100;

// A task that exits with this code has decided that the run shall stop here without a failure: a
// gate that says hold. It is `held`, is not retried, and what needs it is skipped.
inline constexpr int kHeldExitCode = 99;

// A value that a run is given. Without a default it must be.
struct ParamSpec {
  std::string name;
  std::optional<std::string> fallback;
};

// What starts a run by itself: an event of this kind whose fields match.
struct TriggerSpec {
  std::string event;
  std::string subject;  // equal, or a prefix when it ends with *; empty for any
  std::string who;      // likewise
  Json payload;         // an object whose fields the event's payload must have
  std::map<std::string, Template> params;
  // What to do while a run of this trigger is queued or running: skip the event (and say so with
  // pipeline_run.skipped) or queue another run.
  bool queue_while_live = false;
};

struct TaskSpec {
  std::string name;
  std::string description;
  // Either a text for `sh -e -c` or a program and its arguments.
  std::optional<Template> shell;
  std::vector<Template> arguments;
  std::vector<size_t> needs;  // positions of earlier tasks; the list is in topological order
  int64_t retries = 0;
  int64_t retry_delay_ms = 1000;  // doubled for each further retry
  int64_t timeout_ms = 0;         // 0 for none
  std::map<std::string, Template> environment;
  std::optional<Template> when;
  // Whether `when` looks at the state of tasks. Such a task is judged once its needs have ended in
  // whatever way; any other is skipped when one of its needs did not succeed.
  bool when_reads_states = false;
};

// A directed acyclic graph of tasks, read from YAML.
struct PipelineSpec {
  std::string name;
  std::string description;
  std::vector<ParamSpec> params;
  std::map<std::string, Template> environment;
  int64_t concurrency = 1;  // runs at the same time; others wait in the queue
  std::vector<TriggerSpec> triggers;
  std::vector<TaskSpec> tasks;
};

// Reads and checks a pipeline. Throws kInvalidArgument naming the place ("tasks.train.retries: …"),
// also as the error's field: unknown fields, tasks and names in expressions, cycles, limits.
PipelineSpec ParsePipeline(std::string_view yaml);

// Says in words what starts it: "manual" or "alert.opened on monitor:flights-late".
std::string TriggerText(const PipelineSpec& spec);

}  // namespace millwright::pipelines

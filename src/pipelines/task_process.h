#pragma once

#include <filesystem>
#include <string>

#include "base/process.h"
#include "pipelines/live_run.h"

namespace millwright::pipelines {

inline constexpr size_t kOutputBytesMax = 64 << 10;
inline constexpr size_t kOutputsMax = 200;

// Where and how tasks run.
struct TaskEnvironment {
  std::string uri;                    // MILLWRIGHT_URI: the server that tasks talk to
  std::string token;                  // MILLWRIGHT_TOKEN; not set when empty
  std::filesystem::path program_dir;  // comes first in PATH
};

// Composes the process of a task's newest attempt and makes its folders. The process works in the
// run's own folder `work`, which its tasks share. Throws kFailedPrecondition when an expression has
// no value.
ProcessSpec TaskProcess(const LiveRun& live, size_t task, const std::filesystem::path& run_dir,
                        const std::filesystem::path& log_file, const TaskEnvironment& environment);

// Judges how an attempt ended: by its exit status and the file of its outputs (`name=value` lines).
Outcome OutcomeOf(const ExitStatus& status, const std::filesystem::path& output_file);

std::filesystem::path OutputFile(const std::filesystem::path& run_dir, const std::string& task,
                                 int64_t attempt);

// Kills what is left of an attempt whose server is gone: processes with its run and task in their
// environment. A killed server takes its direct children along, but not their children.
void KillOrphans(const std::string& run, const std::string& task);

}  // namespace millwright::pipelines

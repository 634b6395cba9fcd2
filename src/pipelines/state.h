#pragma once

#include <string_view>

namespace millwright::pipelines {

enum class RunState { kQueued, kRunning, kSucceeded, kHeld, kFailed, kCancelled };

// kPending: its needs have not ended. kQueued: it waits for a place or for its next attempt.
enum class TaskState {
  kPending,
  kQueued,
  kRunning,
  kSucceeded,
  kHeld,
  kFailed,
  kSkipped,
  kCancelled
};

// kLost: the server that ran it is gone.
enum class AttemptState { kRunning, kSucceeded, kHeld, kFailed, kLost, kCancelled };

// The names in the database, in events and in the API. The parsers abort on an unknown name: it can
// only come from a database that this program did not write.
std::string_view Name(RunState state);
std::string_view Name(TaskState state);
std::string_view Name(AttemptState state);
RunState ParseRunState(std::string_view name);
TaskState ParseTaskState(std::string_view name);
AttemptState ParseAttemptState(std::string_view name);

constexpr bool Ended(RunState state) {
  return state != RunState::kQueued && state != RunState::kRunning;
}
constexpr bool Ended(TaskState state) {
  return state != TaskState::kPending && state != TaskState::kQueued &&
         state != TaskState::kRunning;
}

}  // namespace millwright::pipelines

#include "pipelines/state.h"

#include <array>
#include <utility>

#include "base/check.h"

namespace millwright::pipelines {
namespace {

template <typename State>
using NameTable = std::pair<State, std::string_view>;

constexpr NameTable<RunState> kRunStates[] = {
    {RunState::kQueued, "queued"},       {RunState::kRunning, "running"},
    {RunState::kSucceeded, "succeeded"}, {RunState::kHeld, "held"},
    {RunState::kFailed, "failed"},       {RunState::kCancelled, "cancelled"},
};
constexpr NameTable<TaskState> kTaskStates[] = {
    {TaskState::kPending, "pending"}, {TaskState::kQueued, "queued"},
    {TaskState::kRunning, "running"}, {TaskState::kSucceeded, "succeeded"},
    {TaskState::kHeld, "held"},       {TaskState::kFailed, "failed"},
    {TaskState::kSkipped, "skipped"}, {TaskState::kCancelled, "cancelled"},
};
constexpr NameTable<AttemptState> kAttemptStates[] = {
    {AttemptState::kRunning, "running"}, {AttemptState::kSucceeded, "succeeded"},
    {AttemptState::kHeld, "held"},       {AttemptState::kFailed, "failed"},
    {AttemptState::kLost, "lost"},       {AttemptState::kCancelled, "cancelled"},
};

template <typename State, size_t N>
std::string_view NameIn(const NameTable<State> (&table)[N], State state) {
  for (const auto& [value, name] : table) {
    if (value == state) return name;
  }
  CHECK(false);
}

template <typename State, size_t N>
State ParseIn(const NameTable<State> (&table)[N], std::string_view text) {
  for (const auto& [value, name] : table) {
    if (name == text) return value;
  }
  CHECK(false);
}

}  // namespace

std::string_view Name(RunState state) {
  return NameIn(kRunStates, state);
}
std::string_view Name(TaskState state) {
  return NameIn(kTaskStates, state);
}
std::string_view Name(AttemptState state) {
  return NameIn(kAttemptStates, state);
}
RunState ParseRunState(std::string_view name) {
  return ParseIn(kRunStates, name);
}
TaskState ParseTaskState(std::string_view name) {
  return ParseIn(kTaskStates, name);
}
AttemptState ParseAttemptState(std::string_view name) {
  return ParseIn(kAttemptStates, name);
}

}  // namespace millwright::pipelines

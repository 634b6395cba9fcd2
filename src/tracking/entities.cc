#include "tracking/entities.h"

#include "base/error.h"

namespace millwright::tracking {
namespace {

constexpr std::string_view kRunStatusNames[] = {"RUNNING", "SCHEDULED", "FINISHED", "FAILED",
                                                "KILLED"};

}  // namespace

std::string_view LifecycleName(Lifecycle lifecycle) {
  return lifecycle == Lifecycle::kActive ? "active" : "deleted";
}

Lifecycle ParseLifecycle(std::string_view name) {
  return name == "deleted" ? Lifecycle::kDeleted : Lifecycle::kActive;
}

std::string_view RunStatusName(RunStatus status) {
  return kRunStatusNames[static_cast<size_t>(status)];
}

std::optional<RunStatus> FindRunStatus(std::string_view name) {
  for (size_t i = 0; i < std::size(kRunStatusNames); ++i) {
    if (kRunStatusNames[i] == name) return static_cast<RunStatus>(i);
  }
  return std::nullopt;
}

bool IsEnd(RunStatus status) {
  return status == RunStatus::kFinished || status == RunStatus::kFailed ||
         status == RunStatus::kKilled;
}

}  // namespace millwright::tracking

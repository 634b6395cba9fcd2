#include "pipelines/live_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/error.h"

namespace millwright::pipelines {

LiveRun::LiveRun(PipelineRun run, std::shared_ptr<const PipelineSpec> spec, std::string owner)
    : run_(std::move(run)),
      spec_(std::move(spec)),
      owner_(std::move(owner)),
      changed_(run_.tasks.size()) {
  CHECK(run_.tasks.size() == spec_->tasks.size());
}

int64_t LiveRun::CountAttempts(size_t task, AttemptState state) const {
  const auto& attempts = run_.tasks[task].attempts;
  return std::count_if(attempts.begin(), attempts.end(),
                       [&](const Attempt& attempt) { return attempt.state == state; });
}

Json LiveRun::TaskPayload(size_t task) const {
  const Task& row = run_.tasks[task];
  Json payload = Json::Of({{"pipeline", run_.pipeline},
                           {"run", run_.id.str()},
                           {"task", row.name},
                           {"state", Name(row.state)},
                           {"attempt", row.attempts.size()}});
  if (!row.message.empty()) payload.Set("message", row.message);
  return payload;
}

void LiveRun::Tell(std::string kind, Json payload, Transition* transition) const {
  transition->events.push_back({std::move(kind), std::move(payload)});
}

void LiveRun::SetState(size_t task, TaskState state, const std::string& message, int64_t now_ms) {
  Task& row = run_.tasks[task];
  row.state = state;
  row.message = message;
  if (Ended(state)) row.ended_ms = now_ms;
  changed_[task] = true;
}

void LiveRun::Begin(size_t task, int64_t now_ms, Transition* transition) {
  Task& row = run_.tasks[task];
  SetState(task, TaskState::kRunning, "", now_ms);
  if (!row.started_ms) row.started_ms = now_ms;
  row.attempts.push_back({.number = static_cast<int64_t>(row.attempts.size()) + 1,
                          .owner = owner_,
                          .started_ms = now_ms});
  transition->attempts.emplace_back(row.name, row.attempts.back());
  transition->starts.push_back(task);
  Tell("task.started", TaskPayload(task), transition);
}

void LiveRun::Retry(size_t task, const Outcome& outcome, int64_t delay_ms, int64_t now_ms,
                    Transition* transition) {
  run_.tasks[task].not_before_ms = now_ms + delay_ms;
  SetState(task, TaskState::kQueued, outcome.message, now_ms);
  Tell("task.retried", TaskPayload(task), transition);
}

void LiveRun::AttemptEnded(size_t task, const Outcome& outcome, int64_t now_ms,
                           Transition* transition) {
  Task& row = run_.tasks[task];
  Attempt& attempt = row.attempts.back();
  attempt.state = outcome.state;
  attempt.message = outcome.message;
  attempt.exit_code = outcome.exit_code;
  attempt.ended_ms = now_ms;
  transition->attempts.emplace_back(row.name, attempt);
  const TaskSpec& spec = spec_->tasks[task];
  switch (outcome.state) {
    case AttemptState::kSucceeded:
    case AttemptState::kHeld:
      row.outputs = outcome.outputs;
      SetState(task,
               outcome.state == AttemptState::kHeld ? TaskState::kHeld : TaskState::kSucceeded,
               outcome.message, now_ms);
      break;
    case AttemptState::kFailed: {
      const int64_t failures = CountAttempts(task, AttemptState::kFailed);
      if (failures <= spec.retries && !cancelling()) {
        // Doubled for each failure; shifted no further than the limit can hold.
        const int64_t delay_ms = spec.retry_delay_ms << std::min<int64_t>(failures - 1, 20);
        return Retry(task, outcome, std::min(delay_ms, kDelayMsMax), now_ms, transition);
      }
      SetState(task, cancelling() ? TaskState::kCancelled : TaskState::kFailed, outcome.message,
               now_ms);
      break;
    }
    case AttemptState::kLost:
      if (cancelling()) {
        SetState(task, TaskState::kCancelled, outcome.message, now_ms);
        break;
      }
      if (CountAttempts(task, AttemptState::kLost) <= kLostAttemptsMax) {
        return Retry(task, outcome, 0, now_ms, transition);
      }
      SetState(task, TaskState::kFailed, "lost with its server too many times", now_ms);
      break;
    case AttemptState::kCancelled:
      SetState(task, TaskState::kCancelled, outcome.message, now_ms);
      break;
    case AttemptState::kRunning:
      CHECK(false);
  }
  Tell("task.finished", TaskPayload(task), transition);
}

LiveRun::Verdict LiveRun::Judge(size_t task, std::string* why) const {
  const TaskSpec& spec = spec_->tasks[task];
  const Task* unsuccessful = nullptr;
  for (const size_t need : spec.needs) {
    const Task& row = run_.tasks[need];
    if (!Ended(row.state)) return Verdict::kWait;
    if (row.state != TaskState::kSucceeded && unsuccessful == nullptr) unsuccessful = &row;
  }
  if (unsuccessful != nullptr && !spec.when_reads_states) {
    *why = fmt::format("{} was {}", unsuccessful->name, Name(unsuccessful->state));
    if (unsuccessful->state == TaskState::kFailed) *why = unsuccessful->name + " failed";
    return Verdict::kSkip;
  }
  if (!spec.when) return Verdict::kRun;
  try {
    if (IsTrue(spec.when->Fill([&](const Reference& name) { return Value(name); }))) {
      return Verdict::kRun;
    }
    *why = "its condition is false";
    return Verdict::kSkip;
  } catch (const Error& error) {
    *why = "its condition cannot be computed: " + error.message();
    return Verdict::kFail;
  }
}

void LiveRun::Advance(int64_t now_ms, int places, Transition* transition) {
  for (size_t i = 0; i < run_.tasks.size(); ++i) {
    Task& row = run_.tasks[i];
    const bool waits = row.state == TaskState::kPending || row.state == TaskState::kQueued;
    if (waits && cancelling()) {
      SetState(i, TaskState::kCancelled, "", now_ms);
      continue;
    }
    if (row.state == TaskState::kPending) {
      std::string why;
      const Verdict verdict = Judge(i, &why);
      if (verdict == Verdict::kRun) {
        SetState(i, TaskState::kQueued, "", now_ms);
      } else if (verdict != Verdict::kWait) {
        SetState(i, verdict == Verdict::kSkip ? TaskState::kSkipped : TaskState::kFailed, why,
                 now_ms);
        Tell("task.finished", TaskPayload(i), transition);
      }
    }
    if (row.state == TaskState::kQueued && row.not_before_ms <= now_ms && places > 0) {
      --places;
      Begin(i, now_ms, transition);
    }
  }
  const bool all_ended = std::all_of(run_.tasks.begin(), run_.tasks.end(),
                                     [](const Task& task) { return Ended(task.state); });
  if (all_ended && !Ended(run_.state)) End(now_ms, transition);
  for (size_t i = 0; i < run_.tasks.size(); ++i) {
    if (!changed_[i]) continue;
    changed_[i] = false;
    Task copy = run_.tasks[i];
    copy.attempts.clear();
    transition->tasks.push_back(std::move(copy));
  }
}

void LiveRun::End(int64_t now_ms, Transition* transition) {
  const auto first = [&](TaskState state) {
    return std::find_if(run_.tasks.begin(), run_.tasks.end(),
                        [&](const Task& task) { return task.state == state; });
  };
  const auto none = run_.tasks.end();
  if (const auto failed = first(TaskState::kFailed); failed != none) {
    run_.state = RunState::kFailed;
    run_.message = failed->name + " failed: " + failed->message;
  } else if (cancelling() && first(TaskState::kCancelled) != none) {
    run_.state = RunState::kCancelled;
    run_.message = "cancelled by " + run_.cancelled_by;
  } else if (const auto held = first(TaskState::kHeld); held != none) {
    run_.state = RunState::kHeld;
    run_.message = "held by " + held->name;
  } else {
    run_.state = RunState::kSucceeded;
  }
  run_.ended_ms = now_ms;
  transition->ended = true;
  Json payload = Json::Of({{"pipeline", run_.pipeline}, {"state", Name(run_.state)}});
  if (!run_.message.empty()) payload.Set("message", run_.message);
  Tell("pipeline_run.finished", payload, transition);
}

std::optional<int64_t> LiveRun::NextStartMs(int64_t now_ms) const {
  std::optional<int64_t> next;
  for (const Task& task : run_.tasks) {
    if (task.state != TaskState::kQueued || task.not_before_ms <= now_ms) continue;
    if (!next || task.not_before_ms < *next) next = task.not_before_ms;
  }
  return next;
}

bool LiveRun::WaitsForPlace(int64_t now_ms) const {
  return std::any_of(run_.tasks.begin(), run_.tasks.end(), [&](const Task& task) {
    return task.state == TaskState::kQueued && task.not_before_ms <= now_ms;
  });
}

std::string LiveRun::Value(const Reference& reference) const {
  if (reference[0] == "params") {
    const auto found = run_.params.find(reference[1]);
    return found == run_.params.end() ? "" : found->second;
  }
  if (reference[0] == "run") return reference[1] == "id" ? run_.id.str() : run_.pipeline;
  if (reference[0] == "event") return EventValue(run_.event, reference);
  for (const Task& task : run_.tasks) {
    if (task.name != reference[1]) continue;
    if (reference[2] == "state") return std::string(Name(task.state));
    const auto found = task.outputs.find(reference[3]);
    return found == task.outputs.end() ? "" : found->second;
  }
  return "";
}

}  // namespace millwright::pipelines

#include "loop/loops.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/log.h"

namespace millwright::loop {
namespace {

constexpr int kEventsPerRead = 256;

const serving::RevisionRecord* FindAtWork(const serving::EndpointRecord& record,
                                          const std::string& version) {
  for (const auto& revision : record.revisions) {
    if (revision.role != serving::Role::kRetired && revision.model_version == version)
      return &revision;
  }
  return nullptr;
}

CandidateRole RoleOf(const serving::RevisionRecord* revision) {
  if (revision == nullptr) return CandidateRole::kNone;
  switch (revision->role) {
    case serving::Role::kLive:
      return CandidateRole::kLive;
    case serving::Role::kCanary:
      return CandidateRole::kCanary;
    case serving::Role::kShadow:
      return CandidateRole::kShadow;
    case serving::Role::kRetired:
      return CandidateRole::kNone;
  }
  return CandidateRole::kNone;
}

std::string VersionOf(const pipelines::PipelineRun& run, const std::string& task_name) {
  std::string version;
  for (const auto& task : run.tasks) {
    if (!task_name.empty() && task.name != task_name) continue;
    const auto found = task.outputs.find("version");
    if (found != task.outputs.end()) version = found->second;
  }
  return version;
}

// Why a run ended as it did, by its tasks.
std::string RunMessage(const pipelines::PipelineRun& run) {
  if (!run.message.empty()) return run.message;
  for (const auto& task : run.tasks) {
    if (task.state == pipelines::TaskState::kHeld || task.state == pipelines::TaskState::kFailed)
      return fmt::format("task {} {}{}{}", task.name, pipelines::Name(task.state),
                         task.message.empty() ? "" : ": ", task.message);
  }
  return "";
}

}  // namespace

Loops::Loops(LoopRooms rooms) : rooms_(std::move(rooms)), arms_(rooms_.predictions) {}

Json Loops::LastSeen(const std::string& model) const {
  std::lock_guard lock(mutex_);
  const auto found = seen_.find(model);
  return found == seen_.end() ? Json() : found->second;
}

StoredLoop Loops::ByPerson(const std::string& model, const Person& by, Act act) {
  return rooms_.store.Change(model, [&](storage::Connection&, const StoredLoop& loop) {
    Person now = by;
    now.time_ms = rooms_.clock.NowMs();
    return act(*loop.policy, loop.state, now);
  });
}

StoredLoop Loops::Trigger(const std::string& model, const Person& by, const std::string& version) {
  if (by.reason.empty()) throw InvalidArgument("Say why").WithField("reason");
  if (!version.empty())
    rooms_.registry.GetVersion(registry::ModelName(model), registry::ParseVersion(version));
  return rooms_.store.Change(model, [&](storage::Connection&, const StoredLoop& loop) {
    return Arrive(*loop.policy, loop.state,
                  {.trigger = "by hand",
                   .reason = by.reason,
                   .who = by.who,
                   .time_ms = rooms_.clock.NowMs(),
                   .version = version});
  });
}

StoredLoop Loops::Pause(const std::string& model, const Person& by) {
  return ByPerson(model, by, loop::Pause);
}
StoredLoop Loops::Resume(const std::string& model, const Person& by) {
  return ByPerson(model, by, loop::Resume);
}
StoredLoop Loops::Approve(const std::string& model, const Person& by) {
  return ByPerson(model, by, loop::Approve);
}
StoredLoop Loops::Override(const std::string& model, const Person& by) {
  return ByPerson(model, by, loop::Override);
}
StoredLoop Loops::RollBack(const std::string& model, const Person& by) {
  return ByPerson(model, by, loop::RollBack);
}

void Loops::Look() {
  FollowEvents();
  for (const StoredLoop& loop : rooms_.store.List()) {
    try {
      FollowSchedules(loop);
      LookAt(rooms_.store.Get(loop.model), rooms_.store.List());
    } catch (const std::exception& error) {
      Log(LogLevel::kError, "loop", "A loop could not be looked at",
          {{"model", loop.model}, {"error", error.what()}});
    }
  }
}

void Loops::FollowEvents() {
  int64_t cursor = rooms_.store.Cursor();
  if (rooms_.events.Last() <= cursor) return;
  const std::vector<StoredLoop> loops = rooms_.store.List();
  for (;;) {
    const auto events = rooms_.events.After(cursor, kEventsPerRead);
    if (events.empty()) break;
    for (const events::Event& event : events) {
      if (event.kind == "alert.closed") FollowEndOf(event, loops);
      std::vector<std::string> models;
      for (const StoredLoop& loop : loops) {
        if (event.seq > loop.events_after && FindTrigger(*loop.policy, event) != nullptr)
          models.push_back(loop.model);
      }
      cursor = event.seq;
      if (models.empty()) continue;
      rooms_.store.ChangeByEvent(
          event.seq, models,
          [&](storage::Connection&, const StoredLoop& loop) -> std::optional<Step> {
            const TriggerRule* rule = FindTrigger(*loop.policy, event);
            if (rule == nullptr) return std::nullopt;
            return Arrive(*loop.policy, loop.state,
                          {.trigger = rule->text,
                           .who = "system",
                           .time_ms = rooms_.clock.NowMs(),
                           .event = event.ToJson()});
          });
    }
  }
  // Its own decisions are events, too; the cursor need not follow them one by one.
  rooms_.store.MoveCursor(cursor);
}

// A trigger that waits for an alert is dropped with it.
void Loops::FollowEndOf(const events::Event& event, const std::vector<StoredLoop>& loops) {
  std::vector<std::string> models;
  for (const StoredLoop& loop : loops) {
    if (event.seq > loop.events_after) models.push_back(loop.model);
  }
  if (models.empty()) return;
  rooms_.store.ChangeByEvent(event.seq, models, [&](storage::Connection&, const StoredLoop& loop) {
    return AlertOver(*loop.policy, loop.state, event.subject, rooms_.clock.NowMs());
  });
}

void Loops::FollowSchedules(const StoredLoop& seen) {
  if (!DueTrigger(*seen.policy, seen.state, rooms_.clock.NowMs())) return;
  rooms_.store.Change(
      seen.model, [&](storage::Connection&, const StoredLoop& loop) -> std::optional<Step> {
        const auto cause = DueTrigger(*loop.policy, loop.state, rooms_.clock.NowMs());
        if (!cause) return std::nullopt;
        return Arrive(*loop.policy, loop.state, *cause);
      });
}

void Loops::LookAt(StoredLoop loop, const std::vector<StoredLoop>& all) {
  for (int step = 0; step < kStepsPerLookMax; ++step) {
    Seen seen = See(loop, all);
    const bool works = !loop.state.is_paused || loop.state.phase == Phase::kRollingBack;
    if (works && loop.state.is_at_endpoint()) {
      Realise(loop, &seen);
      seen.endpoint = SeeEndpoint(loop, all);
    }
    std::optional<pipelines::Pipeline> pipeline;
    pipelines::Params params;
    if (works && loop.state.phase == Phase::kTriggered && loop.state.cause.version.empty()) {
      try {
        pipeline = rooms_.pipelines.Get(loop.policy->retrain.pipeline);
        params = pipelines::ResolveParams(
            *pipeline->spec, RetrainParams(*loop.policy, loop.state.cause, seen.now_ms));
      } catch (const Error& error) {
        pipeline.reset();
        seen.failure = error.message();
      }
    }
    const auto decided = Decide(*loop.policy, loop.state, seen);
    if (!decided) return;
    if (decided->decision.action == Action::kRetrain && !pipeline) return;
    const int64_t looked_at = loop.decisions;
    bool made = false;
    loop = rooms_.store.Change(
        loop.model,
        [&](storage::Connection& connection, const StoredLoop& now) -> std::optional<Step> {
          made = now.decisions == looked_at && now.version == loop.version;
          if (!made) return std::nullopt;  // a person was first
          Step next = *decided;
          if (next.decision.action == Action::kRetrain) {
            next.next.pipeline_run =
                rooms_.pipelines.StartIn(connection, *pipeline, params, kLoopPrincipal).str();
            Json given = Json::MakeObject();
            for (const auto& [name, value] : params) given.Set(name, value);
            next.decision.seen.Set("pipeline_run", next.next.pipeline_run).Set("params", given);
            next.decision.undo = "millwright pipelines cancel " + next.next.pipeline_run;
          }
          return next;
        });
    if (!made) return;
  }
}

Seen Loops::See(const StoredLoop& loop, const std::vector<StoredLoop>& all) {
  const LoopState& state = loop.state;
  Seen seen{.now_ms = rooms_.clock.NowMs()};
  const bool rests = state.phase == Phase::kIdle || state.phase == Phase::kCoolDown;
  if (rests || (state.is_paused && state.phase != Phase::kRollingBack)) return seen;
  seen.run = SeeRun(loop);
  if (state.phase == Phase::kRetraining || state.phase == Phase::kTriggered) return seen;
  seen.endpoint = SeeEndpoint(loop, all);
  if (state.phase == Phase::kGating) {
    const bool asks =
        loop.policy->asks_gates && (!state.is_latched || !state.override_reason.empty());
    if (asks) seen.gate = SeeGate(loop);
    return seen;
  }
  const bool is_shadow = state.phase == Phase::kShadow;
  if (!is_shadow && state.phase != Phase::kCanary) return seen;
  const Arms arms = arms_.Measure(*loop.policy, {.endpoint = loop.endpoint,
                                                 .candidate_version = state.candidate,
                                                 .live_version = state.champion,
                                                 .is_shadow = is_shadow,
                                                 .since_ms = state.entered_ms});
  seen.candidate = arms.candidate;
  seen.live = arms.live;
  const Judgement judgement =
      JudgeArms(loop.policy->worse,
                {.requests_min = is_shadow ? loop.policy->shadow.requests_min
                                           : loop.policy->canary.requests_min,
                 .with_latency = !is_shadow},
                arms.candidate, arms.live);
  Json last = judgement.figures;
  last.Set("since_ms", state.entered_ms)
      .Set("until_ms", seen.now_ms)
      .Set("rule", judgement.rule)
      .Set("reason", judgement.reason);
  std::lock_guard lock(mutex_);
  seen_[loop.model] = std::move(last);
  return seen;
}

std::optional<RunSeen> Loops::SeeRun(const StoredLoop& loop) const {
  if (loop.state.phase != Phase::kRetraining) return std::nullopt;
  const auto run = rooms_.pipelines.GetRun(pipelines::PipelineRunId(loop.state.pipeline_run));
  RunSeen seen;
  switch (run.state) {
    case pipelines::RunState::kQueued:
    case pipelines::RunState::kRunning:
      return seen;
    case pipelines::RunState::kSucceeded:
      seen.state = RunSeen::State::kSucceeded;
      seen.version = VersionOf(run, loop.policy->retrain.version_task);
      return seen;
    case pipelines::RunState::kHeld:
      seen.state = RunSeen::State::kHeld;
      break;
    case pipelines::RunState::kFailed:
    case pipelines::RunState::kCancelled:
      seen.state = RunSeen::State::kFailed;
      break;
  }
  seen.message = RunMessage(run);
  return seen;
}

GateSeen Loops::SeeGate(const StoredLoop& loop) const {
  GateSeen seen;
  try {
    const registry::ModelName model(loop.model);
    const int64_t version = registry::ParseVersion(loop.state.candidate);
    rooms_.registry.RequireServable(model, version);
    const auto verdicts =
        rooms_.registry.JudgeMove(model, {.alias = loop.policy->alias, .stage = {}}, version);
    seen.refusal = registry::Refusals(verdicts);
    seen.verdicts = registry::VerdictsToJson(verdicts);
  } catch (const Error& error) {
    if (error.code() == Code::kUnavailable || error.code() == Code::kInternal) throw;
    seen.refusal = error.message();
  }
  return seen;
}

EndpointSeen Loops::SeeEndpoint(const StoredLoop& loop, const std::vector<StoredLoop>& all) const {
  const LoopState& state = loop.state;
  EndpointSeen seen;
  try {
    seen.alias_version = std::to_string(
        rooms_.registry.GetByAlias(registry::ModelName(loop.model), loop.policy->alias).version);
  } catch (const Error& error) {
    if (error.code() != Code::kInvalidArgument && error.code() != Code::kNotFound) throw;
  }
  serving::EndpointStatus status;
  try {
    status = rooms_.gateway.Get(serving::EndpointName(loop.endpoint));
  } catch (const Error& error) {
    if (error.code() != Code::kNotFound) throw;
    return seen;
  }
  const serving::EndpointRecord& record = status.record;
  seen.exists = true;
  seen.is_rolling_out = record.promoting.has_value();
  if (const auto* live = record.FindRole(serving::Role::kLive))
    seen.live_version = live->model_version;
  const auto* candidate = FindAtWork(record, state.candidate);
  seen.candidate = RoleOf(candidate);
  if (candidate != nullptr) seen.candidate_weight = candidate->weight;
  for (const auto& revision : status.revisions) {
    if (candidate != nullptr && revision.record.id == candidate->id)
      seen.candidate_failure = revision.failure;
    const bool is_other = revision.record.model_version != state.candidate;
    if (is_other && revision.record.role == serving::Role::kCanary)
      seen.busy = fmt::format("version {} is a canary at endpoint {}",
                              revision.record.model_version, loop.endpoint);
    // That a rollout of the candidate was undone since the loop wanted it.
    const bool was_undone = !is_other && revision.record.role == serving::Role::kRetired &&
                            revision.record.retired_ms.value_or(0) >= state.entered_ms;
    if (was_undone) seen.rollout_error = record.rollout_error;
  }
  for (const StoredLoop& other : all) {
    if (other.model != loop.model && other.endpoint == loop.endpoint &&
        other.state.is_at_endpoint())
      seen.busy =
          fmt::format("the loop of {} is at work at endpoint {}", other.model, loop.endpoint);
  }
  return seen;
}

serving::RevisionSpec Loops::RevisionOf(const StoredLoop& loop, const std::string& version) const {
  const auto record = rooms_.gateway.Get(serving::EndpointName(loop.endpoint)).record;
  const auto* live = record.FindRole(serving::Role::kLive);
  if (live != nullptr)
    rooms_.registry.LearnSchema(registry::ModelName(loop.model),
                                registry::ParseVersion(live->model_version));
  return rooms_.revision(loop.model, version, live == nullptr ? 1 : live->replicas);
}

void Loops::Realise(const StoredLoop& loop, Seen* seen) {
  const EndpointSeen endpoint = seen->endpoint;
  if (!endpoint.exists) return;
  try {
    if (loop.state.phase == Phase::kPromoting) {
      RealisePromotion(loop, endpoint, seen);
    } else if (loop.state.phase == Phase::kRollingBack) {
      RealiseRollback(loop, endpoint);
    } else {
      RealiseCandidate(loop, endpoint);
    }
  } catch (const Error& error) {
    if (error.code() == Code::kUnavailable) throw;  // the next look tries again
    seen->failure = error.message();
  }
}

void Loops::RealiseCandidate(const StoredLoop& loop, const EndpointSeen& endpoint) {
  const LoopState& state = loop.state;
  // Somebody else's changes are left alone and end the attempt.
  if (endpoint.live_version != state.champion || endpoint.is_rolling_out) return;
  const serving::EndpointName name(loop.endpoint);
  if (state.phase == Phase::kShadow) {
    if (endpoint.candidate == CandidateRole::kNone)
      rooms_.gateway.AddShadow(name, RevisionOf(loop, state.candidate), kLoopPrincipal);
    return;
  }
  const int weight = loop.policy->canary.steps[static_cast<size_t>(state.step)];
  if (endpoint.candidate != CandidateRole::kCanary || endpoint.candidate_weight != weight)
    rooms_.gateway.StartCanary(name, RevisionOf(loop, state.candidate), weight, kLoopPrincipal);
}

// The alias goes first: where its gates refuse, the endpoint stays as it is.
void Loops::RealisePromotion(const StoredLoop& loop, const EndpointSeen& endpoint, Seen* seen) {
  const LoopState& state = loop.state;
  if (endpoint.alias_version != state.candidate) {
    try {
      rooms_.registry.SetAlias(
          registry::ModelName(loop.model),
          {.alias = loop.policy->alias,
           .version = registry::ParseVersion(state.candidate),
           .override_reason = state.gate_override},
          registry::Author(kLoopPrincipal,
                           fmt::format("the loop promotes it: {}", state.cause.trigger)));
    } catch (const Error& error) {
      if (error.code() == Code::kFailedPrecondition) seen->is_gate_failure = true;
      throw;
    }
  }
  const bool was_undone = !endpoint.rollout_error.empty();
  if (endpoint.live_version == state.candidate || endpoint.is_rolling_out || was_undone) return;
  rooms_.gateway.Deploy(serving::EndpointName(loop.endpoint), loop.model,
                        RevisionOf(loop, state.candidate), kLoopPrincipal);
}

void Loops::RealiseRollback(const StoredLoop& loop, const EndpointSeen& endpoint) {
  const LoopState& state = loop.state;
  const serving::EndpointName name(loop.endpoint);
  if (endpoint.alias_version == state.candidate) {
    const registry::ModelName model(loop.model);
    const registry::Author by(kLoopPrincipal, "the loop rolls back: " + state.ending_reason);
    try {
      rooms_.registry.RollBackAlias(model,
                                    {.alias = loop.policy->alias,
                                     .from = registry::ParseVersion(state.candidate),
                                     .override_reason = "rolled back: " + state.ending_reason},
                                    by);
    } catch (const Error& error) {
      // It had no place before.
      if (error.code() != Code::kFailedPrecondition) throw;
      rooms_.registry.DeleteAlias(model, loop.policy->alias, by);
    }
  }
  const auto record = rooms_.gateway.Get(name).record;
  const auto* candidate = FindAtWork(record, state.candidate);
  if (candidate == nullptr) return;
  const bool is_promoting = record.promoting == candidate->id;
  if (candidate->role == serving::Role::kLive) {
    // What goes back already is left alone.
    if (!record.promoting) rooms_.gateway.Rollback(name, kLoopPrincipal);
  } else if (is_promoting) {
    rooms_.gateway.Rollback(name, kLoopPrincipal);
  } else {
    rooms_.gateway.Retire(name, candidate->id, kLoopPrincipal);
  }
}

}  // namespace millwright::loop

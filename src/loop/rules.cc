#include "loop/rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"

namespace millwright::loop {
namespace {

constexpr int64_t kDayMs = 86'400'000;

std::string Command(std::string_view verb, const Policy& policy) {
  return fmt::format("millwright loop {} {} --reason \"…\"", verb, policy.model);
}

// How to undo what was done, from the state that it led to.
std::string UndoOf(const Policy& policy, Action action, const LoopState& next) {
  switch (action) {
    case Action::kTrigger:
    case Action::kJudge:
    case Action::kReady:
    case Action::kResume:
      return Command("pause", policy);
    case Action::kRetrain:
      return next.pipeline_run.empty() ? "" : "millwright pipelines cancel " + next.pipeline_run;
    case Action::kShadow:
    case Action::kCanary:
    case Action::kPromote:
      return Command("rollback", policy);
    case Action::kEnd:
      if (next.ending == Ending::kPromoted) return Command("rollback", policy);
      return next.candidate.empty() ? Command("trigger", policy) : Command("override", policy);
    case Action::kHold:
      return next.hold.starts_with("approval.") ? Command("approve", policy)
                                                : Command("override", policy);
    case Action::kRollBack:
      return Command("override", policy);
    case Action::kPause:
      return Command("resume", policy);
    case Action::kQueue:
    case Action::kSkip:
      return Command("trigger", policy);
    case Action::kApprove:
    case Action::kOverride:
      return next.is_at_endpoint() ? Command("rollback", policy) : Command("pause", policy);
  }
  return "";
}

void KeepDay(int64_t now_ms, std::vector<int64_t>* times) {
  std::erase_if(*times, [&](int64_t time) { return time <= now_ms - kDayMs; });
}

bool Has(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

void Refuse(const std::string& version, LoopState* state) {
  if (version.empty() || Has(state->refused, version)) return;
  state->refused.push_back(version);
  if (state->refused.size() > kRefusedMax) state->refused.erase(state->refused.begin());
}

// Makes the step that leads to a state, and fills in what follows from both.
Step MakeStep(const Policy& policy, const LoopState& from, LoopState next, int64_t now_ms,
              Action action, std::string rule, std::string reason, Json seen = Json()) {
  const bool moves = next.phase != from.phase || next.step != from.step;
  if (moves) next.entered_ms = now_ms;
  Decision decision{.time_ms = now_ms,
                    .from = from.phase,
                    .to = next.phase,
                    .action = action,
                    .rule = std::move(rule),
                    .reason = std::move(reason),
                    .seen = seen.is_null() ? Json::MakeObject() : std::move(seen),
                    .undo = UndoOf(policy, action, next)};
  return {std::move(decision), std::move(next)};
}

// What an attempt begins with: all that was of the last one is gone.
LoopState Begin(const LoopState& state, const Cause& cause) {
  LoopState next = state;
  next.phase = Phase::kTriggered;
  next.cause = cause;
  next.waiting.reset();
  next.behind.clear();
  next.pipeline_run.clear();
  next.candidate.clear();
  next.champion.clear();
  next.step = 0;
  next.hold.clear();
  next.is_latched = false;
  next.approved.clear();
  next.override_reason.clear();
  next.gate_override.clear();
  next.ending = Ending::kNone;
  next.ending_reason.clear();
  return next;
}

// What an alert's event says of it: its own words, else its figure.
std::string AlertText(const Json& payload) {
  const auto text = [&](std::string_view key) {
    const Json* value = payload.Find(key);
    return value == nullptr || !value->is_string() ? "" : value->AsString();
  };
  for (const char* words : {"message", "summary"}) {
    if (!text(words).empty()) return text(words);
  }
  const Json* value = payload.Find("value");
  const Json* threshold = payload.Find("threshold");
  if (text("feature").empty() || value == nullptr || threshold == nullptr || !value->is_number() ||
      !threshold->is_number()) {
    return "";
  }
  return fmt::format("{} is {:.3g}, the threshold {:.3g}", text("feature"), value->AsDouble(),
                     threshold->AsDouble());
}

std::string CauseText(const Cause& cause) {
  std::string text = cause.trigger;
  if (!cause.version.empty()) text += " for version " + cause.version;
  std::string reason = cause.reason;
  if (reason.empty() && !cause.event.is_null()) reason = AlertText(cause.event.At("payload"));
  if (!reason.empty()) text += ": " + reason;
  return text;
}

// "alert:al-0123"; empty where no event was the cause.
std::string SubjectOf(const Cause& cause) {
  return cause.event.is_null() ? "" : cause.event.GetString("subject");
}

bool IsAlert(const Cause& cause) {
  return SubjectOf(cause).starts_with("alert:");
}

Json CauseSeen(const Cause& cause) {
  return cause.event.is_null() ? Json() : Json::Of({{"event", cause.event}});
}

// The decisions of one moment.
class Decider {
 public:
  Decider(const Policy& policy, const LoopState& state, const Seen& seen)
      : policy_(policy), state_(state), seen_(seen), next_(state) {
    KeepDay(seen.now_ms, &next_.promotions_ms);
    KeepDay(seen.now_ms, &next_.retrainings_ms);
  }

  std::optional<Step> Decide() {
    // A person's rollback goes on; nothing else does.
    if (state_.is_paused && state_.phase != Phase::kRollingBack) return std::nullopt;
    switch (state_.phase) {
      case Phase::kIdle:
        return Idle();
      case Phase::kTriggered:
        return Triggered();
      case Phase::kRetraining:
        return Retraining();
      case Phase::kGating:
        return Gating();
      case Phase::kShadow:
      case Phase::kCanary:
        return AtEndpoint();
      case Phase::kPromoting:
        return Promoting();
      case Phase::kRollingBack:
        return RollingBack();
      case Phase::kCoolDown:
        return CoolDown();
    }
    return std::nullopt;
  }

 private:
  bool IsOverridden() const { return !state_.override_reason.empty(); }
  bool WaitsToBegin(int64_t since_ms) const {
    return state_.waiting && seen_.now_ms >= since_ms + policy_.limits.cooldown_ms;
  }

  Step Go(Action action, std::string rule, std::string reason, Json seen = Json()) {
    next_.hold.clear();
    next_.is_latched = false;
    next_.override_reason.clear();
    return MakeStep(policy_, state_, next_, seen_.now_ms, action, std::move(rule),
                    std::move(reason), std::move(seen));
  }

  enum class Latch { kOpen, kClosed };
  // Said once: as long as the same rule holds there is nothing new to say.
  std::optional<Step> Hold(std::string rule, std::string reason, Json seen = Json(),
                           Latch latch = Latch::kOpen) {
    if (state_.hold == rule) return std::nullopt;
    next_.hold = rule;
    next_.is_latched = latch == Latch::kClosed;
    if (next_.is_latched) {
      next_.ended_ms = seen_.now_ms;
      next_.ending_reason = reason;
    }
    return MakeStep(policy_, state_, next_, seen_.now_ms, Action::kHold, std::move(rule),
                    std::move(reason), std::move(seen));
  }

  Step End(Ending ending, std::string rule, std::string reason, Json seen = Json()) {
    next_.phase = Phase::kCoolDown;
    next_.ending = ending;
    next_.ending_reason = reason;
    next_.ended_ms = seen_.now_ms;
    next_.gate_override.clear();
    return Go(Action::kEnd, std::move(rule), std::move(reason), std::move(seen));
  }

  Step TakeOff(Ending ending, std::string rule, std::string reason, Json seen = Json()) {
    next_.phase = Phase::kRollingBack;
    next_.ending = ending;
    next_.ending_reason = reason;
    Refuse(next_.candidate, &next_);
    return Go(Action::kRollBack, std::move(rule), std::move(reason), std::move(seen));
  }

  Step BeginWaiting() {
    const Cause cause = *state_.waiting;
    next_ = Begin(next_, cause);
    return Go(Action::kTrigger, "trigger", CauseText(cause), CauseSeen(cause));
  }

  std::optional<Step> Idle() {
    if (!state_.waiting) return std::nullopt;
    return BeginWaiting();
  }

  // Whether a person has to be asked first; then `hold` is what to say.
  bool Asks(Approval approval, std::optional<Step>* hold) {
    const std::string name(ApprovalName(approval));
    if (!policy_.Needs(approval) || Has(state_.approved, name) || IsOverridden()) return false;
    *hold = Hold("approval." + name, fmt::format("somebody has to approve: {}", name));
    return true;
  }

  std::optional<Step> Triggered() {
    if (!state_.cause.version.empty()) {
      next_.candidate = state_.cause.version;
      return ToGate();
    }
    if (!seen_.failure.empty() && !IsOverridden())
      return Hold("retrain.cannot_start", seen_.failure);
    std::optional<Step> hold;
    if (Asks(Approval::kRetrain, &hold)) return hold;
    const auto today = static_cast<int64_t>(next_.retrainings_ms.size());
    if (today >= policy_.limits.retrainings_per_day && !IsOverridden()) {
      return Hold("limits.retrainings_per_day",
                  fmt::format("{} retrainings began within a day, {} may", today,
                              policy_.limits.retrainings_per_day));
    }
    next_.phase = Phase::kRetraining;
    next_.retrainings_ms.push_back(seen_.now_ms);
    return Go(Action::kRetrain, "retrain", "pipeline " + policy_.retrain.pipeline,
              CauseSeen(state_.cause));
  }

  Step ToGate() {
    next_.phase = Phase::kGating;
    return Go(Action::kJudge, "gate", fmt::format("version {} is the candidate", next_.candidate));
  }

  std::optional<Step> Retraining() {
    if (!seen_.run || seen_.run->state == RunSeen::State::kRunning) return std::nullopt;
    const RunSeen& run = *seen_.run;
    const Json seen = Json::Of({{"pipeline_run", state_.pipeline_run}, {"message", run.message}});
    const std::string words = run.message.empty() ? "" : ": " + run.message;
    if (run.state == RunSeen::State::kHeld) {
      return End(Ending::kHeld, "retrain.held", "the pipeline held the run" + words, seen);
    }
    if (run.state == RunSeen::State::kFailed) {
      return End(Ending::kFailed, "retrain.failed", "the pipeline failed" + words, seen);
    }
    if (run.version.empty()) {
      return End(Ending::kFailed, "retrain.no_version",
                 "no task of the pipeline's run said which version it made", seen);
    }
    next_.candidate = run.version;
    return ToGate();
  }

  std::optional<Step> Gating() {
    if (state_.is_latched && !IsOverridden()) {
      if (WaitsToBegin(state_.ended_ms)) return BeginWaiting();
      return std::nullopt;
    }
    const std::string& version = state_.candidate;
    if (Has(state_.refused, version) && !state_.cause.by_hand() && !IsOverridden()) {
      return Hold("refused", fmt::format("version {} was refused before", version), Json(),
                  Latch::kClosed);
    }
    if (seen_.endpoint.exists && seen_.endpoint.live_version == version) {
      return End(Ending::kHeld, "gate.same_version",
                 fmt::format("version {} is live already", version));
    }
    if (seen_.gate && !seen_.gate->refusal.empty()) {
      if (!IsOverridden()) {
        Refuse(version, &next_);
        return Hold("gate", seen_.gate->refusal, Json::Of({{"verdicts", seen_.gate->verdicts}}),
                    Latch::kClosed);
      }
      next_.gate_override = state_.override_reason;
    }
    return Advance(Phase::kGating,
                   seen_.gate ? Json::Of({{"verdicts", seen_.gate->verdicts}}) : Json(),
                   policy_.asks_gates ? "the gates passed" : "no gate is asked");
  }

  // To the next stage that the policy has, unless something stands before it.
  std::optional<Step> Advance(Phase from, Json seen, const std::string& why) {
    if (from == Phase::kGating) {
      if (!seen_.failure.empty()) return Hold("endpoint.cannot", seen_.failure);
      if (!seen_.endpoint.exists) {
        return Hold("endpoint.absent", fmt::format("there is no endpoint {}", policy_.endpoint));
      }
      if (!seen_.endpoint.busy.empty()) return Hold("endpoint.busy", seen_.endpoint.busy);
      next_.champion = seen_.endpoint.live_version;
      if (policy_.shadow.is_on) return Enter(Phase::kShadow, std::move(seen), why);
    }
    const bool has_steps = !policy_.canary.steps.empty();
    if (from != Phase::kCanary && has_steps) return Enter(Phase::kCanary, std::move(seen), why);
    if (from == Phase::kCanary && state_.step + 1 < static_cast<int>(policy_.canary.steps.size())) {
      next_.step = state_.step + 1;
      return Go(Action::kCanary, "canary.step", StepText(why), std::move(seen));
    }
    return Enter(Phase::kPromoting, std::move(seen), why);
  }

  std::string StepText(const std::string& why) const {
    return fmt::format("{}; the candidate answers {} percent", why,
                       policy_.canary.steps[static_cast<size_t>(next_.step)]);
  }

  std::optional<Step> Enter(Phase phase, Json seen, const std::string& why) {
    std::optional<Step> hold;
    if (phase == Phase::kShadow) {
      if (Asks(Approval::kShadow, &hold)) return hold;
      next_.phase = phase;
      return Go(Action::kShadow, "shadow", why + "; the candidate is sent copies of all requests",
                std::move(seen));
    }
    if (phase == Phase::kCanary) {
      if (Asks(Approval::kCanary, &hold)) return hold;
      next_.phase = phase;
      next_.step = 0;
      return Go(Action::kCanary, "canary.step", StepText(why), std::move(seen));
    }
    if (Asks(Approval::kPromotion, &hold)) return hold;
    const auto today = static_cast<int64_t>(next_.promotions_ms.size());
    if (today >= policy_.limits.promotions_per_day && !IsOverridden()) {
      return Hold("limits.promotions_per_day",
                  fmt::format("{} promotions within a day, {} may be", today,
                              policy_.limits.promotions_per_day));
    }
    next_.phase = phase;
    return Go(
        Action::kPromote, "promote",
        fmt::format("{}; version {} takes over from {}", why, state_.candidate, next_.champion),
        std::move(seen));
  }

  // What ends a shadow or a canary whatever the figures say.
  std::optional<Step> Interrupted() {
    const EndpointSeen& endpoint = seen_.endpoint;
    if (!endpoint.exists) {
      return End(Ending::kHeld, "endpoint.absent",
                 fmt::format("endpoint {} is gone", policy_.endpoint));
    }
    if (endpoint.live_version == state_.candidate && !endpoint.is_rolling_out) {
      return End(Ending::kHeld, "endpoint.changed",
                 fmt::format("somebody made version {} live", state_.candidate));
    }
    if (endpoint.live_version != state_.champion) {
      return TakeOff(Ending::kHeld, "endpoint.changed",
                     fmt::format("version {} is live and no longer {}", endpoint.live_version,
                                 state_.champion));
    }
    if (!endpoint.candidate_failure.empty()) {
      return TakeOff(Ending::kRolledBack, "candidate.cannot_serve", endpoint.candidate_failure);
    }
    if (!seen_.failure.empty() && !IsOverridden()) return Hold("endpoint.cannot", seen_.failure);
    return std::nullopt;
  }

  std::optional<Step> AtEndpoint() {
    const bool is_shadow = state_.phase == Phase::kShadow;
    if (auto step = Interrupted()) return step;
    if (!seen_.failure.empty() && !IsOverridden()) return std::nullopt;
    if (IsOverridden())
      return Advance(state_.phase, Json(), "overridden: " + state_.override_reason);
    const int64_t requests_min =
        is_shadow ? policy_.shadow.requests_min : policy_.canary.requests_min;
    const int64_t duration_ms = is_shadow ? policy_.shadow.duration_ms : policy_.canary.duration_ms;
    const int64_t patience_ms = is_shadow ? policy_.shadow.patience_ms : policy_.canary.patience_ms;
    const Judgement judgement =
        JudgeArms(policy_.worse, {.requests_min = requests_min, .with_latency = !is_shadow},
                  seen_.candidate, seen_.live);
    const int64_t waited_ms = seen_.now_ms - state_.entered_ms;
    Json seen = judgement.figures;
    seen.Set("since_ms", state_.entered_ms).Set("until_ms", seen_.now_ms);
    if (judgement.verdict == Verdict::kWorse) {
      return TakeOff(Ending::kRolledBack, judgement.rule, judgement.reason, std::move(seen));
    }
    if (judgement.verdict == Verdict::kNotWorse) {
      if (waited_ms >= duration_ms) return Advance(state_.phase, std::move(seen), judgement.reason);
      return Hold(
          "duration",
          fmt::format("{}; at least {} are to pass", judgement.reason, DurationText(duration_ms)),
          std::move(seen));
    }
    if (waited_ms >= patience_ms) {
      return TakeOff(Ending::kHeld, "patience",
                     fmt::format("after {}: {}", DurationText(waited_ms), judgement.reason),
                     std::move(seen));
    }
    return Hold(judgement.rule, judgement.reason, std::move(seen));
  }

  std::optional<Step> Promoting() {
    const EndpointSeen& endpoint = seen_.endpoint;
    const bool is_live = endpoint.live_version == state_.candidate && !endpoint.is_rolling_out;
    if (is_live && endpoint.alias_version == state_.candidate) {
      next_.promotions_ms.push_back(seen_.now_ms);
      return End(Ending::kPromoted, "promoted",
                 fmt::format("version {} is live and {}", state_.candidate, policy_.alias));
    }
    if (!seen_.failure.empty()) {
      if (seen_.is_gate_failure) {
        if (IsOverridden()) {
          next_.gate_override = state_.override_reason;
          return Go(Action::kPromote, "override", state_.override_reason);
        }
        return Hold("gate", seen_.failure, Json(), Latch::kClosed);
      }
      return Hold("endpoint.cannot", seen_.failure);
    }
    if (!is_live && !endpoint.is_rolling_out && !endpoint.rollout_error.empty()) {
      return TakeOff(Ending::kRolledBack, "rollout.undone", endpoint.rollout_error);
    }
    return std::nullopt;
  }

  std::optional<Step> RollingBack() {
    const EndpointSeen& endpoint = seen_.endpoint;
    const bool is_off =
        !endpoint.exists || (endpoint.candidate == CandidateRole::kNone &&
                             endpoint.live_version != state_.candidate && !endpoint.is_rolling_out);
    if (is_off && endpoint.alias_version != state_.candidate) {
      return End(
          state_.ending, "rolled_back",
          fmt::format("version {} is live: {}", endpoint.live_version, state_.ending_reason));
    }
    if (!seen_.failure.empty()) return Hold("endpoint.cannot", seen_.failure);
    return std::nullopt;
  }

  std::optional<Step> CoolDown() {
    if (seen_.now_ms < state_.ended_ms + policy_.limits.cooldown_ms) return std::nullopt;
    next_.phase = Phase::kIdle;
    return Go(Action::kReady, "limits.cooldown",
              fmt::format("{} have passed", DurationText(policy_.limits.cooldown_ms)));
  }

  const Policy& policy_;
  const LoopState& state_;
  const Seen& seen_;
  LoopState next_;
};

void RequireReason(const Person& by) {
  if (by.reason.empty()) throw InvalidArgument("Say why").WithField("reason");
}

Step ByPerson(const Policy& policy, const LoopState& state, LoopState next, const Person& by,
              Action action, std::string rule) {
  Step step =
      MakeStep(policy, state, std::move(next), by.time_ms, action, std::move(rule), by.reason);
  step.decision.who = by.who;
  return step;
}

}  // namespace

std::optional<Step> Decide(const Policy& policy, const LoopState& state, const Seen& seen) {
  return Decider(policy, state, seen).Decide();
}

Step Arrive(const Policy& policy, const LoopState& state, const Cause& cause) {
  const int64_t now_ms = cause.time_ms;
  LoopState next = state;
  const std::vector<int64_t> due = NextDue(policy, now_ms);
  for (size_t i = 0; i < std::min(due.size(), next.due_ms.size()); ++i) {
    const bool is_this = policy.triggers[i].text == cause.trigger && next.due_ms[i] > 0;
    if (is_this && next.due_ms[i] <= now_ms) next.due_ms[i] = due[i];
  }
  const auto with_who = [&](Step step) {
    step.decision.who = cause.who;
    return step;
  };
  // A latched candidate is done with, unless a person takes it up again.
  const bool can_begin = !state.is_busy() || state.is_latched;
  if (cause.by_hand()) {
    if (state.is_paused) throw FailedPrecondition("The loop of {} is paused", policy.model);
    if (!can_begin || (state.is_latched && state.is_at_endpoint())) {
      throw FailedPrecondition("An attempt is under way; it is {}", Name(state.phase));
    }
    return with_who(MakeStep(policy, state, Begin(next, cause), now_ms, Action::kTrigger, "trigger",
                             CauseText(cause), CauseSeen(cause)));
  }
  if (state.phase == Phase::kIdle && !state.is_paused && !state.waiting) {
    return with_who(MakeStep(policy, state, Begin(next, cause), now_ms, Action::kTrigger, "trigger",
                             CauseText(cause), CauseSeen(cause)));
  }
  if (state.waiting) {
    const bool may_follow = IsAlert(cause) && IsAlert(*state.waiting);
    if (may_follow && next.behind.size() < kAlertsBehindMax) next.behind.push_back(cause);
    return with_who(MakeStep(policy, state, next, now_ms, Action::kSkip, "trigger.waiting",
                             CauseText(cause) + "; another trigger waits already",
                             CauseSeen(cause)));
  }
  next.waiting = cause;
  const std::string why =
      state.is_paused ? "the loop is paused" : fmt::format("the loop is {}", Name(state.phase));
  return with_who(MakeStep(policy, state, next, now_ms, Action::kQueue, "trigger.busy",
                           CauseText(cause) + "; it waits, for " + why, CauseSeen(cause)));
}

std::optional<Step> AlertOver(const Policy& policy, const LoopState& state,
                              const std::string& subject, int64_t now_ms) {
  const auto is_it = [&](const Cause& cause) { return SubjectOf(cause) == subject; };
  const bool waits = state.waiting && is_it(*state.waiting);
  const auto behind = std::find_if(state.behind.begin(), state.behind.end(), is_it);
  if (!waits && behind == state.behind.end()) return std::nullopt;
  LoopState next = state;
  std::erase_if(next.behind, is_it);
  const Cause over = waits ? *state.waiting : *behind;
  std::string reason = CauseText(over) + "; the alert is over: nothing is retrained for it";
  if (waits) {
    next.waiting.reset();
    if (!next.behind.empty()) {
      next.waiting = next.behind.front();
      next.behind.erase(next.behind.begin());
      reason += "; in its place waits " + CauseText(*next.waiting);
    }
  }
  return MakeStep(policy, state, next, now_ms, Action::kSkip, "trigger.over", reason,
                  CauseSeen(over));
}

const TriggerRule* FindTrigger(const Policy& policy, const events::Event& event) {
  for (const TriggerRule& rule : policy.triggers) {
    if (rule.kind == TriggerKind::kNewData && event.kind == "dataset.version_created") {
      const std::string subject = "dataset:" + rule.dataset;
      if (event.subject == subject || event.subject.starts_with(subject + "@")) return &rule;
    }
    if (rule.kind != TriggerKind::kAlert || event.kind != "alert.opened") continue;
    // An alert that names an endpoint concerns that one; one that names none has to be asked for.
    const std::string endpoint = event.payload.GetString("endpoint");
    if (endpoint.empty() ? rule.payload.AsObject().empty() : endpoint != policy.endpoint) continue;
    const bool matches = std::all_of(rule.payload.AsObject().begin(), rule.payload.AsObject().end(),
                                     [&](const Json::Field& field) {
                                       const Json* found = event.payload.Find(field.first);
                                       return found != nullptr && *found == field.second;
                                     });
    if (matches) return &rule;
  }
  return nullptr;
}

int64_t WindowEnd(const Cause& cause, int64_t now_ms) {
  if (cause.event.is_null()) return now_ms;
  return cause.event.At("payload").GetInt("window_end_ms", now_ms);
}

pipelines::Params RetrainParams(const Policy& policy, const Cause& cause, int64_t now_ms) {
  const int64_t to_ms = WindowEnd(cause, now_ms);
  const int64_t from_ms = to_ms - policy.retrain.window_ms;
  const pipelines::Scope scope = [&](const pipelines::Reference& reference) -> std::string {
    if (reference[0] == "trigger") return cause.trigger;
    if (reference[0] == "window") return FormatTime(reference.back() == "from" ? from_ms : to_ms);
    if (cause.event.is_null()) return "";
    return pipelines::EventValue(cause.event, reference);
  };
  pipelines::Params params;
  for (const auto& [name, text] : policy.retrain.params) {
    const std::string value = text.Fill(scope);
    // What the event lacks is the pipeline's default.
    if (!value.empty()) params[name] = value;
  }
  return params;
}

std::vector<int64_t> NextDue(const Policy& policy, int64_t after_ms) {
  std::vector<int64_t> due;
  for (const TriggerRule& rule : policy.triggers) {
    int64_t next_ms = 0;
    if (rule.kind == TriggerKind::kEvery) next_ms = after_ms + rule.every_ms;
    if (rule.kind == TriggerKind::kCron) next_ms = rule.cron->NextAfter(after_ms);
    due.push_back(next_ms);
  }
  return due;
}

std::optional<Cause> DueTrigger(const Policy& policy, const LoopState& state, int64_t now_ms) {
  const size_t count = std::min(policy.triggers.size(), state.due_ms.size());
  for (size_t i = 0; i < count; ++i) {
    if (state.due_ms[i] == 0 || now_ms < state.due_ms[i]) continue;
    return Cause{.trigger = policy.triggers[i].text, .who = "system", .time_ms = now_ms};
  }
  return std::nullopt;
}

Step Pause(const Policy& policy, const LoopState& state, const Person& by) {
  RequireReason(by);
  if (state.is_paused) throw FailedPrecondition("The loop of {} is paused already", policy.model);
  LoopState next = state;
  next.is_paused = true;
  next.pause_reason = by.reason;
  return ByPerson(policy, state, std::move(next), by, Action::kPause, "pause");
}

Step Resume(const Policy& policy, const LoopState& state, const Person& by) {
  RequireReason(by);
  if (!state.is_paused) throw FailedPrecondition("The loop of {} is not paused", policy.model);
  LoopState next = state;
  next.is_paused = false;
  next.pause_reason.clear();
  return ByPerson(policy, state, std::move(next), by, Action::kResume, "resume");
}

Step Approve(const Policy& policy, const LoopState& state, const Person& by) {
  RequireReason(by);
  constexpr std::string_view kPrefix = "approval.";
  if (!state.hold.starts_with(kPrefix)) {
    throw FailedPrecondition("Nothing of {} waits for an approval", policy.model);
  }
  LoopState next = state;
  next.approved.push_back(state.hold.substr(kPrefix.size()));
  next.hold.clear();
  return ByPerson(policy, state, std::move(next), by, Action::kApprove, state.hold);
}

Step Override(const Policy& policy, const LoopState& state, const Person& by) {
  RequireReason(by);
  LoopState next = state;
  next.override_reason = by.reason;
  if (state.is_busy() && state.phase != Phase::kRetraining && state.phase != Phase::kRollingBack) {
    if (state.hold.empty()) {
      throw FailedPrecondition("Nothing holds {}; it is {}", policy.model, Name(state.phase));
    }
    next.is_latched = false;
    std::erase(next.refused, state.candidate);
    return ByPerson(policy, state, std::move(next), by, Action::kOverride, state.hold);
  }
  const bool is_over = state.phase == Phase::kIdle || state.phase == Phase::kCoolDown;
  const bool was_stopped = state.ending == Ending::kHeld || state.ending == Ending::kRolledBack;
  if (!is_over || !was_stopped || state.candidate.empty()) {
    throw FailedPrecondition("Nothing of {} is held or was rolled back", policy.model);
  }
  // The candidate comes again, with a person's word for it.
  const std::string version = state.candidate;
  next = Begin(state, {.trigger = "by hand",
                       .reason = by.reason,
                       .who = by.who,
                       .time_ms = by.time_ms,
                       .version = version});
  next.phase = Phase::kGating;
  next.candidate = version;
  next.override_reason = by.reason;
  std::erase(next.refused, version);
  return ByPerson(policy, state, std::move(next), by, Action::kOverride,
                  std::string(Name(state.ending)));
}

Step RollBack(const Policy& policy, const LoopState& state, const Person& by) {
  RequireReason(by);
  const bool was_promoted = !state.is_busy() && state.ending == Ending::kPromoted;
  const bool is_at_work = state.is_at_endpoint() && state.phase != Phase::kRollingBack;
  if (!was_promoted && !is_at_work && state.phase != Phase::kGating) {
    throw FailedPrecondition("No candidate of {} is at its endpoint, and none was promoted last",
                             policy.model);
  }
  LoopState next = state;
  next.phase = Phase::kRollingBack;
  next.ending = Ending::kRolledBack;
  next.ending_reason = by.reason;
  next.hold.clear();
  next.is_latched = false;
  next.override_reason.clear();
  Refuse(state.candidate, &next);
  return ByPerson(policy, state, std::move(next), by, Action::kRollBack, "rollback");
}

}  // namespace millwright::loop

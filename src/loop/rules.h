#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "events/event_log.h"
#include "loop/evidence.h"
#include "loop/policy.h"
#include "loop/state.h"
#include "pipelines/pipeline_store.h"

// What a loop decides: pure functions of the policy, the state and what is seen. The server and the
// simulator decide by these and by nothing else.
namespace millwright::loop {

// The pipeline run of an attempt, as it is now.
struct RunSeen {
  enum class State { kRunning, kSucceeded, kHeld, kFailed };
  State state = State::kRunning;
  std::string version;  // that it has made, where it says so
  std::string message;
};

struct GateSeen {
  std::string refusal;  // empty: it may pass
  Json verdicts;
};

enum class CandidateRole { kNone, kShadow, kCanary, kLive };

struct EndpointSeen {
  bool exists = false;
  std::string live_version;
  CandidateRole candidate = CandidateRole::kNone;
  int candidate_weight = 0;
  std::string candidate_failure;  // why it cannot start
  bool is_rolling_out = false;
  std::string rollout_error;
  std::string busy;  // who else is at work there, in words; empty if nobody is
  std::string alias_version;
};

// What is looked at before a decision. Only what the phase needs is filled in.
struct Seen {
  int64_t now_ms = 0;
  std::optional<RunSeen> run;
  std::optional<GateSeen> gate;
  EndpointSeen endpoint;
  ArmFigures candidate, live;  // since LoopState::entered_ms
  // Why what the phase wants of the endpoint or the alias could not be done, empty when it could.
  std::string failure;
  bool is_gate_failure = false;
};

// A decision with the state that it leads to.
struct Step {
  Decision decision;  // without its number
  LoopState next;
};

// What follows now; nothing while nothing changes: a hold is said once.
std::optional<Step> Decide(const Policy& policy, const LoopState& state, const Seen& seen);

// What a trigger does: begins an attempt, waits or is dropped. A person's begins at once when no
// attempt is under way, and is refused with kFailedPrecondition when one is.
Step Arrive(const Policy& policy, const LoopState& state, const Cause& cause);

// What follows of an alert that is over: the trigger that waits for it, through a cool-down maybe,
// is dropped, and the next alert that came meanwhile waits in its place. Nothing where none waits.
std::optional<Step> AlertOver(const Policy& policy, const LoopState& state,
                              const std::string& subject, int64_t now_ms);

// The rule of the policy that waits for an event, or nullptr.
const TriggerRule* FindTrigger(const Policy& policy, const events::Event& event);
// The end of what a retraining is trained on: that of the alert's window where the event has one,
// else now.
int64_t WindowEnd(const Cause& cause, int64_t now_ms);
// Its parameters: the policy's templates with the window and the event filled in.
pipelines::Params RetrainParams(const Policy& policy, const Cause& cause, int64_t now_ms);

// The trigger of a schedule that is due, if one is.
std::optional<Cause> DueTrigger(const Policy& policy, const LoopState& state, int64_t now_ms);
// When each schedule of the policy is due next, counted from a time.
std::vector<int64_t> NextDue(const Policy& policy, int64_t after_ms);

// What persons do. Each throws kFailedPrecondition where it means nothing, and kInvalidArgument
// without a reason.
struct Person {
  std::string who;
  std::string reason;
  int64_t time_ms = 0;
};
Step Pause(const Policy& policy, const LoopState& state, const Person& by);
Step Resume(const Policy& policy, const LoopState& state, const Person& by);
// Consents to what waits for it.
Step Approve(const Policy& policy, const LoopState& state, const Person& by);
// Lets the candidate pass what holds it; or brings a candidate that was held or rolled back to the
// endpoint again.
Step Override(const Policy& policy, const LoopState& state, const Person& by);
// Takes the candidate off the endpoint, or goes back to what was live before it.
Step RollBack(const Policy& policy, const LoopState& state, const Person& by);

}  // namespace millwright::loop

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace millwright::loop {

// Where an attempt to replace a model's live version stands. It goes from one to the next or ends
// in kCoolDown; kPromoting and kRollingBack last until the endpoint and the alias are as wanted.
enum class Phase {
  kIdle,
  kTriggered,
  kRetraining,
  kGating,
  kShadow,
  kCanary,
  kPromoting,
  kRollingBack,
  kCoolDown
};

// How an attempt ended. kHeld: what was live stays, as the evidence or a gate did not let the
// candidate pass; kRolledBack: it was seen to be worse, or a person took it back.
enum class Ending { kNone, kPromoted, kHeld, kRolledBack, kFailed };

// What a decision does.
enum class Action {
  kTrigger,  // an attempt begins
  kQueue,    // a trigger waits until the attempt or the cool-down is over
  kSkip,     // a trigger is dropped: another one waits, or its alert is over
  kRetrain,  // a run of the pipeline is started
  kJudge,    // the candidate is put to the gates
  kShadow,
  kCanary,
  kPromote,
  kHold,  // nothing is done, and why
  kRollBack,
  kEnd,
  kReady,  // the cool-down is over
  kPause,
  kResume,
  kApprove,
  kOverride
};

// The names in the database, in events and in the API. The parsers abort on an unknown name.
std::string_view Name(Phase phase);
std::string_view Name(Ending ending);
std::string_view Name(Action action);
Phase ParsePhase(std::string_view name);
Ending ParseEnding(std::string_view name);
Action ParseAction(std::string_view name);

// Why an attempt began.
struct Cause {
  std::string trigger;  // as in the policy: "alert (kind performance)", "every 7d"; "by hand"
  std::string reason;   // of a person
  std::string who;
  int64_t time_ms = 0;
  Json event;           // seq, kind, subject, who, payload; null without one
  std::string version;  // that exists already, so nothing is trained

  bool by_hand() const { return trigger == "by hand"; }
};

inline constexpr size_t kRefusedMax = 50;
inline constexpr size_t kAlertsBehindMax = 20;

// Everything that the next decision goes by beside what is seen. Stored as a whole with each
// decision.
struct LoopState {
  Phase phase = Phase::kIdle;
  int64_t entered_ms = 0;        // the phase, or the canary's step
  Cause cause;                   // of the attempt
  std::optional<Cause> waiting;  // the next one's
  // Alerts that came while another alert waited already: the first that is not over takes its place
  // when that one is over.
  std::vector<Cause> behind;
  std::string pipeline_run;
  std::string candidate;    // versions
  std::string champion;     // that was live when the candidate came to the endpoint
  int step = 0;             // of the canary
  std::string hold;         // the rule that it waits on, empty when it goes on
  bool is_latched = false;  // nothing but a person or another version ends the hold
  std::vector<std::string> approved;
  std::string override_reason;    // a person lets it pass what holds it now
  std::string gate_override;      // the same reason, for the alias
  Ending ending = Ending::kNone;  // of the last attempt, or what kRollingBack leads to
  std::string ending_reason;
  int64_t ended_ms = 0;
  bool is_paused = false;
  std::string pause_reason;
  std::vector<int64_t> promotions_ms;  // of the last day
  std::vector<int64_t> retrainings_ms;
  std::vector<int64_t> due_ms;       // when each trigger of the policy is due; 0: not a schedule
  std::vector<std::string> refused;  // versions that failed; never tried again by itself

  // Whether an attempt is under way.
  bool is_busy() const { return phase != Phase::kIdle && phase != Phase::kCoolDown; }
  // Whether the candidate has a place at the endpoint.
  bool is_at_endpoint() const {
    return phase == Phase::kShadow || phase == Phase::kCanary || phase == Phase::kPromoting ||
           phase == Phase::kRollingBack;
  }
  Json ToJson() const;
  static LoopState FromJson(const Json& json);
};

// One record: what was seen, which rule, what was done, how to undo it.
struct Decision {
  int64_t number = 0;  // of the model, from 1
  int64_t time_ms = 0;
  Phase from = Phase::kIdle;
  Phase to = Phase::kIdle;
  Action action = Action::kHold;
  std::string rule;    // "canary.requests", "worse.errors", "gate", "override"
  std::string reason;  // in words, with the figures
  std::string who = "system";
  Json seen;         // the figures, as they were
  std::string undo;  // the command, empty where there is nothing to undo
};

}  // namespace millwright::loop

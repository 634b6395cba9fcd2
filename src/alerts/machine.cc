#include "alerts/machine.h"

#include <algorithm>

namespace millwright::alerts {

void Machine::NoteChange(const Timing& timing, int64_t now_ms) {
  if (timing.flap_changes == 0) return;
  changes.push_back(now_ms);
  // More than are needed to tell say nothing new.
  const auto kept = static_cast<size_t>(timing.flap_changes);
  if (changes.size() > kept) changes.erase(changes.begin(), changes.end() - kept);
}

Step Machine::Advance(Condition condition, const Timing& timing, int64_t now_ms) {
  while (!changes.empty() && changes.front() <= now_ms - timing.flap_within_ms)
    changes.erase(changes.begin());
  if (condition == Condition::kUnknown) {
    if (phase == Phase::kInactive || now_ms - known_ms < timing.unknown_ms_max) return Step::kNone;
    condition = Condition::kWell;
  } else {
    known_ms = now_ms;
  }
  if (phase != Phase::kFiring) {
    if (condition != Condition::kExceeded) {
      if (phase == Phase::kInactive) return Step::kNone;
      phase = Phase::kInactive;
      return Step::kDropped;
    }
    const bool begins = phase == Phase::kInactive;
    if (begins) since_ms = now_ms;
    phase = Phase::kPending;
    if (now_ms - since_ms < timing.for_ms) return begins ? Step::kPending : Step::kNone;
    phase = Phase::kFiring;
    exceeded = true;
    NoteChange(timing, now_ms);
    return Step::kFired;
  }
  const bool exceeds = condition == Condition::kExceeded || condition == Condition::kBand;
  if (exceeds != exceeded) {
    exceeded = exceeds;
    well_since_ms = now_ms;
    NoteChange(timing, now_ms);
  }
  const bool restless =
      timing.flap_changes > 0 && static_cast<int64_t>(changes.size()) >= timing.flap_changes;
  if (restless && !flapping) {
    flapping = true;
    return Step::kFlapping;
  }
  if (exceeded) {
    // Steady for as long as the changes are counted: an ordinary alert again.
    if (changes.empty()) flapping = false;
    return Step::kNone;
  }
  const int64_t hold_ms =
      flapping ? std::max(timing.calm_ms, timing.keep_firing_ms) : timing.keep_firing_ms;
  if (now_ms - well_since_ms < hold_ms) return Step::kNone;
  phase = Phase::kInactive;
  if (flapping) changes.clear();
  flapping = false;
  return Step::kResolved;
}

Json Machine::ToJson() const {
  Json times = Json::MakeArray();
  for (const int64_t change : changes) times.Append(change);
  return Json::Of({{"phase", static_cast<int64_t>(phase)},
                   {"since_ms", since_ms},
                   {"exceeded", exceeded},
                   {"well_since_ms", well_since_ms},
                   {"known_ms", known_ms},
                   {"flapping", flapping},
                   {"changes", times}});
}

Machine Machine::FromJson(const Json& json) {
  Machine machine;
  machine.phase = static_cast<Phase>(json.GetInt("phase"));
  machine.since_ms = json.GetInt("since_ms");
  machine.exceeded = json.GetBool("exceeded");
  machine.well_since_ms = json.GetInt("well_since_ms");
  machine.known_ms = json.GetInt("known_ms");
  machine.flapping = json.GetBool("flapping");
  if (const Json* times = json.Find("changes"))
    for (const Json& change : times->AsArray()) machine.changes.push_back(change.AsInt());
  return machine;
}

}  // namespace millwright::alerts

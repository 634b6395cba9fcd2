#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace millwright::alerts {

enum class Phase { kInactive, kPending, kFiring };

// What a rule says of one alert at one moment. kBand: between the threshold and where a firing
// alert stops. kUnknown: there is no data, and nothing is to be made of that.
enum class Condition { kWell, kBand, kExceeded, kUnknown };

struct Timing {
  int64_t for_ms = 0;
  int64_t keep_firing_ms = 0;
  int64_t flap_changes = 0;  // 0: never flapping
  int64_t flap_within_ms = 0;
  int64_t calm_ms = 0;
  int64_t unknown_ms_max = 0;  // an alert without data for so long is resolved
};

enum class Step {
  kNone,
  kPending,   // it holds for the first time
  kDropped,   // pending, and it holds no more
  kFired,     // it is an alert
  kFlapping,  // a firing one has changed so often that it is held
  kResolved,
};

// How one alert goes from inactive over pending to firing and back:
//
//   inactive --exceeded--> pending --for_ms--> firing --well for keep_firing_ms--> inactive
//                pending --well or band--> inactive
//
// Exceeded and well in turn, each change of a firing alert counted and that of a fire too: with
// flap_changes of them within flap_within_ms it is flapping, and then it stays firing until it was
// well for calm_ms in one piece. Times are of a clock that never goes back (AlertClock). Without
// data everything stays; a pending alert does not become a firing one.
struct Machine {
  Phase phase = Phase::kInactive;
  int64_t since_ms = 0;       // pending: when that began
  bool exceeded = false;      // at the last look with data
  int64_t well_since_ms = 0;  // firing and not exceeded
  int64_t known_ms = 0;       // the last look with data
  bool flapping = false;
  std::vector<int64_t> changes;  // when it changed, the oldest first

  // Looks at it once.
  Step Advance(Condition condition, const Timing& timing, int64_t now_ms);
  // Whether there is anything to remember.
  bool IsIdle() const { return phase == Phase::kInactive && changes.empty(); }

  Json ToJson() const;
  static Machine FromJson(const Json& json);
  bool operator==(const Machine&) const = default;

 private:
  void NoteChange(const Timing& timing, int64_t now_ms);
};

}  // namespace millwright::alerts

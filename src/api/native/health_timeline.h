#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/native/context.h"
#include "base/json.h"

namespace millwright::monitoring {
struct ModelHealth;
}

namespace millwright::api::native {

inline constexpr int kTimelineEntriesMax = 200;  // of each kind, the newest

// Something that was done or noticed: an alert, a decision of the loop, a version that came or
// went.
struct TimelineEntry {
  int64_t time_ms = 0;        // by the wall clock
  int64_t event_time_ms = 0;  // where that is in the time of the data
  std::string kind;           // alert, decision, deployment
  std::string state;          // open, closed; the action; live, canary, shadow, retired
  std::string title;
  std::string detail;
  std::string subject;  // "alert:al-…", "loop:m", "endpoint:m"

  Json ToJson() const;
};

// What happened to a monitor's model, newest first by the time of the data.
std::vector<TimelineEntry> HealthTimeline(Context& context, const monitoring::ModelHealth& health);

}  // namespace millwright::api::native

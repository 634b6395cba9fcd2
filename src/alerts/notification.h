#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alerts/alert.h"
#include "alerts/notifier.h"

namespace millwright::alerts {

// One message to one receiver, as it is worded.
struct Notification {
  std::string receiver;
  Json settings;  // of the receiver
  Labels group;   // what its alerts have in common by their route
  Reason reason = Reason::kNew;
  bool is_test = false;
  std::vector<Alert> firing;
  std::vector<Alert> resolved;
  int64_t more = 0;        // alerts that are left out
  int64_t held = 0;        // notifications that a storm's summary stands for
  std::string server_url;  // where links lead, without a slash at the end
  int64_t time_ms = 0;
};

std::string_view ReasonWord(Reason reason);
// Where people see an alert.
std::string AlertUrl(const Notification& notification, const Alert& alert);
// "3 firing, 1 resolved: feature-drift {monitor="m"}": what it is about, in a line.
std::string Headline(const Notification& notification);

// How one kind of receiver is told: the body of the message. The table lies in api/.
struct Wording {
  std::string_view kind;
  std::string (*word)(const Notification& notification);
};
using Wordings = std::span<const Wording>;
const Wording& FindWording(Wordings wordings, std::string_view kind);

}  // namespace millwright::alerts

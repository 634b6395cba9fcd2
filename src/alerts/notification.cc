#include "alerts/notification.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace millwright::alerts {

std::string_view ReasonWord(Reason reason) {
  switch (reason) {
    case Reason::kNew:
      return "changed";
    case Reason::kRepeat:
      return "repeated";
    case Reason::kStorm:
      return "storm";
  }
  return "";
}

std::string AlertUrl(const Notification& notification, const Alert& alert) {
  return notification.server_url + "/alerts/" + alert.id.str();
}

std::string Headline(const Notification& notification) {
  const std::string test = notification.is_test ? "Test: " : "";
  if (notification.reason == Reason::kStorm)
    return fmt::format("{}{} further notifications were held back", test, notification.held);
  const size_t firing = notification.firing.size(), resolved = notification.resolved.size();
  std::string counts;
  if (firing > 0)
    counts = fmt::format("{} firing", firing + static_cast<size_t>(notification.more));
  if (resolved > 0) counts += fmt::format("{}{} resolved", counts.empty() ? "" : ", ", resolved);
  const auto& first = firing > 0 ? notification.firing : notification.resolved;
  if (firing + resolved == 1 && !first.front().summary.empty())
    return fmt::format("{}[{}] {}", test, firing == 1 ? first.front().severity : "resolved",
                       first.front().summary);
  return fmt::format("{}{}: {}", test, counts,
                     notification.group.empty() ? "alerts" : LabelsText(notification.group));
}

const Wording& FindWording(Wordings wordings, std::string_view kind) {
  const auto found = std::find_if(wordings.begin(), wordings.end(),
                                  [&](const Wording& one) { return one.kind == kind; });
  CHECK(found != wordings.end());
  return *found;
}

}  // namespace millwright::alerts

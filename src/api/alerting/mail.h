#pragma once

#include <string>

#include "alerts/notification.h"

namespace millwright::api::alerting {

// A message of RFC 5322 with a text and an HTML part, both quoted-printable. Mails about one group
// of alerts are one thread.
std::string WordMail(const alerts::Notification& notification);

}  // namespace millwright::api::alerting

#pragma once

#include <span>
#include <string>

#include "alerts/notification.h"
#include "webhooks/format.h"

namespace millwright::api::alerting {

// How each kind of receiver of alerts is told: a webhook by JSON of our own, signed as other
// webhooks are; a channel by the JSON of Slack's incoming webhooks; people by mail (RFC 5322, as
// text and as HTML); an Alertmanager by its API v2, POST /api/v2/alerts.
std::span<const alerts::Wording> Wordings();
// The formats of their deliveries: "alert." and the kind.
extern const webhooks::Format kWebhookFormat;
extern const webhooks::Format kSlackFormat;
extern const webhooks::Format kMailFormat;
extern const webhooks::Format kAlertmanagerFormat;

// An alert as the API and webhooks show it.
Json AlertJson(const alerts::Alert& alert);
// A made-up message, for a test of a receiver.
alerts::Notification TestNotification(const std::string& receiver, const Json& settings,
                                      const std::string& server_url, int64_t now_ms);

}  // namespace millwright::api::alerting

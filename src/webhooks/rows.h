#pragma once

#include <string>
#include <vector>

#include "storage/database.h"
#include "webhooks/webhook.h"

namespace millwright::webhooks {

// A row of the webhooks table, in the order of the columns that all its queries select.
Webhook ReadWebhook(const storage::Row& row);
// Throws kNotFound in MLflow's words.
Webhook FindWebhook(storage::Connection& connection, const WebhookId& id);
// A list of topics as it is stored.
std::string TopicsText(const std::vector<std::string>& topics);

}  // namespace millwright::webhooks

#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "events/event_log.h"
#include "security/secret_box.h"
#include "storage/database.h"
#include "webhooks/address_policy.h"
#include "webhooks/webhook.h"

namespace millwright::webhooks {

struct WebhookSearch {
  std::string format;              // empty: any
  int64_t before_seq = INT64_MAX;  // made before the one with this seq
  int64_t limit = 100;
};

// The webhooks that there are. Each change is an event in the same transaction; `who` is the
// principal that makes it. Secrets are sealed before they are written and never handed out again.
// Thread-safe. Create and Update may ask the resolver for a host name.
class WebhookStore {
 public:
  // All that is given outlives the store.
  WebhookStore(storage::Database& database, events::EventLog& events, const Clock& clock,
               const security::SecretBox& box, const AddressPolicy& policy);

  // Throws kInvalidArgument for a wrong field, kResourceExhausted when there are kWebhooksMax.
  Webhook Create(const NewWebhook& webhook, const std::string& who);
  // Throws kNotFound in MLflow's words.
  Webhook Get(const WebhookId& id) const;
  // Newest first.
  std::vector<Webhook> List(const WebhookSearch& search) const;
  Webhook Update(const WebhookId& id, const WebhookChange& change, const std::string& who);
  // Its secret is gone at once, its deliveries a little later.
  void Delete(const WebhookId& id, const std::string& who);

  // The same within a transaction of the caller, which a resolver must not hold up: who calls
  // these has called Require before, outside of it.
  void Require(const NewWebhook& webhook) const;
  void Require(const WebhookChange& change, const std::string& format) const;
  Webhook Get(storage::Connection& connection, const WebhookId& id) const;
  Webhook Create(storage::Connection& connection, const NewWebhook& webhook,
                 const std::string& who);
  Webhook Update(storage::Connection& connection, const WebhookId& id, const WebhookChange& change,
                 const std::string& who);
  void Delete(storage::Connection& connection, const WebhookId& id, const std::string& who);

  // What a sealed secret is sealed for.
  static std::string SecretPurpose(const WebhookId& id);

 private:
  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
  const security::SecretBox& box_;
  const AddressPolicy& policy_;
};

}  // namespace millwright::webhooks

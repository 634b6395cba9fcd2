#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "events/event_log.h"
#include "storage/database.h"
#include "webhooks/delivery.h"

namespace millwright::webhooks {

struct DeliverySearch {
  std::optional<DeliveryState> state;
  std::string topic;  // empty: any
  int64_t before_seq = INT64_MAX;
  int64_t limit = 100;
};

// What webhooks were told and what came of it, for people: reading and replaying. Thread-safe.
class DeliveryLog {
 public:
  DeliveryLog(storage::Database& database, events::EventLog& events, const Clock& clock);

  // Deliveries of a webhook, newest first. Throws kNotFound for an unknown webhook.
  std::vector<Delivery> List(const WebhookId& webhook, const DeliverySearch& search) const;
  // Throws kNotFound.
  Delivery Get(const DeliveryId& id) const;
  // The attempts of a delivery, the newest first, at most kAttemptsShownMax.
  std::vector<Attempt> Attempts(const Delivery& delivery) const;
  // By the seq of the webhook; without an entry there is nothing unfinished.
  std::map<int64_t, Unfinished> CountUnfinished() const;

  // Queues a delivery again, whatever became of it, under the same id. It is tried as often as a
  // new one, before all that were queued after it.
  void Replay(const DeliveryId& id, const std::string& who);
  // Does so with the dead ones of a webhook, at most kReplayMax, the oldest first; returns how
  // many.
  int64_t ReplayDead(const WebhookId& webhook, const std::string& who);

 private:
  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
};

}  // namespace millwright::webhooks

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "events/event_log.h"
#include "storage/database.h"
#include "webhooks/courier.h"
#include "webhooks/delivery.h"

namespace millwright::webhooks {

// How often and how soon a failed delivery is tried again.
struct RetryPlan {
  int attempts_max = 10;
  int64_t first_ms = 1'000;  // doubles with each attempt
  int64_t delay_ms_max = 300'000;
};

// How long to wait after attempt number `tries` of a delivery: half of the doubled delay and up to
// as much again at random, so that deliveries that failed together do not come back together; or
// what the receiver asked for if that is longer. Never more than delay_ms_max.
int64_t RetryDelayMs(const RetryPlan& plan, int64_t tries, int64_t retry_after_ms);

// Queues a message outside of the event log, in the caller's transaction; beyond kQueueMax waiting
// ones, or with more than kBodyBytesMax bytes, it is a dead letter at once. Returns whether it
// waits. Messages of one subject are sent in their order.
struct QueuedMessage {
  WebhookId webhook;
  std::string topic;
  std::string subject;
  std::string body;
};
bool Enqueue(storage::Connection& connection, const QueuedMessage& message, int64_t now_ms);

// The deliveries that wait, for the one who sends them. Each webhook has one turn at a time: its
// oldest waiting delivery, so that it is told of events in their order. A receiver of alerts is
// told in order of what concerns one group of alerts, and of the next due one first: a message that
// fails holds no other group's back. Thread-safe.
class Outbox {
 public:
  Outbox(storage::Database& database, events::EventLog& events, const Clock& clock, Formats formats,
         const RetryPlan& plan);

  struct Turn {
    int64_t delivery_seq = 0;
    int64_t webhook_seq = 0;
    int64_t due_ms = 0;    // as it is stored
    int64_t start_ms = 0;  // when it is to be sent
  };
  // The turns of all webhooks that have one, the next due first.
  std::vector<Turn> Turns() const;

  struct Loaded {
    Outgoing outgoing;
    int64_t seq = 0;
    int64_t tries = 0;
    int64_t attempts = 0;
    std::string topic;
    int64_t created_ms = 0;
  };
  // Nothing when it no longer waits for this turn: it was tried meanwhile, or its webhook was
  // deleted or disabled.
  std::optional<Loaded> Load(const Turn& turn) const;
  // Writes down what came of an attempt; a delivery that dies leaves an event.
  void Note(const Loaded& loaded, Sending sending);

  // Removes a batch of deliveries that ended longer than `keep_ms` ago or whose webhook was
  // deleted. Returns whether there may be more.
  bool Prune(int64_t keep_ms);

 private:
  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
  const Formats formats_;
  const RetryPlan plan_;
};

}  // namespace millwright::webhooks

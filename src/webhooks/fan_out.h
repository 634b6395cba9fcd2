#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "events/event_log.h"
#include "storage/database.h"
#include "webhooks/format.h"
#include "webhooks/webhook.h"

namespace millwright::webhooks {

// Follows the event log and queues a delivery for each webhook that wants to be told of an event.
//
// No event is passed over and none is queued twice, over kill -9 and among servers: the cursor in
// the database moves over events in the transaction that queues their deliveries, from the place
// where this follower read on; who finds it elsewhere queues nothing and reads on from there. For
// events that nobody wants the cursor is only written every kCursorLagMax of them. For one thread.
class FanOut {
 public:
  FanOut(storage::Database& database, events::EventLog& events, const Clock& clock,
         Formats formats);

  // Reads where the cursor is. What another server did meanwhile is seen by this.
  void Reload();
  // Handles the next events, at most a page. Returns whether any was about webhooks or for one:
  // whether there may be something to send.
  bool Step();
  // Where it is in the log, for EventLog::WaitFor.
  int64_t seq() const { return seq_; }
  // Writes the cursor, so that a restart does not look at the last events again.
  void Save();

 private:
  struct Queued;
  std::vector<Queued> Match(const std::vector<events::Event>& events,
                            const std::vector<Webhook>& webhooks) const;
  bool Queue(const std::vector<Queued>& queued, int64_t seq);

  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
  const Formats formats_;
  int64_t seq_ = 0;    // looked at
  int64_t saved_ = 0;  // in the database
};

}  // namespace millwright::webhooks

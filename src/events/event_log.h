#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "storage/database.h"

namespace millwright::events {

// Something that happened. Kinds are listed in events/kinds.h, one table for all rooms; the subject
// is "kind:id" as in the lineage graph: "run:4f2…", "model:flights-late@2",
// "endpoint:flights-late".
struct Event {
  int64_t seq = 0;  // given by the log; grows by commit order, may have gaps
  int64_t time_ms = 0;
  std::string kind;  // "run.finished", "alert.opened", …
  std::string subject;
  std::string who;  // the principal's name; "system" for what the server does by itself
  Json payload;

  // All of it, for conditions and templates that speak of an event.
  Json ToJson() const;
};

// The outbox of everything that happened. A room appends inside the transaction that changes its
// rows, so that the change and its event are one. Webhooks, server-sent events, triggers and the
// audit trail are cursors over it. Thread-safe.
class EventLog {
 public:
  EventLog(storage::Database& database, const Clock& clock);
  ~EventLog();

  // Appends within the caller's transaction. Throws kInvalidArgument for a kind not in the table.
  void Append(storage::Connection& connection, std::string_view kind, std::string subject,
              std::string who, Json payload = Json::MakeObject());

  // Returns events with seq > after, oldest first, at most `limit` (1…1000).
  std::vector<Event> After(int64_t after, int limit) const;
  // Returns events with seq < before, newest first, at most `limit` (1…1000).
  std::vector<Event> Before(int64_t before, int limit) const;
  // Returns the newest seq, 0 when nothing happened yet.
  int64_t Last() const;

  // Waits until there is an event with seq > after or `timeout_ms` has passed; tells which.
  // Also sees events that other servers wrote to the same PostgreSQL, within a second.
  bool WaitFor(int64_t after, int64_t timeout_ms) const;
  // Wakes all who wait; WaitFor returns false from now on.
  void Close();
  bool closed() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millwright::events

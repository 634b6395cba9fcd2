#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "base/lane.h"
#include "storage/lease.h"
#include "webhooks/fan_out.h"
#include "webhooks/outbox.h"

namespace millwright::webhooks {

struct DispatcherOptions {
  RetryPlan retry;
  int concurrency = 8;                        // webhooks that are called at a time
  int64_t keep_ms = 30LL * 24 * 3600 * 1000;  // how long ended deliveries stay in the log
  std::string owner;                          // this server, by the same name after a restart
  int64_t lease_ms = 30'000;
};

// Tells webhooks of events: follows the event log, sends what is due, tries again and gives up.
//
// Of several servers on one database the one that holds the lease does this; another takes over
// when it is missed. A delivery is sent at least once: who dies between the receiver's answer and
// writing it down sends it again, under the same id.
//
// Two threads of its own, one that follows the log and one that decides what is sent, and a lane
// that sends. They end with the destructor, which breaks off what is being sent; that is sent again
// after the next start.
class Dispatcher {
 public:
  // `courier` and what the others refer to outlive the dispatcher.
  Dispatcher(storage::Database& database, events::EventLog& events, const Clock& clock,
             Courier& courier, const DispatcherOptions& options);
  ~Dispatcher();

 private:
  void Follow(const std::stop_token& stop);
  void Decide(const std::stop_token& stop);
  // Takes or renews the lease when it is time; tells whether this server holds it.
  bool HoldLease();
  // Hands what is due to the lane; returns when to look again.
  int64_t StartDue(const std::stop_token& stop);
  void Send(const Outbox::Turn& turn, const std::stop_token& stop);
  void PruneIfDue();
  void Wake();
  void ReleaseLease();

  storage::Database& database_;
  events::EventLog& events_;
  const Clock& clock_;
  Courier& courier_;
  const DispatcherOptions options_;
  const storage::Leases leases_;
  FanOut fan_out_;
  Outbox outbox_;

  // Of the thread that decides.
  std::optional<storage::Lease> lease_;
  int64_t lease_due_ms_ = 0;
  int64_t prune_due_ms_ = 0;

  std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  bool woken_ = false;
  bool leading_ = false;
  std::set<int64_t> busy_;  // webhooks that are being called

  std::optional<Lane> lane_;
  std::jthread follower_;
  std::jthread decider_;  // last: it uses all of the above
};

}  // namespace millwright::webhooks

#include "webhooks/dispatcher.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "base/log.h"

namespace millwright::webhooks {
namespace {

constexpr std::string_view kLeaseKind = "webhooks";
constexpr const char* kLeaseId = "dispatcher";
// A lease is renewed when a third of it has passed, so that two failures do not lose it.
constexpr int64_t kRenewalsPerLease = 3;
constexpr int64_t kWaitMsMax = 250;
constexpr int64_t kPruneIntervalMs = 60'000;
constexpr int64_t kFailurePauseMs = 1'000;

// Runs a piece of work whose failure (a database that is away) passes with time; logs the first.
template <typename Work>
bool Guarded(bool* failing, const Work& work) {
  try {
    work();
    *failing = false;
  } catch (const Error& error) {
    if (!*failing)
      Log(LogLevel::kWarning, "webhooks", "cannot go on", {{"error", error.message()}});
    *failing = true;
  }
  return !*failing;
}

}  // namespace

Dispatcher::Dispatcher(storage::Database& database, events::EventLog& events, const Clock& clock,
                       Courier& courier, const DispatcherOptions& options)
    : database_(database),
      events_(events),
      clock_(clock),
      courier_(courier),
      options_(options),
      leases_(clock),
      fan_out_(database, events, clock, courier.formats()),
      outbox_(database, events, clock, courier.formats(), options.retry) {
  lane_.emplace("webhook", options_.concurrency, static_cast<size_t>(options_.concurrency));
  follower_ = std::jthread([this](std::stop_token stop) { Follow(stop); });
  decider_ = std::jthread([this](std::stop_token stop) { Decide(stop); });
}

Dispatcher::~Dispatcher() {
  follower_.request_stop();
  decider_.request_stop();
  follower_.join();
  decider_.join();
  lane_.reset();
  bool failing = false;
  Guarded(&failing, [&] { ReleaseLease(); });
}

void Dispatcher::Wake() {
  {
    std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

void Dispatcher::Follow(const std::stop_token& stop) {
  NameThisThread("webhook-follow");
  bool failing = false;
  bool placed = false;  // whether the cursor has been read since this server leads
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      if (!leading_) placed = false;
      if (!changed_.wait(lock, stop, [&] { return leading_; })) break;
    }
    const bool well = Guarded(&failing, [&] {
      if (!placed) fan_out_.Reload();
      placed = true;
      if (fan_out_.Step()) return Wake();
      events_.WaitFor(fan_out_.seq(), kWaitMsMax);
    });
    // A closed log never waits: it is the program's end that is waited for.
    if (well && !events_.closed()) continue;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, std::chrono::milliseconds(kFailurePauseMs), [] { return false; });
  }
  if (placed) Guarded(&failing, [&] { fan_out_.Save(); });
}

bool Dispatcher::HoldLease() {
  const int64_t now_ms = clock_.NowMs();
  if (now_ms < lease_due_ms_) return lease_.has_value();
  const bool had = lease_.has_value();
  lease_ = database_.Write([&](storage::Connection& connection) {
    auto held = lease_;
    if (held && !leases_.Renew(connection, *held, options_.lease_ms)) held.reset();
    if (!held)
      held = leases_.Acquire(connection, kLeaseKind, kLeaseId, options_.owner, options_.lease_ms);
    return held;
  });
  lease_due_ms_ = now_ms + options_.lease_ms / kRenewalsPerLease;
  if (had != lease_.has_value())
    Log(LogLevel::kInfo, "webhooks",
        lease_ ? "this server tells webhooks" : "another server tells webhooks");
  {
    std::lock_guard lock(mutex_);
    leading_ = lease_.has_value();
  }
  changed_.notify_all();
  return lease_.has_value();
}

void Dispatcher::ReleaseLease() {
  if (!lease_) return;
  database_.Write([&](storage::Connection& connection) { leases_.Release(connection, *lease_); });
}

void Dispatcher::Decide(const std::stop_token& stop) {
  NameThisThread("webhook-decide");
  bool failing = false;
  while (!stop.stop_requested()) {
    int64_t again_ms = clock_.NowMs() + kFailurePauseMs;
    Guarded(&failing, [&] {
      const bool leads = HoldLease();
      if (leads) PruneIfDue();
      again_ms = std::min(leads ? StartDue(stop) : INT64_MAX, lease_due_ms_);
    });
    const int64_t wait_ms = std::max<int64_t>(again_ms - clock_.NowMs(), 1);
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, std::chrono::milliseconds(wait_ms), [&] { return woken_; });
    woken_ = false;
  }
}

int64_t Dispatcher::StartDue(const std::stop_token& stop) {
  const int64_t now_ms = clock_.NowMs();
  for (const Outbox::Turn& turn : outbox_.Turns()) {
    if (turn.start_ms > now_ms) return turn.start_ms;
    {
      std::lock_guard lock(mutex_);
      if (busy_.contains(turn.webhook_seq)) continue;
      // The end of a call wakes this thread.
      if (busy_.size() >= static_cast<size_t>(options_.concurrency)) return INT64_MAX;
      busy_.insert(turn.webhook_seq);
    }
    // As many as may be busy fit into the lane.
    const bool taken = lane_->Submit([this, turn, stop] { Send(turn, stop); });
    if (taken) continue;
    std::lock_guard lock(mutex_);
    busy_.erase(turn.webhook_seq);
  }
  return INT64_MAX;
}

// A failure to write down what came of an attempt leaves the delivery where it was: it is sent
// again, which the receiver can tell by its id.
void Dispatcher::Send(const Outbox::Turn& turn, const std::stop_token& stop) {
  bool failing = false;
  const bool well = Guarded(&failing, [&] {
    const auto loaded = outbox_.Load(turn);
    if (loaded) outbox_.Note(*loaded, courier_.Send(loaded->outgoing, stop));
  });
  if (!well) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, std::chrono::milliseconds(kFailurePauseMs), [] { return false; });
  }
  {
    std::lock_guard lock(mutex_);
    busy_.erase(turn.webhook_seq);
  }
  Wake();
}

void Dispatcher::PruneIfDue() {
  const int64_t now_ms = clock_.NowMs();
  if (now_ms < prune_due_ms_) return;
  const bool more = outbox_.Prune(options_.keep_ms);
  prune_due_ms_ = more ? now_ms : now_ms + kPruneIntervalMs;
}

}  // namespace millwright::webhooks

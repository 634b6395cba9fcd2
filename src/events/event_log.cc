#include "events/event_log.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "events/horizon.h"
#include "events/kinds.h"
#include "events/sql.h"

// A cursor must never pass over an event that becomes visible later. On SQLite one writer commits
// in the order in which seq is drawn; for PostgreSQL see horizon.h. Events are inserted by a hook
// just before the commit, so that a seq is under way for one insert and the commit only.
namespace millwright::events {
namespace {

constexpr int kPageMax = 1000;
// How long another server's event may stay unnoticed by those who wait.
constexpr auto kPollInterval = std::chrono::milliseconds(500);

// How often, and how long after each time, a reader waits for the transactions that may still fill
// a gap just before the first event of its page.
constexpr int kGapTries = 50;
constexpr auto kGapPause = std::chrono::milliseconds(2);

using SteadyClock = std::chrono::steady_clock;

}  // namespace

struct EventLog::Impl {
  storage::Database& database;
  const Clock& clock;
  Horizon horizon;

  std::mutex mutex;  // guards what follows
  std::condition_variable grown;
  int64_t last = 0;  // the newest seq that this process knows to be committed
  SteadyClock::time_point polled;
  bool closed = false;

  int64_t ReadLast() {
    return database.Read([](storage::Connection& connection) {
      return connection.SelectOne(sql::kLastEvent)->Int(0);
    });
  }

  std::vector<Event> ReadPage(const storage::Query& query, int64_t bound, int limit) {
    std::vector<Event> events;
    database.Read([&](storage::Connection& connection) {
      const int64_t rows = std::clamp(limit, 1, kPageMax);
      for (const storage::Row& row : connection.Select(query, {bound, rows})) {
        events.push_back({.seq = row.Int(0),
                          .time_ms = row.Int(1),
                          .kind = row.Text(2),
                          .subject = row.Text(3),
                          .who = row.Text(4),
                          .payload = ParseJson(row.Text(5))});
      }
    });
    return events;
  }

  void Grow(int64_t seq) {
    std::lock_guard lock(mutex);
    if (seq <= last) return;
    last = seq;
    grown.notify_all();
  }

  // One of those who wait looks for other servers' events on behalf of all, without the lock. A
  // database that is away has no news.
  void PollIfDue(std::unique_lock<std::mutex>& lock) {
    const auto now = SteadyClock::now();
    if (now - polled < kPollInterval) return;
    polled = now;
    lock.unlock();
    try {
      Grow(ReadLast());
    } catch (const Error& error) {
      Log(LogLevel::kDebug, "events", "cannot look for events", {{"error", error.message()}});
    }
    lock.lock();
  }
};

Json Event::ToJson() const {
  return Json::Of({{"seq", seq},
                   {"time_ms", time_ms},
                   {"kind", kind},
                   {"subject", subject},
                   {"who", who},
                   {"payload", payload}});
}

EventLog::EventLog(storage::Database& database, const Clock& clock)
    : impl_(new Impl{.database = database, .clock = clock, .horizon = Horizon(database)}) {
  impl_->last = impl_->ReadLast();
  impl_->polled = SteadyClock::now();
}

EventLog::~EventLog() = default;

void EventLog::Append(storage::Connection& connection, std::string_view kind, std::string subject,
                      std::string who, Json payload) {
  if (FindKind(kind) == nullptr) throw InvalidArgument("Unknown event kind: {}", kind);
  std::vector<storage::Value> values{impl_->clock.NowMs(), std::string(kind), std::move(subject),
                                     std::move(who), payload.Dump()};
  connection.BeforeCommit([impl = impl_.get(), values](storage::Connection& c) {
    const int64_t seq = c.SelectOne(sql::kAppendEvent, values)->Int(0);
    c.AfterCommit([impl, seq] { impl->Grow(seq); });
  });
}

std::vector<Event> EventLog::After(int64_t after, int limit) const {
  for (int tries = 0;; ++tries) {
    auto page = impl_->ReadPage(sql::kEventsAfter, after, limit);
    if (impl_->database.dialect() == storage::Dialect::kSqlite || page.empty()) return page;
    std::vector<int64_t> seqs;
    for (const Event& event : page) seqs.push_back(event.seq);
    const Horizon::Answer answer = impl_->horizon.Judge(after, seqs);
    if (answer.settled) continue;
    page.resize(answer.safe);
    if (!page.empty() || tries == kGapTries) return page;
    std::this_thread::sleep_for(kGapPause);
  }
}

std::vector<Event> EventLog::Before(int64_t before, int limit) const {
  return impl_->ReadPage(sql::kEventsBefore, before, limit);
}

int64_t EventLog::Last() const {
  return impl_->ReadLast();
}

bool EventLog::WaitFor(int64_t after, int64_t timeout_ms) const {
  const auto deadline = SteadyClock::now() + std::chrono::milliseconds(timeout_ms);
  const bool shared = impl_->database.dialect() == storage::Dialect::kPostgres;
  std::unique_lock lock(impl_->mutex);
  for (;;) {
    if (impl_->closed) return false;
    if (impl_->last > after) return true;
    if (shared) impl_->PollIfDue(lock);
    if (impl_->closed) return false;
    if (impl_->last > after) return true;
    if (SteadyClock::now() >= deadline) return false;
    const auto until = shared ? std::min(deadline, impl_->polled + kPollInterval) : deadline;
    impl_->grown.wait_until(lock, until);
  }
}

bool EventLog::closed() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->closed;
}

void EventLog::Close() {
  std::lock_guard lock(impl_->mutex);
  impl_->closed = true;
  impl_->grown.notify_all();
}

}  // namespace millwright::events

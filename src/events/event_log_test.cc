#include "events/event_log.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "base/error.h"
#include "storage/test_database.h"

namespace millwright::events {
namespace {

class EventLogTest : public storage::DatabaseTest {
 protected:
  void Append(EventLog& log, const std::string& subject) {
    db().Write([&](storage::Connection& connection) {
      log.Append(connection, "run.created", subject, "ada", Json::Of({{"n", 1}}));
    });
  }

  ManualClock clock_{1'700'000'000'000};
};

TEST_P(EventLogTest, ReturnsWhatWasAppendedInOrder) {
  EventLog log(db(), clock_);
  EXPECT_EQ(log.Last(), 0);
  Append(log, "run:1");
  clock_.Advance(5);
  Append(log, "run:2");
  const auto events = log.After(0, 10);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].kind, "run.created");
  EXPECT_EQ(events[0].subject, "run:1");
  EXPECT_EQ(events[0].who, "ada");
  EXPECT_EQ(events[0].time_ms, 1'700'000'000'000);
  EXPECT_EQ(events[0].payload, Json::Of({{"n", 1}}));
  EXPECT_EQ(events[1].time_ms, 1'700'000'000'005);
  EXPECT_EQ(log.Last(), events[1].seq);
  EXPECT_EQ(log.After(events[0].seq, 10).size(), 1u);
  EXPECT_EQ(log.After(0, 1).size(), 1u);
}

TEST_P(EventLogTest, KeepsNothingOfAnUndoneTransaction) {
  EventLog log(db(), clock_);
  EXPECT_THROW(db().Write([&](storage::Connection& connection) {
    log.Append(connection, "run.created", "run:1", "ada");
    throw Aborted("no");
  }),
               Error);
  EXPECT_EQ(log.Last(), 0);
  EXPECT_FALSE(log.WaitFor(0, 0));
}

TEST_P(EventLogTest, RefusesAKindThatIsNotInTheTable) {
  EventLog log(db(), clock_);
  try {
    db().Write([&](storage::Connection& connection) {
      log.Append(connection, "run.exploded", "run:1", "ada");
    });
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
    EXPECT_EQ(error.message(), "Unknown event kind: run.exploded");
  }
}

TEST_P(EventLogTest, WakesThoseWhoWait) {
  EventLog log(db(), clock_);
  std::jthread writer([&] { Append(log, "run:1"); });
  EXPECT_TRUE(log.WaitFor(0, 30'000));
  const int64_t last = log.Last();
  std::jthread closer([&] { log.Close(); });
  EXPECT_FALSE(log.WaitFor(last, 30'000));
}

TEST_P(EventLogTest, SkipsNothingWhileManyWrite) {
  constexpr int kThreads = 6, kEach = 40;
  EventLog log(db(), clock_);
  std::atomic<int> running = kThreads;
  std::vector<std::jthread> writers;
  for (int t = 0; t < kThreads; ++t) {
    writers.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) Append(log, std::to_string(t * kEach + i));
      --running;
    });
  }
  std::set<std::string> seen;
  int64_t cursor = 0;
  for (bool more = true; more;) {
    more = running > 0;
    for (const Event& event : log.After(cursor, 7)) {
      EXPECT_GT(event.seq, cursor);
      cursor = event.seq;
      EXPECT_TRUE(seen.insert(event.subject).second);
      more = true;
    }
  }
  EXPECT_EQ(seen.size(), size_t{kThreads * kEach});
}

TEST_P(EventLogTest, SeesEventsOfAnotherServer) {
  EventLog mine(db(), clock_);
  const auto other_db = storage::OpenDatabase(uri());
  EventLog other(*other_db, clock_);
  other_db->Write([&](storage::Connection& connection) {
    other.Append(connection, "run.created", "run:1", "ada");
  });
  EXPECT_EQ(mine.After(0, 10).size(), 1u);
  if (db().dialect() == storage::Dialect::kPostgres) {
    EXPECT_TRUE(mine.WaitFor(0, 30'000));
  }
}

MILLWRIGHT_ON_BOTH_DATABASES(EventLogTest);

}  // namespace
}  // namespace millwright::events

#include "events/horizon.h"

#include <gtest/gtest.h>

#include <future>

#include "base/error.h"
#include "events/event_log.h"
#include "storage/test_database.h"

namespace millwright::events {
namespace {

class HorizonTest : public ::testing::Test {
 protected:
  // Appends an event on a thread and holds its transaction open behind the insert. What `end` gets
  // decides whether it commits.
  std::future<void> Hold(const std::string& subject, std::promise<void>& held,
                         std::shared_future<bool> end) {
    return std::async(std::launch::async, [this, subject, &held, end] {
      test_.db().Write([&](storage::Connection& connection) {
        log_.Append(connection, "run.created", subject, "ada");
        connection.BeforeCommit([&](storage::Connection&) {
          held.set_value();
          if (!end.get()) throw Aborted("undone");
        });
      });
    });
  }

  void Append(const std::string& subject) {
    test_.db().Write([&](storage::Connection& connection) {
      log_.Append(connection, "run.created", subject, "ada");
    });
  }

  std::vector<std::string> After(int64_t after) {
    std::vector<std::string> subjects;
    for (const Event& event : log_.After(after, 10)) subjects.push_back(event.subject);
    return subjects;
  }

  storage::TestDatabase test_{storage::Dialect::kPostgres};
  const SystemClock clock_;
  EventLog log_{test_.db(), clock_};
};

TEST_F(HorizonTest, HoldsBackWhatCameBehindAnOpenTransaction) {
  std::promise<void> held;
  std::promise<bool> end;
  auto slow = Hold("slow", held, end.get_future().share());
  held.get_future().wait();
  Append("quick");
  EXPECT_EQ(After(0), std::vector<std::string>{});
  end.set_value(true);
  slow.get();
  EXPECT_EQ(After(0), (std::vector<std::string>{"slow", "quick"}));
}

TEST_F(HorizonTest, PassesOverAPlaceThatStaysEmpty) {
  std::promise<void> held;
  std::promise<bool> end;
  Append("first");
  auto undone = Hold("undone", held, end.get_future().share());
  held.get_future().wait();
  Append("third");
  EXPECT_EQ(After(0), std::vector<std::string>{"first"});
  end.set_value(false);
  EXPECT_THROW(undone.get(), Error);
  // Another transaction that is open by now has nothing to do with the gap.
  std::promise<void> other_held;
  std::promise<bool> other_end;
  auto other = Hold("other", other_held, other_end.get_future().share());
  other_held.get_future().wait();
  EXPECT_EQ(After(0), (std::vector<std::string>{"first", "third"}));
  other_end.set_value(true);
  other.get();
  EXPECT_EQ(After(0), (std::vector<std::string>{"first", "third", "other"}));
}

}  // namespace
}  // namespace millwright::events

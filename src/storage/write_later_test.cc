#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <latch>
#include <map>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "storage/test_database.h"

namespace millwright::storage {
namespace {

constexpr Query kMakeItems{"test.make_items",
                           "CREATE TABLE items (id BIGINT PRIMARY KEY, n BIGINT)", ""};
constexpr Query kMakeBlobs{"test.make_blobs", "CREATE TABLE blobs (id BIGINT, data BLOB)", ""};
constexpr Query kInsert{"test.insert", "INSERT INTO items (id, n) VALUES ($1, 0)", ""};
constexpr Query kInsertBlob{"test.insert_blob", "INSERT INTO blobs VALUES ($1, $2)", ""};
constexpr Query kIds{"test.ids", "SELECT id FROM items ORDER BY id", ""};
constexpr Query kBlobIds{"test.blob_ids", "SELECT id FROM blobs ORDER BY id", ""};
constexpr Query kReadN{"test.read_n", "SELECT n FROM items WHERE id = $1", ""};
constexpr Query kSetN{"test.set_n", "UPDATE items SET n = $2 WHERE id = $1", ""};

// More threads than a back-end runs queued works on.
constexpr int kWritersMax = 8;

std::vector<int64_t> Ids(Database& database, const Query& query = kIds) {
  return database.Read([&](Connection& connection) {
    std::vector<int64_t> ids;
    for (const Row& row : connection.Select(query)) ids.push_back(row.Int(0));
    return ids;
  });
}

std::string OutcomeOf(const std::exception_ptr& error) {
  if (!error) return "durable";
  try {
    std::rethrow_exception(error);
  } catch (const Error& known) {
    return std::string(CodeName(known.code()));
  } catch (const std::exception& other) {
    return other.what();
  }
}

// What was told about the writes of a test, by their numbers.
class Outcomes {
 public:
  WriteDone For(int64_t id) {
    return [this, id](const std::exception_ptr& error) {
      std::lock_guard lock(mutex_);
      told_.emplace_back(id, OutcomeOf(error));
      grown_.notify_all();
    };
  }
  // Waits until so many were told; returns them by number and fails when one was told twice.
  std::map<int64_t, std::string> Await(size_t count) {
    std::unique_lock lock(mutex_);
    grown_.wait(lock, [&] { return told_.size() >= count; });
    std::map<int64_t, std::string> by_id(told_.begin(), told_.end());
    EXPECT_EQ(by_id.size(), told_.size());
    return by_id;
  }
  std::vector<int64_t> order() {
    std::lock_guard lock(mutex_);
    std::vector<int64_t> ids;
    for (const auto& [id, outcome] : told_) ids.push_back(id);
    return ids;
  }

 private:
  std::mutex mutex_;
  std::condition_variable grown_;
  std::vector<std::pair<int64_t, std::string>> told_;
};

// Keeps the threads of a database busy, so that what is queued meanwhile waits and is then run in
// groups.
class Gate {
 public:
  explicit Gate(Database& database) {
    const int threads = database.dialect() == Dialect::kSqlite ? 1 : 2;
    for (int i = 0; i < threads; ++i) {
      auto taken = std::make_shared<std::latch>(1);
      database.WriteLater(
          [taken, open = open_](Connection&) {
            if (!taken->try_wait()) taken->count_down();
            open->wait();
          },
          [](const std::exception_ptr&) {});
      taken->wait();
    }
  }
  void Open() { open_->count_down(); }

 private:
  const std::shared_ptr<std::latch> open_ = std::make_shared<std::latch>(1);
};

class WriteLaterTest : public DatabaseTest {
 protected:
  WriteLaterTest() {
    db().Write([](Connection& connection) { connection.Execute(kMakeItems); });
  }
  void InsertLater(int64_t id, Outcomes* outcomes) {
    db().WriteLater([id](Connection& connection) { connection.Execute(kInsert, {id}); },
                    outcomes->For(id));
  }
};

TEST_P(WriteLaterTest, TellsEachWriteOnceItIsDurable) {
  Outcomes outcomes;
  std::atomic<int> seen = 0;
  for (int64_t id = 1; id <= 200; ++id) InsertLater(id, &outcomes);
  db().WriteLater([](Connection& connection) { connection.Execute(kInsert, {int64_t{0}}); },
                  [&](const std::exception_ptr& error) {
                    seen = error ? 0 : 1;
                    outcomes.For(0)(error);
                  });
  const auto told = outcomes.Await(201);
  for (const auto& [id, outcome] : told) EXPECT_EQ(outcome, "durable") << id;
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(Ids(db()).size(), 201u);
  EXPECT_EQ(db().stats().transactions, 202);
}

TEST_P(WriteLaterTest, AnErrorStaysWithItsOwnWork) {
  Outcomes outcomes;
  {
    Gate gate(db());
    for (int64_t id = 1; id <= 30; ++id) InsertLater(id, &outcomes);
    // Breaks a key after it has changed something.
    db().WriteLater(
        [](Connection& connection) {
          connection.Execute(kInsert, {int64_t{1000}});
          connection.Execute(kInsert, {int64_t{7}});
        },
        outcomes.For(31));
    db().WriteLater(
        [](Connection& connection) {
          connection.Execute(kInsert, {int64_t{1001}});
          throw std::runtime_error("other");
        },
        outcomes.For(32));
    for (int64_t id = 33; id <= 60; ++id) InsertLater(id, &outcomes);
    gate.Open();
    auto told = outcomes.Await(60);
    EXPECT_EQ(told[31], "already_exists");
    EXPECT_EQ(told[32], "other");
    told.erase(31);
    told.erase(32);
    for (const auto& [id, outcome] : told) EXPECT_EQ(outcome, "durable") << id;
  }
  EXPECT_EQ(Ids(db()).size(), 58u);
  EXPECT_LT(db().stats().commits, db().stats().transactions);
}

TEST_P(WriteLaterTest, HooksRunForWhatIsKeptBeforeItIsTold) {
  std::mutex mutex;
  std::vector<std::string> seen;
  const auto note = [&](std::string what) {
    std::lock_guard lock(mutex);
    seen.push_back(std::move(what));
  };
  Outcomes outcomes;
  {
    Gate gate(db());
    for (int64_t id = 1; id <= 2; ++id) {
      db().WriteLater(
          [&note, id](Connection& connection) {
            connection.AfterCommit([&note] { note("hook"); });
            connection.BeforeCommit([id](Connection& inner) { inner.Execute(kInsert, {id}); });
            if (id == 2) throw NotFound("Item", "2");
          },
          [&, id](const std::exception_ptr& error) {
            note(OutcomeOf(error));
            outcomes.For(id)(error);
          });
    }
    gate.Open();
    outcomes.Await(2);
  }
  std::lock_guard lock(mutex);
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (std::vector<std::string>{"durable", "hook", "not_found"}));
  EXPECT_EQ(Ids(db()), std::vector<int64_t>{1});
}

TEST_P(WriteLaterTest, AFullQueueRefusesAtOnce) {
  Reopen({.queued_writes_max = 10});
  Outcomes outcomes;
  {
    Gate gate(db());
    for (int64_t id = 1; id <= 13; ++id) InsertLater(id, &outcomes);
    // Only those beyond the limit are told by now, and in the calls themselves.
    EXPECT_EQ(outcomes.order(), (std::vector<int64_t>{11, 12, 13}));
    // A caller that waits is not refused.
    std::jthread waiting([&] {
      db().Write([](Connection& connection) { connection.Execute(kInsert, {int64_t{99}}); });
    });
    gate.Open();
    auto told = outcomes.Await(13);
    EXPECT_EQ(told[10], "durable");
    EXPECT_EQ(told[11], "unavailable");
  }
  EXPECT_EQ(Ids(db()), (std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 99}));
}

TEST_P(WriteLaterTest, ADatabaseThatEndsRunsWhatIsQueued) {
  Outcomes outcomes;
  for (int64_t id = 1; id <= 500; ++id) InsertLater(id, &outcomes);
  Reopen();
  const auto told = outcomes.Await(500);
  for (const auto& [id, outcome] : told) EXPECT_EQ(outcome, "durable") << id;
  EXPECT_EQ(Ids(db()).size(), 500u);
}

TEST_P(WriteLaterTest, ManyCallersLoseNoWakeUp) {
  constexpr int kEach = 200;  // all of them may wait at once
  Outcomes outcomes;
  {
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < kWritersMax; ++caller) {
      callers.emplace_back([&, caller] {
        for (int i = 0; i < kEach; ++i) {
          const int64_t id = caller * kEach + i;
          InsertLater(id, &outcomes);
          if (i % 50 == 0) Ids(db());
        }
      });
    }
  }
  const auto told = outcomes.Await(kWritersMax * kEach);
  for (const auto& [id, outcome] : told) EXPECT_EQ(outcome, "durable") << id;
  EXPECT_EQ(Ids(db()).size(), static_cast<size_t>(kWritersMax * kEach));
}

TEST_P(WriteLaterTest, ReadModifyWritesBesideOthersLoseNothing) {
  constexpr int kEach = 100;
  db().Write([](Connection& connection) { connection.Execute(kInsert, {int64_t{1}}); });
  const auto raise = [](Connection& connection) {
    const int64_t n = connection.SelectOne(kReadN, {int64_t{1}})->Int(0);
    connection.Execute(kSetN, {int64_t{1}, n + 1});
  };
  Outcomes outcomes;
  {
    std::jthread waiting([&] {
      for (int i = 0; i < kEach; ++i) db().Write(raise);
    });
    for (int i = 0; i < kEach; ++i) db().WriteLater(raise, outcomes.For(i));
    const auto told = outcomes.Await(kEach);
    for (const auto& [id, outcome] : told) EXPECT_EQ(outcome, "durable") << id;
  }
  const auto row =
      db().Read([](Connection& connection) { return connection.SelectOne(kReadN, {int64_t{1}}); });
  EXPECT_EQ(row->Int(0), 2 * kEach);
}

MILLWRIGHT_ON_BOTH_DATABASES(WriteLaterTest);

TEST(SqliteDatabase, RunsQueuedWritesInTheOrderOfTheCalls) {
  TestDatabase test(Dialect::kSqlite);
  Outcomes outcomes;
  std::vector<int64_t> ran;  // by the one writer thread
  for (int64_t id = 0; id < 2000; ++id) {
    test.db().WriteLater([&ran, id](Connection&) { ran.push_back(id); }, outcomes.For(id));
  }
  outcomes.Await(2000);
  ASSERT_EQ(ran.size(), 2000u);
  EXPECT_TRUE(std::is_sorted(ran.begin(), ran.end()));
  EXPECT_EQ(outcomes.order(), ran);
}

TEST(SqliteDatabase, AGroupThatMeetsAFullDiskIsRunOneByOne) {
  TestDatabase test(Dialect::kSqlite);
  test.db().Write([](Connection& connection) { connection.Execute(kMakeBlobs); });
  const auto pages = std::filesystem::file_size(test.uri().substr(10)) / 4096;
  test.Reopen({.pages_max = static_cast<int64_t>(pages) + 100});
  Outcomes outcomes;
  {
    Gate gate(test.db());
    for (int64_t id = 0; id < 20; ++id) {
      const size_t size = id % 5 == 3 ? 1 << 20 : 10;
      test.db().WriteLater(
          [id, size](Connection& connection) {
            connection.Execute(kInsertBlob, {id, Bytes{std::string(size, 'x')}});
          },
          outcomes.For(id));
    }
    gate.Open();
    for (const auto& [id, outcome] : outcomes.Await(20)) {
      EXPECT_EQ(outcome, id % 5 == 3 ? "resource_exhausted" : "durable") << id;
    }
  }
  EXPECT_EQ(Ids(test.db(), kBlobIds),
            (std::vector<int64_t>{0, 1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17, 19}));
}

TEST(PostgresDatabase, AGroupWhoseConnectionIsLostIsRunOneByOne) {
  TestDatabase test(Dialect::kPostgres);
  test.db().Write([](Connection& connection) { connection.Execute(kMakeItems); });
  Outcomes outcomes;
  std::atomic<int> runs = 0;
  {
    Gate gate(test.db());
    for (int64_t id = 0; id < 10; ++id) {
      test.db().WriteLater(
          [&runs, id](Connection& connection) {
            connection.Execute(kInsert, {id});
            if (id == 5 && ++runs == 1) DropPostgresConnections();
          },
          outcomes.For(id));
    }
    gate.Open();
    for (const auto& [id, outcome] : outcomes.Await(10)) EXPECT_EQ(outcome, "durable") << id;
  }
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(Ids(test.db()).size(), 10u);
}

}  // namespace
}  // namespace millwright::storage

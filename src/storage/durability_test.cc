#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "storage/test_database.h"

namespace millwright::storage {
namespace {

constexpr Query kMakePairs{
    "test.make_pairs", "CREATE TABLE pairs (id BIGINT, half BIGINT, PRIMARY KEY (id, half))", ""};
constexpr Query kAllPairs{"test.all_pairs", "SELECT id, half FROM pairs", ""};
constexpr Query kMakeBlobs{"test.make_blobs", "CREATE TABLE blobs (id BIGINT, data BLOB)", ""};
constexpr Query kInsertBlob{"test.insert_blob", "INSERT INTO blobs VALUES ($1, $2)", ""};
constexpr Query kCountBlobs{"test.count_blobs", "SELECT COUNT(*) FROM blobs", ""};

class DurabilityTest : public DatabaseTest {};

TEST_P(DurabilityTest, AKillLosesNoAcknowledgedWriteAndKeepsNoHalf) {
  constexpr int kKills = 8;
  constexpr size_t kEnough = 40;  // acknowledged lines before a kill
  db().Write([](Connection& connection) { connection.Execute(kMakePairs); });
  const TempDir dir;
  std::set<int64_t> acknowledged;
  for (int kill = 0; kill < kKills; ++kill) {
    const auto output = dir.path() / std::to_string(kill);
    ChildProcess writer({.arguments = {ThisProgram().parent_path() / "storage_test_writer", uri(),
                                       std::to_string(kill * 1'000'000)},
                         .output_file = output});
    while (!std::filesystem::exists(output) || std::filesystem::file_size(output) < kEnough * 2) {
      ASSERT_FALSE(writer.Wait(1)) << ReadFile(output);
    }
    writer.Signal(SIGKILL);
    writer.Wait();
    std::istringstream lines(ReadFile(output));
    for (int64_t id; lines >> id;) acknowledged.insert(id);
  }
  Reopen();
  std::map<int64_t, int> halves;
  db().Read([&](Connection& connection) {
    for (const Row& row : connection.Select(kAllPairs)) ++halves[row.Int(0)];
  });
  EXPECT_GE(acknowledged.size(), kKills * kEnough / 10);
  for (const int64_t id : acknowledged) EXPECT_TRUE(halves.contains(id)) << id;
  for (const auto& [id, count] : halves) EXPECT_EQ(count, 2) << id;
}

MILLWRIGHT_ON_BOTH_DATABASES(DurabilityTest);

TEST(SqliteDatabase, AFullDiskRefusesWhatDoesNotFitAndKeepsTheRest) {
  TestDatabase test(Dialect::kSqlite);
  test.db().Write([](Connection& connection) { connection.Execute(kMakeBlobs); });
  const auto pages = std::filesystem::file_size(test.uri().substr(10)) / 4096;
  test.Reopen({.pages_max = static_cast<int64_t>(pages) + 100});
  const auto insert = [&](int64_t id, size_t size) {
    test.db().Write([&](Connection& connection) {
      connection.Execute(kInsertBlob, {id, Bytes{"x"}});
      connection.Execute(kInsertBlob, {id, Bytes{std::string(size, 'x')}});
    });
  };
  std::atomic<int> small_ones = 0;
  std::atomic<int> refused = 0;
  {
    // Writes that fit share their groups with others that do not.
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 10; ++i) {
          try {
            insert(t, (t % 2 == 0) ? 10 : 1 << 20);
            ++small_ones;
          } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::kResourceExhausted);
            EXPECT_EQ(error.message(), "The database or its disk is full");
            ++refused;
          }
        }
      });
    }
  }
  EXPECT_EQ(small_ones, 20);
  EXPECT_EQ(refused, 20);
  const auto count = [&] {
    return test.db().Read(
        [](Connection& connection) { return connection.SelectOne(kCountBlobs)->Int(0); });
  };
  EXPECT_EQ(count(), 40);
  test.Reopen();
  insert(9, 1 << 20);
  EXPECT_EQ(count(), 42);
}

TEST(PostgresDatabase, GoesOnAfterItsConnectionsWereLost) {
  TestDatabase test(Dialect::kPostgres);
  test.db().Write([](Connection& connection) { connection.Execute(kMakePairs); });
  DropPostgresConnections();
  EXPECT_EQ(test.db().Read([](Connection& c) { return c.Select(kAllPairs).size(); }), 0u);
  DropPostgresConnections();
  constexpr Query kInsert{"test.insert_pair", "INSERT INTO pairs VALUES ($1, 0)", ""};
  test.db().Write([&](Connection& connection) { connection.Execute(kInsert, {int64_t{1}}); });
  // A connection that dies inside the work: the work is run again on another.
  int runs = 0;
  test.db().Write([&](Connection& connection) {
    connection.Execute(kInsert, {int64_t{2}});
    if (++runs == 1) DropPostgresConnections();
    connection.Execute(kInsert, {int64_t{3}});
  });
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(test.db().Read([](Connection& c) { return c.Select(kAllPairs).size(); }), 3u);
}

}  // namespace
}  // namespace millwright::storage

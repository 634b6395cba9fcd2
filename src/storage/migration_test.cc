#include "storage/migration.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

#include "base/error.h"
#include "storage/test_database.h"

namespace millwright::storage {
namespace {

constexpr Query kSqliteColumns{
    "test.sqlite_columns",
    "SELECT m.name || '.' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c "
    "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'",
    ""};
constexpr Query kPostgresColumns{
    "test.postgres_columns",
    "SELECT table_name || '.' || column_name FROM information_schema.columns c "
    "JOIN information_schema.tables t USING (table_schema, table_name) "
    "WHERE table_schema = 'public' AND table_type = 'BASE TABLE'",
    ""};
constexpr Query kForgetStep{"test.forget", "DELETE FROM schema_migrations WHERE number = 2", ""};
constexpr Query kAddUnknown{"test.unknown",
                            "INSERT INTO schema_migrations VALUES (9999, 'later', 'x', 0)", ""};
constexpr Query kChangeText{"test.change",
                            "UPDATE schema_migrations SET checksum = 'x' WHERE number = 1", ""};
constexpr Query kCountSteps{"test.count", "SELECT COUNT(*) FROM schema_migrations", ""};

class MigrationTest : public DatabaseTest {
 protected:
  void Execute(const Query& query) {
    db().Write([&](Connection& connection) { connection.Execute(query); });
  }
  std::string FailureOfReopening() {
    try {
      Reopen();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kFailedPrecondition);
      return error.message();
    }
    return "";
  }
};

TEST_P(MigrationTest, AppliesEachStepOnce) {
  Reopen();
  const auto steps =
      db().Read([](Connection& connection) { return connection.SelectOne(kCountSteps)->Int(0); });
  EXPECT_EQ(steps, static_cast<int64_t>(Migrations().size()));
}

TEST_P(MigrationTest, RefusesADatabaseOfANewerVersion) {
  Execute(kAddUnknown);
  EXPECT_EQ(FailureOfReopening(),
            "The database was written by a newer version of this program; it has migration 9999");
}

TEST_P(MigrationTest, RefusesAStepWhoseTextHasChanged) {
  Execute(kChangeText);
  EXPECT_EQ(FailureOfReopening(), "Migration 0001_events has changed since it was applied");
}

TEST_P(MigrationTest, NamesAStepThatFailsAndKeepsNothingOfIt) {
  Execute(kForgetStep);  // so that its tables exist already
  try {
    Reopen();
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(error.message().starts_with("Migration 0002_leases failed: ")) << error.message();
  }
}

MILLWRIGHT_ON_BOTH_DATABASES(MigrationTest);

TEST(Migration, AppliesALowerNumberThatArrivesLater) {
  std::set<int64_t> ran;
  TestDatabase test(Dialect::kSqlite);
  const Migration first[] = {{2000, "b", "b", ""}};
  const Migration both[] = {{1000, "a", "a", ""}, {2000, "b", "b", "b in postgres"}};
  std::vector<Migration> known(Migrations().begin(), Migrations().end());
  std::vector<std::string> scripts;
  const MigrationTarget target{.dialect = Dialect::kSqlite,
                               .transaction = [&](const auto& work) { test.db().Write(work); },
                               .script = [&](std::string_view sql) { scripts.emplace_back(sql); }};
  known.insert(known.end(), std::begin(first), std::end(first));
  Migrate(target, known);
  known.pop_back();
  known.insert(known.end(), std::begin(both), std::end(both));
  Migrate(target, known);
  EXPECT_EQ(scripts, (std::vector<std::string>{"b", "a"}));
}

TEST(Migration, BothDatabasesHaveTheSameColumns) {
  const auto columns = [](Dialect dialect, const Query& query) {
    TestDatabase test(dialect);
    std::set<std::string> names;
    for (const Row& row : test.db().Read([&](Connection& c) { return c.Select(query); })) {
      names.insert(row.Text(0));
    }
    return names;
  };
  auto sqlite = columns(Dialect::kSqlite, kSqliteColumns);
  EXPECT_EQ(sqlite.erase("lease_generation.last"), 1u);  // a sequence on PostgreSQL
  EXPECT_EQ(sqlite, columns(Dialect::kPostgres, kPostgresColumns));
}

TEST(Migration, ServersMayStartTogether) {
  const std::string uri = EmptyPostgresUri();
  std::vector<std::jthread> servers;
  for (int i = 0; i < 4; ++i) servers.emplace_back([&] { OpenDatabase(uri); });
  servers.clear();
  const TempDir dir;
  const std::string file = "sqlite:///" + (dir.path() / "new.db").string();
  for (int i = 0; i < 4; ++i) servers.emplace_back([&] { OpenDatabase(file); });
  servers.clear();
}

}  // namespace
}  // namespace millwright::storage

#include "storage/dump.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <regex>

#include "base/error.h"
#include "base/file.h"
#include "storage/migration.h"
#include "storage/test_database.h"

namespace millwright::storage {
namespace {

using Rows = std::map<std::string, std::vector<std::vector<Value>>>;

constexpr Query kInsertEvent{
    "insert_event",
    "INSERT INTO events (time_ms, kind, subject, who, payload) VALUES ($1, 'k', $2, 'w', '{}')",
    ""};
constexpr Query kLastEvent{"last_event", "SELECT max(seq) FROM events", ""};
constexpr Query kDeleteEvents{"delete_events", "DELETE FROM events", ""};
constexpr Query kInsertExperiment{
    "insert_experiment",
    "INSERT INTO experiments (name, artifact_location, lifecycle, created_ms, updated_ms) "
    "VALUES ($1, '', 'active', 1, 2) RETURNING experiment_id",
    ""};
constexpr Query kInsertDefault{
    "insert_default",
    "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle, created_ms, "
    "updated_ms) VALUES (0, 'Default', '', 'active', 1, 2)",
    ""};
constexpr Query kInsertTag{"insert_tag",
                           "INSERT INTO experiment_tags (experiment_id, key, value) "
                           "VALUES ($1, $2, $3)",
                           ""};
constexpr Query kInsertAppend{
    "insert_append",
    "INSERT INTO metric_appends (run_seq, append_seq, points, written_ms, data) "
    "VALUES (1, 5, 2, 3, $1)",
    ""};
constexpr Query kInsertLatest{
    "insert_latest",
    "INSERT INTO latest_metrics (run_seq, key, timestamp_ms, step, value, is_nan) "
    "VALUES (1, $1, 2, 3, $2, 0)",
    ""};
constexpr Query kNextLease{"next_lease",
                           "UPDATE lease_generation SET last = last + 1 RETURNING last",
                           "SELECT nextval('lease_generation')"};

Rows AllRows(DatabaseSnapshot& snapshot) {
  Rows rows;
  for (const auto& table : snapshot.shape().tables) {
    snapshot.ForEachRow(table, [&](const auto& row) { rows[table.name].push_back(row); });
  }
  return rows;
}

bool Same(const Value& a, const Value& b) {
  if (a.index() != b.index()) return false;
  if (const auto* bytes = std::get_if<Bytes>(&a)) return bytes->data == std::get<Bytes>(b).data;
  if (const auto* number = std::get_if<double>(&a)) return *number == std::get<double>(b);
  if (const auto* text = std::get_if<std::string>(&a)) return *text == std::get<std::string>(b);
  if (const auto* integer = std::get_if<int64_t>(&a)) return *integer == std::get<int64_t>(b);
  return true;
}

void ExpectSame(const Rows& a, const Rows& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [table, rows] : a) {
    const auto other = b.find(table);
    ASSERT_NE(other, b.end()) << table;
    ASSERT_EQ(rows.size(), other->second.size()) << table;
    for (size_t i = 0; i < rows.size(); ++i) {
      ASSERT_EQ(rows[i].size(), other->second[i].size()) << table;
      for (size_t j = 0; j < rows[i].size(); ++j) {
        EXPECT_TRUE(Same(rows[i][j], other->second[i][j])) << table << " " << i << " " << j;
      }
    }
  }
}

void Load(const std::string& uri, const DatabaseShape& shape, const Rows& rows) {
  LoadDatabase(uri, shape, [&](const TableShape& table, const RowSink& sink) {
    const auto found = rows.find(table.name);
    if (found == rows.end()) return;
    for (const auto& row : found->second) sink(row);
  });
}

class Dump : public DatabaseTest {
 protected:
  void Fill() {
    db().Write([](Connection& connection) {
      for (int64_t i = 0; i < 3; ++i) connection.Execute(kInsertEvent, {i, std::string("s")});
      const auto id = connection.SelectOne(kInsertExperiment, {std::string("Lüftung 'x' \"y\"")});
      connection.Execute(kInsertTag, {id->Int(0), std::string("empty"), std::string()});
      connection.Execute(kInsertTag, {id->Int(0), std::string("line"), std::string("a\nb\x01")});
      connection.Execute(kInsertAppend, {Bytes{std::string("\0\xff\1", 3)}});
      connection.Execute(kInsertLatest, {std::string("pi"), 0.1 + 0.2});
      connection.Execute(kInsertLatest, {std::string("whole"), 3.0});
      connection.Execute(kInsertLatest, {std::string("small"), 5e-324});
      for (int i = 0; i < 7; ++i) connection.Select(kNextLease);
    });
  }
};

// The same rows come out of either kind of database after they went into it.
TEST_P(Dump, GoesIntoEitherKindOfDatabase) {
  Fill();
  DatabaseSnapshot snapshot(uri());
  const Rows rows = AllRows(snapshot);
  EXPECT_EQ(rows.at("events").size(), 3u);
  const TempDir dir;
  for (const auto& target :
       {"sqlite:///" + (dir.path() / "copy.db").string(), EmptyPostgresUri()}) {
    Load(target, snapshot.shape(), rows);
    DatabaseSnapshot copy(target);
    ExpectSame(rows, AllRows(copy));
    EXPECT_EQ(copy.shape().migrations.size(), Migrations().size());
    const auto database = OpenDatabase(target);
    database->Write([](Connection& connection) {
      EXPECT_EQ(connection.SelectOne(kNextLease)->Int(0), 8);
      connection.Execute(kInsertEvent, {int64_t{4}, std::string("after")});
      EXPECT_EQ(connection.SelectOne(kLastEvent)->Int(0), 4);
      EXPECT_GT(connection.SelectOne(kInsertExperiment, {std::string("next")})->Int(0), 1);
    });
  }
}

TEST_P(Dump, NeverDrawsTheNumberOfADeletedEventAgain) {
  Fill();
  db().Write([](Connection& connection) { connection.Execute(kDeleteEvents); });
  DatabaseSnapshot snapshot(uri());
  const Rows rows = AllRows(snapshot);
  const TempDir dir;
  for (const auto& target :
       {"sqlite:///" + (dir.path() / "copy.db").string(), EmptyPostgresUri()}) {
    Load(target, snapshot.shape(), rows);
    OpenDatabase(target)->Write([](Connection& connection) {
      connection.Execute(kInsertEvent, {int64_t{4}, std::string("after")});
      EXPECT_EQ(connection.SelectOne(kLastEvent)->Int(0), 4);
    });
  }
}

// The experiment that every server makes itself has the number 0, which no sequence draws.
TEST_P(Dump, GoesOnCountingBehindZero) {
  db().Write([](Connection& connection) { connection.Execute(kInsertDefault); });
  DatabaseSnapshot snapshot(uri());
  const std::string target = EmptyPostgresUri();
  Load(target, snapshot.shape(), AllRows(snapshot));
  OpenDatabase(target)->Write([](Connection& connection) {
    EXPECT_EQ(connection.SelectOne(kInsertExperiment, {std::string("next")})->Int(0), 1);
  });
}

TEST_P(Dump, SeesOneMomentWhileOthersWrite) {
  Fill();
  DatabaseSnapshot snapshot(uri());
  db().Write([](Connection& connection) {
    connection.Execute(kInsertEvent, {int64_t{4}, std::string("later")});
  });
  EXPECT_EQ(AllRows(snapshot).at("events").size(), 3u);
}

TEST_P(Dump, HasReferredTablesFirst) {
  const DatabaseSnapshot snapshot(uri());
  std::map<std::string, size_t> places;
  for (const auto& table : snapshot.shape().tables) places.emplace(table.name, places.size());
  EXPECT_LT(places.at("experiments"), places.at("runs"));
  EXPECT_LT(places.at("pipeline_runs"), places.at("pipeline_tasks"));
  EXPECT_LT(places.at("pipeline_tasks"), places.at("pipeline_attempts"));
  EXPECT_EQ(places.count("schema_migrations"), 0u);
}

TEST_P(Dump, IsRefusedWhenItIsOfANewerProgram) {
  DatabaseSnapshot snapshot(uri());
  DatabaseShape shape = snapshot.shape();
  shape.migrations.push_back({9999, "wings", "abc"});
  const TempDir dir;
  const auto file = dir.path() / "copy.db";
  try {
    Load("sqlite:///" + file.string(), shape, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kFailedPrecondition);
    EXPECT_NE(error.message().find("newer version of this program: it has migration 9999"),
              std::string::npos);
  }
  EXPECT_FALSE(std::filesystem::exists(file));
}

// A dump of an older schema lacks the last steps; they are applied after its rows are in.
TEST_P(Dump, OfAnOlderSchemaIsMigrated) {
  DatabaseSnapshot snapshot(uri());
  DatabaseShape shape = snapshot.shape();
  // As far back as to one that makes a table: an index alone is nothing that a dump lacks.
  size_t made = 0;
  for (auto last = Migrations().rbegin(); made == 0 && last != Migrations().rend(); ++last) {
    ASSERT_EQ(shape.migrations.back().name, last->name);
    shape.migrations.pop_back();
    made += std::erase_if(shape.tables, [&](const auto& table) {
      return last->sql.find("CREATE TABLE " + table.name + " (") != std::string_view::npos;
    });
    // Nor had the tables before it the columns that it adds.
    const std::string text(last->sql);
    const std::regex added("ALTER TABLE (\\w+) ADD COLUMN (\\w+)");
    for (std::sregex_iterator it(text.begin(), text.end(), added), end; it != end; ++it) {
      for (auto& table : shape.tables) {
        if (table.name == (*it)[1].str()) std::erase(table.columns, (*it)[2].str());
      }
    }
  }
  ASSERT_GT(made, 0U);
  const TempDir dir;
  for (const auto& target :
       {"sqlite:///" + (dir.path() / "copy.db").string(), EmptyPostgresUri()}) {
    Load(target, shape, {});
    DatabaseSnapshot copy(target);
    EXPECT_EQ(copy.shape().migrations.size(), Migrations().size());
    EXPECT_EQ(copy.shape().tables.size(), snapshot.shape().tables.size());
  }
}

TEST_P(Dump, LeavesAnEmptyPostgresEmptyWhenItFails) {
  Fill();
  DatabaseSnapshot snapshot(uri());
  Rows rows = AllRows(snapshot);
  rows.at("experiment_tags").push_back({int64_t{77}, std::string("of"), std::string("nobody")});
  const std::string target = EmptyPostgresUri();
  EXPECT_THROW(Load(target, snapshot.shape(), rows), Error);
  Load(target, snapshot.shape(), AllRows(snapshot));
  EXPECT_THROW(Load(target, snapshot.shape(), {}), Error);  // it has tables now
}

MILLWRIGHT_ON_BOTH_DATABASES(Dump);

TEST(DumpTest, RefusesADatabaseOfAnotherProgram) {
  const std::string empty = EmptyPostgresUri();
  EXPECT_THROW(DatabaseSnapshot snapshot(empty), Error);
  EXPECT_THROW(DatabaseSnapshot snapshot("sqlite:////nowhere/at/all.db"), Error);
}

}  // namespace
}  // namespace millwright::storage

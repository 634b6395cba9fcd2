#include "storage/dump.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/error.h"
#include "storage/database_uri.h"
#include "storage/migration.h"
#include "storage/postgres/postgres_connection.h"
#include "storage/sql.h"
#include "storage/sqlite/sqlite_connection.h"

// Statements about tables are composed here from the catalogue's own names, and not written as
// files: a list of tables kept in a second place would one day lack one.
namespace millwright::storage {
namespace {

// Rows that are sent to the database at a time.
constexpr size_t kRowsPerInsert = 512;

std::string Quoted(const std::string& name) {
  return '"' + name + '"';
}

std::string QuotedList(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + Quoted(name);
  return list;
}

Query Composed(std::string_view name, const std::string& sql) {
  return {.name = name, .sql = sql, .postgres = {}};
}

std::vector<TableShape> ReadTables(Connection& connection) {
  std::vector<TableShape> tables;
  std::vector<std::map<int64_t, std::string>> keys;
  for (const Row& row : connection.Select(sql::kDumpColumns)) {
    if (tables.empty() || tables.back().name != row.Text(0)) {
      tables.push_back({.name = row.Text(0), .columns = {}, .key = {}});
      keys.emplace_back();
    }
    tables.back().columns.push_back(row.Text(1));
    if (row.Int(2) > 0) keys.back()[row.Int(2)] = row.Text(1);
  }
  for (size_t i = 0; i < tables.size(); ++i) {
    for (const auto& [place, column] : keys[i]) tables[i].key.push_back(column);
  }
  return tables;
}

// Sorts tables so that each comes after those that it refers to.
std::vector<TableShape> ReferredFirst(std::vector<TableShape> tables, Connection& connection) {
  std::map<std::string, std::set<std::string>> refers_to;
  for (const Row& row : connection.Select(sql::kDumpReferences)) {
    refers_to[row.Text(0)].insert(row.Text(1));
  }
  std::vector<TableShape> sorted;
  std::set<std::string> placed;
  while (!tables.empty()) {
    const auto next = std::find_if(tables.begin(), tables.end(), [&](const TableShape& table) {
      const auto& needs = refers_to[table.name];
      return std::includes(placed.begin(), placed.end(), needs.begin(), needs.end());
    });
    if (next == tables.end()) throw Internal("Tables refer to one another in a circle");
    placed.insert(next->name);
    sorted.push_back(std::move(*next));
    tables.erase(next);
  }
  return sorted;
}

DatabaseShape ReadShape(Connection& connection) {
  DatabaseShape shape{
      .dialect = connection.dialect(), .migrations = {}, .tables = {}, .counters = {}};
  std::vector<Row> migrations;
  try {
    migrations = connection.Select(sql::kDumpMigrations);
  } catch (const Error& error) {
    if (error.code() == Code::kUnavailable) throw;
    throw FailedPrecondition("The database is not one of Millwright: it has no schema_migrations");
  }
  for (const Row& row : migrations) {
    shape.migrations.push_back({row.Int(0), row.Text(1), row.Text(2)});
  }
  CheckKnownShape(shape);
  shape.tables = ReferredFirst(ReadTables(connection), connection);
  for (const Row& row : connection.Select(sql::kDumpCounters)) {
    shape.counters.push_back({row.Text(0), row.Int(1)});
  }
  return shape;
}

// The migrations that a dump had; the others follow when the database is opened.
std::vector<Migration> MigrationsOf(const DatabaseShape& shape) {
  std::vector<Migration> steps;
  for (const Migration& step : Migrations()) {
    const bool had =
        std::any_of(shape.migrations.begin(), shape.migrations.end(),
                    [&](const AppliedMigration& applied) { return applied.number == step.number; });
    if (had) steps.push_back(step);
  }
  return steps;
}

// Goes on counting where the dump's database stopped.
void LoadCounters(Connection& connection, const DatabaseShape& shape) {
  for (const Counter& counter : shape.counters) {
    if (counter.name == "lease_generation") {
      connection.Execute(sql::kLoadLeaseGeneration, {counter.last});
    } else if (counter.name == "events.seq") {
      connection.Execute(sql::kLoadEventSeq, {counter.last});
    } else {
      throw FailedPrecondition("The dump has a counter that this program does not know: {}",
                               counter.name);
    }
  }
}

// Lets PostgreSQL draw numbers behind those that came from the dump.
void LoadIdentities(Connection& connection) {
  for (const Row& row : connection.Select(sql::kIdentityColumns)) {
    const std::string table = row.Text(0);
    const std::string column = row.Text(1);
    connection.Execute(Composed(
        "load_identity", fmt::format("SELECT setval(pg_get_serial_sequence('{0}', '{1}'), "
                                     "greatest(max({2}), 1), coalesce(max({2}), 0) > 0) FROM {3}",
                                     table, column, Quoted(column), Quoted(table))));
  }
}

void LoadTable(Connection& connection, const TableShape& table,
               const std::function<void(const TableShape&, const RowSink&)>& rows) {
  std::string marks;
  for (size_t i = 1; i <= table.columns.size(); ++i) {
    marks += fmt::format("{}${}", i > 1 ? ", " : "", i);
  }
  // Numbers that PostgreSQL would draw itself come from the dump as well.
  const std::string sql = fmt::format(
      "INSERT INTO {} ({}) {}VALUES ({})", Quoted(table.name), QuotedList(table.columns),
      connection.dialect() == Dialect::kPostgres ? "OVERRIDING SYSTEM VALUE " : "", marks);
  std::vector<std::vector<Value>> batch;
  const auto flush = [&] {
    connection.ExecuteMany(Composed("load_rows", sql), batch);
    batch.clear();
  };
  rows(table, [&](std::vector<Value> row) {
    batch.push_back(std::move(row));
    if (batch.size() == kRowsPerInsert) flush();
  });
  flush();
}

void CheckNoTables(Connection& connection) {
  if (connection.Select(sql::kCountTables).at(0).Int(0) == 0) return;
  throw FailedPrecondition("The database to restore into has tables already; give an empty one");
}

void LoadAll(Connection& connection, const std::function<void(std::string_view)>& script,
             const DatabaseShape& shape,
             const std::function<void(const TableShape&, const RowSink&)>& rows) {
  CheckNoTables(connection);
  Migrate({.dialect = connection.dialect(),
           .transaction = [&](const auto& work) { work(connection); },  // inside the caller's
           .script = script},
          MigrationsOf(shape));
  // What a migration has put there itself is in the dump too.
  for (auto table = shape.tables.rbegin(); table != shape.tables.rend(); ++table) {
    connection.Execute(Composed("load_empty", "DELETE FROM " + Quoted(table->name)));
  }
  LoadCounters(connection, shape);
  for (const TableShape& table : shape.tables) LoadTable(connection, table, rows);
  LoadIdentities(connection);
}

void LoadSqlite(const std::filesystem::path& path, const DatabaseShape& shape,
                const std::function<void(const TableShape&, const RowSink&)>& rows) {
  SqliteConnection connection(path, {});
  // The file is worth nothing before it is whole, so nothing is logged or synced on the way.
  connection.Script("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
  connection.Control("BEGIN IMMEDIATE");
  LoadAll(
      connection, [&](std::string_view sql) { connection.Script(sql); }, shape, rows);
  connection.Control("COMMIT");
}

void LoadPostgres(const std::string& address, const DatabaseShape& shape,
                  const std::function<void(const TableShape&, const RowSink&)>& rows) {
  PostgresConnection connection(address);
  connection.Begin("BEGIN");
  try {
    LoadAll(
        connection, [&](std::string_view sql) { connection.Script(sql); }, shape, rows);
    connection.Commit();
  } catch (...) {
    connection.Abandon();
    throw;
  }
}

}  // namespace

DatabaseSnapshot::DatabaseSnapshot(const std::string& uri) {
  if (const auto path = SqlitePath(uri)) {
    if (!std::filesystem::is_regular_file(*path)) throw NotFound("Database file", *path);
    auto connection = std::make_unique<SqliteConnection>(
        *path, SqliteConnection::Options{.read_only = true,
                                         .foreign = true,
                                         .busy_timeout_ms = DatabaseOptions().busy_timeout_ms});
    connection->Control("BEGIN");
    connection_ = std::move(connection);
  } else if (const auto address = PostgresAddress(uri)) {
    auto connection = std::make_unique<PostgresConnection>(*address);
    connection->Begin("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    connection_ = std::move(connection);
  } else {
    throw NoDatabase();
  }
  shape_ = ReadShape(*connection_);
}

DatabaseSnapshot::~DatabaseSnapshot() = default;

void DatabaseSnapshot::ForEachRow(const TableShape& table,
                                  const std::function<void(const std::vector<Value>&)>& each) {
  std::string sql = fmt::format("SELECT {} FROM {}", QuotedList(table.columns), Quoted(table.name));
  if (!table.key.empty()) sql += " ORDER BY " + QuotedList(table.key);
  connection_->ForEach(Composed("dump_rows", sql), {}, [&](const Row& row) {
    each(row.Last(table.columns.size()));
    return true;
  });
}

void CheckKnownShape(const DatabaseShape& shape) {
  for (const AppliedMigration& applied : shape.migrations) {
    const auto steps = Migrations();
    const auto step = std::find_if(steps.begin(), steps.end(), [&](const Migration& known) {
      return known.number == applied.number;
    });
    if (step == steps.end()) {
      throw FailedPrecondition(
          "It was written by a newer version of this program: it has migration {:04}_{}",
          applied.number, applied.name);
    }
    if (ChecksumOf(*step, shape.dialect) != applied.checksum) {
      throw FailedPrecondition("Its migration {:04}_{} is not the one that this program has",
                               applied.number, applied.name);
    }
  }
}

void CheckEmptyPlace(const std::string& uri) {
  if (const auto path = SqlitePath(uri)) {
    if (std::filesystem::exists(*path)) {
      throw FailedPrecondition("There is a database already: {}", *path);
    }
  } else if (const auto address = PostgresAddress(uri)) {
    PostgresConnection connection(*address);
    CheckNoTables(connection);
  } else {
    throw NoDatabase();
  }
}

void LoadDatabase(const std::string& uri, const DatabaseShape& shape,
                  const std::function<void(const TableShape& table, const RowSink& sink)>& rows) {
  CheckKnownShape(shape);
  if (const auto path = SqlitePath(uri)) {
    LoadSqlite(*path, shape, rows);
  } else if (const auto address = PostgresAddress(uri)) {
    LoadPostgres(*address, shape, rows);
  } else {
    throw NoDatabase();
  }
  OpenDatabase(uri);
}

}  // namespace millwright::storage

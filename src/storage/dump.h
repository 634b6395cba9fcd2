#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "storage/database.h"

// The rows of a whole database, whichever kind it is, out of one and into another.
namespace millwright::storage {

struct TableShape {
  std::string name;
  std::vector<std::string> columns;
  std::vector<std::string> key;  // of the primary key, in its order; may be empty
};

struct AppliedMigration {
  int64_t number = 0;
  std::string name;
  std::string checksum;
};

// The last number drawn from a counter that never repeats one.
struct Counter {
  std::string name;
  int64_t last = 0;
};

// What a dump has beside rows.
struct DatabaseShape {
  Dialect dialect = Dialect::kSqlite;
  std::vector<AppliedMigration> migrations;  // by number
  std::vector<TableShape> tables;            // those that others refer to come first
  std::vector<Counter> counters;
};

// All of a database at one moment, read while its server goes on writing: one read transaction on
// SQLite, REPEATABLE READ on PostgreSQL. Nothing is made, migrated or changed. While it lives,
// SQLite's WAL file grows by what is written. Used by one thread.
class DatabaseSnapshot {
 public:
  // URIs as in OpenDatabase. Throws kNotFound for a SQLite file that is absent, kUnavailable when
  // the database cannot be reached, kFailedPrecondition for one that is not Millwright's or that a
  // newer version of this program has written.
  explicit DatabaseSnapshot(const std::string& uri);
  ~DatabaseSnapshot();

  const DatabaseShape& shape() const { return shape_; }
  // Hands out the rows of a table in the order of its key, in constant memory.
  void ForEachRow(const TableShape& table,
                  const std::function<void(const std::vector<Value>&)>& each);
  // For other questions about the same moment.
  Connection& connection() { return *connection_; }

 private:
  std::unique_ptr<Connection> connection_;
  DatabaseShape shape_;
};

// Throws kFailedPrecondition when a dump of this shape is of a newer version of this program, or of
// a schema that this program has never had.
void CheckKnownShape(const DatabaseShape& shape);

// Throws kFailedPrecondition when LoadDatabase would refuse the place because something is there.
void CheckEmptyPlace(const std::string& uri);

// Takes the rows of a table one after another.
using RowSink = std::function<void(std::vector<Value> row)>;

// Makes a database with the schema that the dump had, fills it and brings the schema up to date.
// `rows` is called for each table and hands its rows, with the shape's columns, to the sink. A
// SQLite file must be absent and is of no use after an exception; it is durable only once the
// caller has synced it. A PostgreSQL database must have no tables (kFailedPrecondition), and has
// none after an exception. Throws what CheckKnownShape throws.
void LoadDatabase(const std::string& uri, const DatabaseShape& shape,
                  const std::function<void(const TableShape& table, const RowSink& sink)>& rows);

}  // namespace millwright::storage

#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/file.h"
#include "storage/database.h"

namespace millwright::storage {

// A fresh database with the whole schema: a SQLite file in a folder of its own, or a database in a
// PostgreSQL cluster that the first user in the process starts in a temporary folder (a unix socket
// only) and that ends with the process, also when it crashes. Both are copies of a migrated
// template, so one costs milliseconds. Create it on the main thread. It is gone with this object.
class TestDatabase {
 public:
  explicit TestDatabase(Dialect dialect, const DatabaseOptions& options = {});
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  Database& db() { return *database_; }
  // Where it is, for OpenDatabase and for other processes.
  const std::string& uri() const { return uri_; }
  // Closes it and opens it again, as a restart does.
  void Reopen(const DatabaseOptions& options = {});

 private:
  TempDir dir_;
  std::string name_;  // in the cluster; empty for SQLite
  std::string uri_;
  std::unique_ptr<Database> database_;
};

// The base of suites that run on both databases:
//   class RunStoreTest : public storage::DatabaseTest {};
//   TEST_P(RunStoreTest, KeepsTheHighestStepAsLatest) { RunStore store(db()); … }
//   MILLWRIGHT_ON_BOTH_DATABASES(RunStoreTest);
class DatabaseTest : public ::testing::TestWithParam<Dialect> {
 protected:
  Database& db() { return test_.db(); }
  const std::string& uri() const { return test_.uri(); }
  void Reopen(const DatabaseOptions& options = {}) { test_.Reopen(options); }

 private:
  TestDatabase test_{GetParam()};
};

// The address of a new database without any table in the test cluster, for tests of OpenDatabase.
std::string EmptyPostgresUri();
// Ends all connections of a database in the test cluster, as a restart of its server does.
void DropPostgresConnections();

std::string DialectName(const ::testing::TestParamInfo<Dialect>& info);

#define MILLWRIGHT_ON_BOTH_DATABASES(Suite)                                              \
  INSTANTIATE_TEST_SUITE_P(, Suite,                                                      \
                           ::testing::Values(::millwright::storage::Dialect::kSqlite,    \
                                             ::millwright::storage::Dialect::kPostgres), \
                           ::millwright::storage::DialectName)

}  // namespace millwright::storage

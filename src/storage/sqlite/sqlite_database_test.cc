#include "storage/sqlite/sqlite_database.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/error.h"
#include "base/file.h"

namespace millwright::storage {
namespace {

constexpr Query kMakeTable{
    "test.make", "CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT, b DOUBLE PRECISION, c BLOB)", ""};
constexpr Query kInsert{"test.insert", "INSERT INTO t (b, a, id, c) VALUES ($3, $2, $1, $4)", ""};
constexpr Query kAll{"test.all", "SELECT id, a, b, c FROM t ORDER BY id", ""};

TEST(SqliteDatabase, KeepsValuesOfEveryType) {
  const TempDir dir;
  auto db = OpenDatabase("sqlite:///" + (dir.path() / "x" / "m.db").string());
  db->Write([](Connection& c) {
    c.Execute(kMakeTable);
    c.Execute(kInsert, {int64_t{1}, "one", 1.5, Bytes{std::string("\0x", 2)}});
    c.Execute(kInsert, {int64_t{2}, Value(), Value(), Value()});
  });
  auto rows = db->Read([](Connection& c) { return c.Select(kAll); });
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].Text(1), "one");
  EXPECT_EQ(rows[0].Double(2), 1.5);
  EXPECT_EQ(rows[0].Blob(3), std::string("\0x", 2));
  EXPECT_TRUE(rows[1].IsNull(1));
}

}  // namespace
}  // namespace millwright::storage

#include "storage/database.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

#include "base/error.h"
#include "storage/test_database.h"

namespace millwright::storage {
namespace {

constexpr Query kMakeItems{"test.make_items",
                           "CREATE TABLE items (id BIGINT PRIMARY KEY, a TEXT, b DOUBLE PRECISION, "
                           "c BLOB, CHECK (b IS NULL OR b >= 0))",
                           "CREATE TABLE items (id BIGINT PRIMARY KEY, a TEXT, b DOUBLE PRECISION, "
                           "c BYTEA, CHECK (b IS NULL OR b >= 0))"};
constexpr Query kMakeParts{"test.make_parts",
                           "CREATE TABLE parts (item BIGINT NOT NULL REFERENCES items (id))", ""};
// The parameters are out of order on purpose.
constexpr Query kInsert{"test.insert", "INSERT INTO items (b, a, id, c) VALUES ($3, $2, $1, $4)",
                        ""};
constexpr Query kInsertId{"test.insert_id", "INSERT INTO items (id) VALUES ($1)", ""};
constexpr Query kInsertReturning{"test.insert_returning",
                                 "INSERT INTO items (id) VALUES ($1) RETURNING id + 1", ""};
constexpr Query kInsertPart{"test.insert_part", "INSERT INTO parts (item) VALUES ($1)", ""};
constexpr Query kAll{"test.all", "SELECT id, a, b, c FROM items ORDER BY id", ""};
constexpr Query kIds{"test.ids", "SELECT id FROM items ORDER BY id", ""};
constexpr Query kSum{"test.sum", "SELECT SUM(id), AVG(id), COUNT(*) FROM items", ""};
constexpr Query kRaise{"test.raise", "UPDATE items SET b = COALESCE(b, 0) + $2 WHERE id >= $1", ""};
constexpr Query kReadB{"test.read_b", "SELECT b FROM items WHERE id = $1", ""};
constexpr Query kSetB{"test.set_b", "UPDATE items SET b = $2 WHERE id = $1", ""};

class DatabaseContractTest : public DatabaseTest {
 protected:
  DatabaseContractTest() {
    db().Write([](Connection& c) {
      c.Execute(kMakeItems);
      c.Execute(kMakeParts);
    });
  }

  std::vector<int64_t> Ids() {
    return db().Read([](Connection& c) {
      std::vector<int64_t> ids;
      c.ForEach(kIds, {}, [&](const Row& row) {
        ids.push_back(row.Int(0));
        return true;
      });
      return ids;
    });
  }

  Code CodeOf(const std::function<void(Connection&)>& work) {
    try {
      db().Write(work);
    } catch (const Error& error) {
      EXPECT_EQ(error.message().find("INSERT"), std::string::npos) << error.message();
      return error.code();
    }
    ADD_FAILURE() << "no error";
    return Code::kInternal;
  }
};

TEST_P(DatabaseContractTest, KeepsValuesOfEveryType) {
  const std::string bytes("\0\xff'x", 4);
  const double tiny = std::numeric_limits<double>::denorm_min();
  db().Write([&](Connection& c) {
    c.Execute(kInsert, {int64_t{1}, "naïve '", 1.0 / 3, Bytes{bytes}});
    c.Execute(kInsert, {std::numeric_limits<int64_t>::max(), "", tiny, Bytes{}});
    c.Execute(kInsert, {std::numeric_limits<int64_t>::min(), Value(), Value(), Value()});
  });
  const auto rows = db().Read([](Connection& c) { return c.Select(kAll); });
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].Int(0), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(rows[0].OptionalText(1), std::nullopt);
  EXPECT_EQ(rows[0].OptionalDouble(2), std::nullopt);
  EXPECT_TRUE(rows[0].IsNull(3));
  EXPECT_EQ(rows[1].Text(1), "naïve '");
  EXPECT_EQ(rows[1].Double(2), 1.0 / 3);
  EXPECT_EQ(rows[1].Blob(3), bytes);
  EXPECT_EQ(rows[2].Int(0), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(rows[2].OptionalText(1), "");
  EXPECT_EQ(rows[2].Double(2), tiny);
  EXPECT_EQ(rows[2].Blob(3), "");
}

TEST_P(DatabaseContractTest, CountsChangedRows) {
  db().Write([](Connection& c) {
    EXPECT_EQ(c.ExecuteMany(kInsertId, {{int64_t{1}}, {int64_t{2}}, {int64_t{3}}}), 3);
    EXPECT_EQ(c.Execute(kRaise, {int64_t{2}, 1.5}), 2);
    EXPECT_EQ(c.Execute(kRaise, {int64_t{9}, 1.5}), 0);
    EXPECT_EQ(c.Execute(kIds), 0);
  });
}

TEST_P(DatabaseContractTest, InsertsThousandsOfRowsWithMixedNulls) {
  std::vector<std::vector<Value>> rows;
  for (int64_t i = 0; i < 3000; ++i) {
    rows.push_back({i, i % 2 ? Value("text") : Value(), i % 3 ? Value(0.5) : Value(), Value()});
  }
  EXPECT_EQ(db().Write([&](Connection& c) { return c.ExecuteMany(kInsert, rows); }), 3000);
  EXPECT_EQ(Ids().size(), 3000u);
}

TEST_P(DatabaseContractTest, AFailedRowOfManyUndoesTheWrite) {
  EXPECT_EQ(CodeOf([](Connection& c) {
              c.ExecuteMany(kInsertId, {{int64_t{1}}, {int64_t{2}}, {int64_t{1}}, {int64_t{3}}});
            }),
            Code::kAlreadyExists);
  EXPECT_EQ(Ids(), std::vector<int64_t>{});
  db().Write([](Connection& c) { c.Execute(kInsertId, {int64_t{5}}); });
  EXPECT_EQ(Ids(), std::vector<int64_t>{5});
}

TEST_P(DatabaseContractTest, AnswersReturningAndAggregates) {
  db().Write([](Connection& c) {
    EXPECT_EQ(c.SelectOne(kInsertReturning, {int64_t{1}})->Int(0), 2);
    EXPECT_EQ(c.Select(kInsertReturning, {int64_t{2}})[0].Int(0), 3);
  });
  const auto row = db().Read([](Connection& c) { return c.SelectOne(kSum); });
  EXPECT_EQ(row->Int(0), 3);
  EXPECT_EQ(row->Double(1), 1.5);
  EXPECT_EQ(row->Int(2), 2);
}

TEST_P(DatabaseContractTest, NamesWhatARowBreaks) {
  db().Write([](Connection& c) { c.Execute(kInsertId, {int64_t{1}}); });
  EXPECT_EQ(CodeOf([](Connection& c) { c.Execute(kInsertId, {int64_t{1}}); }),
            Code::kAlreadyExists);
  EXPECT_EQ(CodeOf([](Connection& c) { c.Execute(kInsertPart, {int64_t{7}}); }),
            Code::kFailedPrecondition);
  EXPECT_EQ(CodeOf([](Connection& c) { c.Execute(kInsertPart, {Value()}); }),
            Code::kFailedPrecondition);
  EXPECT_EQ(CodeOf([](Connection& c) {
              c.Execute(kInsert, {int64_t{2}, Value(), -1.0, Value()});
            }),
            Code::kFailedPrecondition);
  EXPECT_EQ(CodeOf([](Connection& c) {
              c.Execute(kInsert, {int64_t{2}, std::string("a\0b", 3), Value(), Value()});
            }),
            Code::kInvalidArgument);
  EXPECT_EQ(CodeOf([](Connection& c) { c.Execute(kInsertId, {}); }), Code::kInternal);
  EXPECT_EQ(Ids(), std::vector<int64_t>{1});
}

TEST_P(DatabaseContractTest, AThrowUndoesThatWorkAlone) {
  db().Write([](Connection& c) { c.Execute(kInsertId, {int64_t{1}}); });
  EXPECT_EQ(CodeOf([](Connection& c) {
              c.Execute(kInsertId, {int64_t{2}});
              throw NotFound("Item", "2");
            }),
            Code::kNotFound);
  EXPECT_THROW(db().Write([](Connection&) { throw std::runtime_error("other"); }),
               std::runtime_error);
  EXPECT_EQ(Ids(), std::vector<int64_t>{1});
}

TEST_P(DatabaseContractTest, AReadCannotChangeAnything) {
  EXPECT_THROW(db().Read([](Connection& c) { c.Execute(kInsertId, {int64_t{1}}); }), Error);
  EXPECT_EQ(Ids(), std::vector<int64_t>{});
}

TEST_P(DatabaseContractTest, AReadSeesOneSnapshot) {
  db().Write([](Connection& c) { c.Execute(kInsertId, {int64_t{1}}); });
  db().Read([&](Connection& c) {
    EXPECT_EQ(c.Select(kIds).size(), 1u);
    std::thread([&] {
      db().Write([](Connection& w) { w.Execute(kInsertId, {int64_t{2}}); });
    }).join();
    EXPECT_EQ(c.Select(kIds).size(), 1u);
  });
  EXPECT_EQ(Ids().size(), 2u);
}

TEST_P(DatabaseContractTest, ForEachStopsWhenAskedAndLeavesTheConnectionUsable) {
  db().Write([](Connection& c) {
    c.ExecuteMany(kInsertId, {{int64_t{1}}, {int64_t{2}}, {int64_t{3}}});
  });
  db().Read([](Connection& c) {
    int seen = 0;
    c.ForEach(kIds, {}, [&](const Row&) { return ++seen < 2; });
    EXPECT_EQ(seen, 2);
    EXPECT_THROW(c.ForEach(kIds, {}, [](const Row&) -> bool { throw NotFound("Item", "1"); }),
                 Error);
    EXPECT_THROW(c.ForEach(kIds, {}, [&](const Row&) { return c.Execute(kIds) == 0; }), Error);
    EXPECT_EQ(c.Select(kIds).size(), 3u);
  });
}

TEST_P(DatabaseContractTest, HooksRunAroundTheCommitAndNotForWhatIsUndone) {
  std::vector<std::string> seen;
  db().Write([&](Connection& c) {
    c.BeforeCommit([&](Connection& inner) {
      inner.Execute(kInsertId, {int64_t{1}});
      seen.push_back("before");
      inner.AfterCommit([&] { seen.push_back("after"); });
    });
    seen.push_back("work");
  });
  EXPECT_EQ(seen, (std::vector<std::string>{"work", "before", "after"}));
  EXPECT_THROW(db().Write([&](Connection& c) {
    c.AfterCommit([&] { seen.push_back("never"); });
    c.BeforeCommit([](Connection& inner) { inner.Execute(kInsertId, {int64_t{1}}); });
  }),
               Error);
  db().Write([](Connection&) {});
  EXPECT_EQ(seen.size(), 3u);
}

TEST_P(DatabaseContractTest, ConcurrentReadModifyWritesLoseNothing) {
  constexpr int kThreads = 8, kEach = 50;
  db().Write([](Connection& c) { c.Execute(kInsert, {int64_t{1}, Value(), 0.0, Value()}); });
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        db().Write([](Connection& c) {
          const double b = c.SelectOne(kReadB, {int64_t{1}})->Double(0);
          c.Execute(kSetB, {int64_t{1}, b + 1});
        });
      }
    });
  }
  threads.clear();
  const auto row = db().Read([](Connection& c) { return c.SelectOne(kReadB, {int64_t{1}}); });
  EXPECT_EQ(row->Double(0), kThreads * kEach);
  EXPECT_EQ(db().stats().transactions, kThreads * kEach + 2);
  EXPECT_LE(db().stats().commits, db().stats().transactions);
}

TEST_P(DatabaseContractTest, AQueryMayChangeItsTextUnderOneName) {
  db().Write([](Connection& c) { c.Execute(kInsertId, {int64_t{4}}); });
  db().Read([](Connection& c) {
    for (const std::string& text :
         {std::string("SELECT id FROM items"), std::string("SELECT id + 1 FROM items")}) {
      const int64_t expected = text.size() > 20 ? 5 : 4;
      EXPECT_EQ(c.SelectOne({"test.dynamic", text, ""})->Int(0), expected);
    }
  });
}

TEST_P(DatabaseContractTest, KeepsEverythingOverAReopen) {
  db().Write([](Connection& c) { c.Execute(kInsertId, {int64_t{1}}); });
  Reopen();
  EXPECT_EQ(Ids(), std::vector<int64_t>{1});
}

MILLWRIGHT_ON_BOTH_DATABASES(DatabaseContractTest);

TEST(OpenDatabase, RefusesOtherAddresses) {
  for (const char* uri : {"", "mysql://x/y", "sqlite://", "sqlite:///", "sqlite:/x.db", "x.db"}) {
    try {
      OpenDatabase(uri);
      ADD_FAILURE() << uri;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidArgument) << uri;
    }
  }
}

TEST(OpenDatabase, SaysWhenAServerCannotBeReached) {
  const TempDir dir;
  for (const std::string& uri :
       {"postgresql://u@/db?host=" + dir.path().string(), std::string("sqlite:////dev/null/x.db"),
        "sqlite:///" + dir.path().string()}) {
    try {
      OpenDatabase(uri);
      ADD_FAILURE() << uri;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kUnavailable) << uri;
    }
  }
}

}  // namespace
}  // namespace millwright::storage

#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace millwright::storage {

enum class Dialect { kSqlite, kPostgres };

// One SQL statement out of src/<room>/sql/<name>.sql, made by cmake/embed.cmake. Parameters are
// $1, $2, …; `postgres` replaces the text there when it is not empty. The name appears in logs and
// metrics.
struct Query {
  std::string_view name;
  std::string_view sql;
  std::string_view postgres;
};

// A parameter or a column: NULL, integer, double, text or bytes.
struct Bytes {
  std::string data;
};
using Value = std::variant<std::monostate, int64_t, double, std::string, Bytes>;

inline Value Optional(const std::optional<int64_t>& value) {
  return value ? Value(*value) : Value();
}
inline Value Optional(const std::optional<std::string>& value) {
  return value ? Value(*value) : Value();
}
inline Value Optional(const std::optional<double>& value) {
  return value ? Value(*value) : Value();
}

// One row of an answer. Columns are counted from 0. A wrong type is a programmer's error.
class Row {
 public:
  explicit Row(std::vector<Value> columns) : columns_(std::move(columns)) {}
  bool IsNull(int column) const;
  int64_t Int(int column) const;
  double Double(int column) const;
  const std::string& Text(int column) const;
  const std::string& Blob(int column) const;
  std::optional<int64_t> OptionalInt(int column) const;
  std::optional<double> OptionalDouble(int column) const;
  std::optional<std::string> OptionalText(int column) const;
  // The last `count` columns as they are.
  std::vector<Value> Last(size_t count) const;

 private:
  std::vector<Value> columns_;
};

// Statements inside one transaction; given to the functions passed to Database::Read and Write and
// valid only while they run, on their thread.
//
// Failures are Errors: kAlreadyExists for a broken unique or primary key, kFailedPrecondition for a
// broken foreign key or check, kUnavailable for a lost connection or a busy database,
// kResourceExhausted for a full disk, kInternal otherwise (the message never holds SQL). Let them
// rise: on PostgreSQL a transaction is dead after the first one. Use ON CONFLICT to tolerate a key.
// Texts with a NUL are refused with kInvalidArgument. SQLite stores NaN as NULL.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual Dialect dialect() const = 0;

  // Runs a statement and returns its rows (also of RETURNING).
  virtual std::vector<Row> Select(const Query& query,
                                  const std::vector<Value>& parameters = {}) = 0;
  // Calls `each` row by row, in constant memory, until it returns false. `each` runs no query.
  virtual void ForEach(const Query& query, const std::vector<Value>& parameters,
                       const std::function<bool(const Row&)>& each) = 0;
  // Runs a statement and returns how many rows it changed.
  virtual int64_t Execute(const Query& query, const std::vector<Value>& parameters = {}) = 0;
  // Runs a statement once for each row of `rows`: prepared once on SQLite, in one round trip on
  // PostgreSQL (pipeline mode). Returns how many rows it changed in all.
  virtual int64_t ExecuteMany(const Query& query, const std::vector<std::vector<Value>>& rows) = 0;

  // From here to the end of the transaction a statement that is still running after so long is
  // ended with kDeadlineExceeded. Only inside Read.
  virtual void LimitTime(int64_t ms) = 0;

  // The first row, or nothing.
  std::optional<Row> SelectOne(const Query& query, const std::vector<Value>& parameters = {});

  // Runs `hook` in this transaction when `work` has returned, in the order of the calls: for what
  // holds a lock that others wait for. A hook adds no further hooks. Only inside Write.
  void BeforeCommit(std::function<void(Connection&)> hook);
  // Runs `hook` once the transaction is durable and never when it is undone, before Write returns.
  // It must not throw, block or use the database. Only inside Write.
  void AfterCommit(std::function<void()> hook);

 protected:
  // For the back-ends: hooks that the transaction at work has left.
  struct Hooks {
    std::vector<std::function<void(Connection&)>> before_commit;
    std::vector<std::function<void()>> after_commit;
  };
  Hooks hooks_;
};

// Counts of what the database did since start, for /metrics.
struct DatabaseStats {
  int64_t transactions = 0;
  int64_t commits = 0;  // of groups: transactions / commits is the group size
  int64_t commit_us = 0;
};

// How a queued write is told to its caller: nothing once it is durable, else what went wrong.
using WriteDone = std::function<void(const std::exception_ptr& error)>;

// The metadata database: one schema on SQLite (WAL, one writer thread with group commit, a pool of
// readers) or PostgreSQL (a pool of connections). Thread-safe.
//
// Both keep the same promise, so that code need not know which it runs on: a Write works as if it
// were alone (one writer on SQLite, SERIALIZABLE with retries on PostgreSQL), and a Read sees one
// snapshot (REPEATABLE READ on PostgreSQL) and cannot change anything.
//
// Write runs `work` in a transaction and returns after the commit is durable: an acknowledged write
// survives kill -9 and power loss. On SQLite concurrent writes are run one after another by the
// writer thread, each in a savepoint, and committed together; an exception out of `work` undoes
// that work alone and is thrown to its caller. `work` may be run again (after a
// serialization failure on PostgreSQL, or when its group could not be committed on SQLite), so it
// has no effects outside of the database.
// Never call Read or Write from inside `work`, and never block in it.
//
// WriteLater is Write for a caller that must not wait: it queues `work` and returns. `done` is
// called once, on a thread of the database: with nothing when the commit is durable, else with what
// Write would have thrown. When too many works wait already (DatabaseOptions::queued_writes_max),
// it is called at once on the caller's thread with kUnavailable. `done` holds up the next commit:
// it must be quick, and must not throw, block or use the database. SQLite runs works in the order
// of the calls. PostgreSQL runs some of them in one transaction, each in a savepoint. A database
// that is destroyed runs what is queued and calls every `done` first.
class Database {
 public:
  virtual ~Database() = default;

  virtual Dialect dialect() const = 0;
  virtual void WriteErased(const std::function<void(Connection&)>& work) = 0;
  virtual void ReadErased(const std::function<void(Connection&)>& work) = 0;
  virtual void WriteLater(std::function<void(Connection&)> work, WriteDone done) = 0;
  virtual DatabaseStats stats() const = 0;

  template <typename F>
  auto Write(F&& work) -> std::invoke_result_t<F, Connection&> {
    return Returning([this](const auto& erased) { WriteErased(erased); }, work);
  }
  template <typename F>
  auto Read(F&& work) -> std::invoke_result_t<F, Connection&> {
    return Returning([this](const auto& erased) { ReadErased(erased); }, work);
  }

 private:
  template <typename Runner, typename F>
  static auto Returning(const Runner& run, F& work) -> std::invoke_result_t<F, Connection&> {
    using R = std::invoke_result_t<F, Connection&>;
    if constexpr (std::is_void_v<R>) {
      run([&](Connection& connection) { work(connection); });
    } else {
      std::optional<R> result;
      run([&](Connection& connection) { result.emplace(work(connection)); });
      return std::move(*result);
    }
  }
};

struct DatabaseOptions {
  int readers = 4;  // SQLite: reader connections; PostgreSQL: connections in the pool
  // How long a call waits for a connection, for another process's lock or through retries.
  int64_t busy_timeout_ms = 10'000;
  // SQLite: the size in pages of 4 kB that the file may reach, 0 for no limit. A write beyond it is
  // refused as on a full disk.
  int64_t pages_max = 0;
  // Works of WriteLater that wait at a time; beyond it they are refused.
  size_t queued_writes_max = 2048;
};

// Opens `sqlite:///path` (made if absent; the path is absolute after three slashes and a fourth) or
// `postgresql://…` and brings its schema up to date. Throws kInvalidArgument for another URI,
// kUnavailable when it cannot be reached, kFailedPrecondition when the schema is newer than this
// program.
std::unique_ptr<Database> OpenDatabase(const std::string& uri, const DatabaseOptions& options = {});

}  // namespace millwright::storage

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"

namespace millwright::analytics {

// A column's type, as far as planners need to tell. HUGEINT and unsigned integers are kInteger,
// DECIMAL and FLOAT kDouble, ENUM and UUID kText; TIME, BLOB, INTERVAL and nested types are kOther
// and come as the text that DuckDB prints.
enum class ColumnType { kBoolean, kInteger, kDouble, kText, kTimestamp, kDate, kOther };
std::string_view ColumnTypeName(ColumnType type);

struct Column {
  std::string name;
  ColumnType type = ColumnType::kOther;
  std::string sql_type;  // DuckDB's own name: "BIGINT", "DECIMAL(18,3)", …

  bool operator==(const Column&) const = default;
};

// The answer of a query, whole, column by column. Timestamps and dates are milliseconds since 1970
// in Int (infinite ones the largest and smallest int64); all integers that fit are int64, others
// double.
class Table {
 public:
  using Cell = std::variant<std::monostate, bool, int64_t, double, std::string>;

  const std::vector<Column>& columns() const { return columns_; }
  size_t row_count() const { return row_count_; }
  const Cell& At(size_t row, size_t column) const { return cells_[column][row]; }
  bool IsNull(size_t row, size_t column) const { return At(row, column).index() == 0; }
  // Numbers of any kind as double; NULL is NaN. Text throws kInvalidArgument.
  double Double(size_t row, size_t column) const;
  // A double is cut to an integer. NULL and text throw kInvalidArgument.
  int64_t Int(size_t row, size_t column) const;
  // Text of any cell as DuckDB would print it; NULL is "". Times are printed to the millisecond.
  std::string Text(size_t row, size_t column) const;
  // Numbers and booleans as such, NULL as null, all else as Text.
  Json ToJson(size_t row, size_t column) const;
  int ColumnIndex(std::string_view name) const;  // -1 when absent

 private:
  friend class LocalSession;
  friend class RemoteSession;
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> cells_;
  size_t row_count_ = 0;
};

// A table of float32 features in row order, as engines and trainers take it; NULL is NaN.
struct FloatMatrix {
  std::vector<std::string> columns;
  std::vector<float> values;  // row-major
  size_t row_count = 0;
};

// One column of a piece of an answer, where DuckDB keeps it: BIGINT or DOUBLE, one of the two.
struct NumberSpan {
  const int64_t* integers = nullptr;
  const double* reals = nullptr;
  const uint64_t* validity = nullptr;  // a bit a row; null when every row has a value

  bool Has(size_t row) const {
    return validity == nullptr || (validity[row / 64] >> (row % 64) & 1) != 0;
  }
};

class AppenderBackend;
class SessionBackend;
class SessionHost;

struct SessionOptions {
  int threads = 2;
  uint64_t memory_bytes_max = 2ULL << 30;
  std::string temp_dir;  // for spilling; the system's when empty
  // When one of these two is not empty, SQL reads and writes files inside of these folders and
  // these very files and no others (kPermissionDenied), and no setting of the session can be
  // changed any more. Set for SQL that comes from outside. Links that lead out of a folder are
  // refused too.
  std::vector<std::string> allowed_folders;
  std::vector<std::string> allowed_files;
  std::string database_file;  // in memory when empty
  // A statement that runs longer, without what callers of Stream take for its pieces, is
  // interrupted and throws kDeadlineExceeded; 0 for no limit. Set for SQL that comes from outside.
  int64_t time_limit_ms = 0;
  // Whose child process the session is to live in (analytics/session_host.h), so that what its SQL
  // costs is bounded by the system; in this process when null. Outlives the session.
  SessionHost* host = nullptr;
  // Asked now and then while a statement runs in a child process: once it says no, the process is
  // killed and the statement throws kAborted. Absent: always wanted.
  std::function<bool()> is_wanted;
};

// One DuckDB database: planners write SQL, this runs it. Nothing else includes duckdb.h. A session
// may be used by one thread at a time; Progress and Interrupt may come from any thread. Opening one
// takes about 10 ms. The time zone is UTC whatever the machine's. Errors: kInvalidArgument with
// DuckDB's message, kResourceExhausted for memory and disk, kAborted after Interrupt,
// kPermissionDenied for a file that is not allowed, kNotFound for one that is not there. In a child
// process also kUnavailable for one that ended by itself; then, as after a time limit and memory or
// an answer beyond its limit, every further call throws.
class Session {
 public:
  // Throws kFailedPrecondition when the DuckDB library is not one of 1.4.4 … 1.5.x.
  explicit Session(const SessionOptions& options = {});
  ~Session();
  Session(Session&&) noexcept;

  // Runs statements without an answer.
  void Execute(const std::string& sql);
  // Runs statements; the answer is that of the last one.
  Table Query(const std::string& sql);
  // Reads all columns of the answer as float32 (booleans 0/1); other types throw.
  FloatMatrix QueryFloats(const std::string& sql);
  // Calls `each` with pieces of the answer (about 2,048 rows) in constant memory until it returns
  // false. The table is valid during the call.
  void Stream(const std::string& sql, const std::function<bool(const Table&)>& each);
  // The same for columns of BIGINT and DOUBLE (others throw kInvalidArgument), without copying
  // them. The spans, one a column with `rows` numbers, are valid during the call.
  void StreamNumbers(
      const std::string& sql,
      const std::function<bool(const std::vector<NumberSpan>& columns, size_t rows)>& each);
  // Opens a table of this session for rows of what is not in SQL's reach.
  class Appender;
  Appender Append(const std::string& table);
  // The columns that a query would give, without running it.
  std::vector<Column> Describe(const std::string& sql);
  // Throws kInvalidArgument unless `sql` is exactly one SELECT, so that text from outside may be
  // put into a larger statement inside of parentheses (with a line break before the closing one).
  void RequireOneSelect(const std::string& sql);
  // A share of 1 of the running query that is done, or nothing when it cannot tell.
  std::optional<double> Progress() const;
  // Stops the query that runs now; nothing between queries.
  void Interrupt();

 private:
  std::unique_ptr<SessionBackend> backend_;
};

// Appends rows to a table, cell by cell in the order of its columns; much faster than INSERT. A
// cell of another type is converted as SQL does. The rows are there once Close returned; without it
// they may be lost. Throws kInvalidArgument for a cell that cannot be converted and for a row with
// too few or too many cells; in a child process both may be thrown by a later call, at the latest
// by Close. Must end before its session.
class Session::Appender {
 public:
  ~Appender();
  Appender(Appender&&) noexcept;

  void Null();
  void Add(bool value);
  void Add(int64_t value);
  void Add(uint64_t value);
  void Add(float value);
  void Add(double value);
  void Add(std::string_view value);
  void EndRow();
  void Close();

 private:
  friend class Session;
  explicit Appender(std::unique_ptr<AppenderBackend> backend);
  std::unique_ptr<AppenderBackend> backend_;
};

// The version of the DuckDB library that runs, such as "1.5.6".
std::string LibraryVersion();

// Quotes for SQL: "name" and 'text', doubling what must be doubled.
std::string QuoteName(std::string_view name);
std::string QuoteText(std::string_view text);

// Writes a table expression that reads a data file by its extension (.parquet, .csv, .tsv, .json,
// .jsonl, .ndjson; all but Parquet also with .gz): "read_parquet('…')". Throws kInvalidArgument for
// another extension. What a CSV or TSV file has in the columns `as_text` comes as it is written
// ("yes", "007"), not as what it looks like; the other formats have types of their own.
std::string ReadFileSql(const std::string& path, const std::vector<std::string>& as_text = {});

// Tells whether a data file, by its extension, has no types of its own: CSV and TSV.
bool IsTextFile(const std::string& path);

// A session that its first use opens: where nobody asks, as on most servers, it costs neither the
// time nor DuckDB's 40 MB. Used by one thread at a time.
class LazySession {
 public:
  Session* operator->() {
    if (!session_) session_.emplace();
    return &*session_;
  }

 private:
  std::optional<Session> session_;
};

}  // namespace millwright::analytics

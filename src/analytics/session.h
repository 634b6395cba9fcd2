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

// A column's type, as far as planners need to tell.
enum class ColumnType { kBoolean, kInteger, kDouble, kText, kTimestamp, kDate, kOther };
std::string_view ColumnTypeName(ColumnType type);

struct Column {
  std::string name;
  ColumnType type = ColumnType::kOther;
  std::string sql_type;  // DuckDB's own name: "BIGINT", "DECIMAL(18,3)", …
};

// The answer of a query, whole, column by column. Timestamps and dates are milliseconds since 1970
// in Int; all integers that fit are int64, others double.
class Table {
 public:
  using Cell = std::variant<std::monostate, bool, int64_t, double, std::string>;

  const std::vector<Column>& columns() const { return columns_; }
  size_t row_count() const { return row_count_; }
  const Cell& At(size_t row, size_t column) const { return cells_[column][row]; }
  bool IsNull(size_t row, size_t column) const { return At(row, column).index() == 0; }
  // Numbers of any kind as double; NULL is NaN.
  double Double(size_t row, size_t column) const;
  int64_t Int(size_t row, size_t column) const;
  // Text of any cell as DuckDB would print it; NULL is "".
  std::string Text(size_t row, size_t column) const;
  Json ToJson(size_t row, size_t column) const;
  int ColumnIndex(std::string_view name) const;  // -1 when absent

 private:
  friend class Session;
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

struct SessionOptions {
  int threads = 2;
  uint64_t memory_bytes_max = 2ULL << 30;
  std::string temp_dir;  // for spilling; the system's when empty
  // Files outside of these folders cannot be read or written by SQL when not empty; then file
  // functions on other paths fail. Set for SQL that comes from outside.
  std::vector<std::string> allowed_folders;
  std::string database_file;  // in memory when empty
};

// One DuckDB database: planners write SQL, this runs it. Nothing else includes duckdb.h. A session
// may be used by one thread at a time; Interrupt may come from any thread. SQL errors throw
// kInvalidArgument with DuckDB's message, a full disk kResourceExhausted.
class Session {
 public:
  explicit Session(const SessionOptions& options = {});
  ~Session();
  Session(Session&&) noexcept;

  // Runs statements without an answer.
  void Execute(const std::string& sql);
  Table Query(const std::string& sql);
  // Reads all columns of the answer as float32 (booleans 0/1); other types throw.
  FloatMatrix QueryFloats(const std::string& sql);
  // Calls `each` with pieces of the answer (about 2,048 rows) in constant memory.
  void Stream(const std::string& sql, const std::function<bool(const Table&)>& each);
  // The columns that a query would give, without running it.
  std::vector<Column> Describe(const std::string& sql);
  // A share of 1 of the running query that is done, or nothing when it cannot tell. Any thread.
  std::optional<double> Progress() const;
  void Interrupt();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Quotes for SQL: "name" and 'text', doubling what must be doubled.
std::string QuoteName(std::string_view name);
std::string QuoteText(std::string_view text);

// Writes a table expression that reads a data file by its extension (.parquet, .csv, .csv.gz, .tsv,
// .json, .jsonl, .ndjson): "read_parquet('…')". Throws kInvalidArgument for another extension.
std::string ReadFileSql(const std::string& path);

}  // namespace millwright::analytics

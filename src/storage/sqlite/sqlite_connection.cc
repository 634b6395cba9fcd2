#include "storage/sqlite/sqlite_connection.h"

#include <mutex>

#include "base/check.h"
#include "base/clock.h"
#include "base/error.h"
#include "storage/sqlite/sqlite_library.h"

namespace millwright::storage {
namespace {

// Statements kept prepared; beyond it all are dropped. Far above what the rooms have.
constexpr size_t kStatementsMax = 1024;
// The WAL file is cut to this size after a checkpoint.
constexpr int64_t kWalBytesMax = 64 << 20;
constexpr int64_t kCacheKib = 16 << 10;
// Of a database's file that its readers see in place; what lies behind it is read into the cache.
constexpr int64_t kMappedBytesMax = int64_t{1} << 30;
// SQLite looks at the clock after so many of its instructions, some 20 µs.
constexpr int kInstructionsPerLook = 2'000;

Code CodeOf(int extended) {
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return Code::kAlreadyExists;
    default:
      break;
  }
  switch (extended & 0xff) {
    case SQLITE_CONSTRAINT:
      return Code::kFailedPrecondition;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
      return Code::kUnavailable;
    case SQLITE_INTERRUPT:
      return Code::kDeadlineExceeded;
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
    case SQLITE_NOMEM:
      return Code::kResourceExhausted;
    default:
      return Code::kInternal;
  }
}

// SQLite says "UNIQUE constraint failed: runs.id, runs.key"; only the table's name is passed on.
std::string TableIn(std::string_view message) {
  const size_t colon = message.find(": ");
  if (colon == std::string_view::npos) return "";
  const std::string_view rest = message.substr(colon + 2);
  return std::string(rest.substr(0, rest.find('.')));
}

std::string MessageFor(int extended, std::string_view name, std::string_view detail) {
  switch (CodeOf(extended)) {
    case Code::kAlreadyExists:
      return fmt::format("A row with this key already exists: {}", TableIn(detail));
    case Code::kFailedPrecondition:
      if (extended == SQLITE_CONSTRAINT_FOREIGNKEY) {
        return fmt::format("A row refers to another that does not exist: {}", name);
      }
      return fmt::format("A row breaks a rule of its table: {}", detail);
    case Code::kUnavailable:
      return "The database is busy or cannot be opened";
    case Code::kDeadlineExceeded:
      return "A query of the database took too long";
    case Code::kResourceExhausted:
      return "The database or its disk is full";
    default:
      return fmt::format("The database failed at {}: {} (SQLite {})", name,
                         sqlite3_errstr(extended), extended);
  }
}

Value ColumnOf(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return static_cast<int64_t>(sqlite3_column_int64(statement, column));
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return std::string(text, sqlite3_column_bytes(statement, column));
    }
    case SQLITE_BLOB: {
      const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, column));
      const int size = sqlite3_column_bytes(statement, column);
      return Bytes{data == nullptr ? std::string() : std::string(data, size)};
    }
    default:
      return {};
  }
}

int BindOne(sqlite3_stmt* statement, int index, const Value& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) {
    return sqlite3_bind_int64(statement, index, *integer);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    return sqlite3_bind_double(statement, index, *number);
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (text->find('\0') != std::string::npos) {
      throw InvalidArgument("A text may not hold a NUL character");
    }
    return sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC,
                               SQLITE_UTF8);
  }
  if (const auto* bytes = std::get_if<Bytes>(&value)) {
    // A null pointer would bind NULL instead of no bytes.
    const char* data = bytes->data.empty() ? "" : bytes->data.data();
    return sqlite3_bind_blob64(statement, index, data, bytes->data.size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(statement, index);
}

// SQLite counts the bytes it holds under a lock that each allocation of each connection takes, a
// tenth of what a small insertion costs. Nothing here asks for the count.
void StopCountingMemory() {
  static std::once_flag once;
  std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

}  // namespace

// A prepared statement and where its parameters are. SQLite numbers $2, $1 by first appearance, so
// $n is looked up by its name.
struct SqliteConnection::Statement {
  std::string sql;
  sqlite3_stmt* handle = nullptr;
  std::vector<int> index_of;

  ~Statement() { sqlite3_finalize(handle); }
};

// A statement in use; reset when this goes out of scope.
class SqliteConnection::Use {
 public:
  Use(SqliteConnection& connection, const Query& query)
      : connection_(connection), query_(query), statement_(connection.Prepare(query)) {
    connection_.deadline_us_ = MonotonicUs() + connection_.time_limit_us_;
  }
  ~Use() {
    sqlite3_reset(statement_.handle);
    sqlite3_clear_bindings(statement_.handle);
  }

  void Bind(const std::vector<Value>& parameters) {
    if (parameters.size() != statement_.index_of.size()) {
      throw Internal("Query {} takes {} parameters and was given {}", query_.name,
                     statement_.index_of.size(), parameters.size());
    }
    for (size_t i = 0; i < parameters.size(); ++i) {
      const int status = BindOne(statement_.handle, statement_.index_of[i], parameters[i]);
      if (status != SQLITE_OK) connection_.Fail(status, query_.name);
    }
  }

  // Returns false when there are no more rows.
  bool Step() {
    const int status = sqlite3_step(statement_.handle);
    if (status == SQLITE_ROW) return true;
    if (status != SQLITE_DONE) connection_.Fail(status, query_.name);
    return false;
  }

  Row Current() {
    std::vector<Value> columns(sqlite3_column_count(statement_.handle));
    for (size_t i = 0; i < columns.size(); ++i) columns[i] = ColumnOf(statement_.handle, i);
    return Row(std::move(columns));
  }

  void Reset() { sqlite3_reset(statement_.handle); }

 private:
  SqliteConnection& connection_;
  const Query& query_;
  Statement& statement_;
};

// Marks the connection as taken while the rows of a ForEach are handed out. SQLite could run
// another query meanwhile, but PostgreSQL cannot, and code must behave alike on both.
class SqliteConnection::Streaming {
 public:
  explicit Streaming(SqliteConnection& connection) : connection_(connection) {
    connection_.streaming_ = true;
  }
  ~Streaming() { connection_.streaming_ = false; }

 private:
  SqliteConnection& connection_;
};

SqliteConnection::SqliteConnection(const std::filesystem::path& path, const Options& options) {
  StopCountingMemory();
  const int access =
      options.foreign ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int flags = access | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(path.c_str(), &db_, flags, nullptr) != SQLITE_OK) {
    sqlite3_close(db_);
    throw Unavailable("Cannot open the database {}", path.string());
  }
  try {
    sqlite3_extended_result_codes(db_, 1);
    sqlite3_busy_timeout(db_, static_cast<int>(options.busy_timeout_ms));
    if (options.foreign) return;
    Script(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
        "PRAGMA temp_store = MEMORY");
    Script(fmt::format("PRAGMA journal_size_limit = {}; PRAGMA cache_size = -{}", kWalBytesMax,
                       kCacheKib));
    if (options.pages_max > 0) Script(fmt::format("PRAGMA max_page_count = {}", options.pages_max));
    if (options.read_only) {
      Script(fmt::format("PRAGMA query_only = ON; PRAGMA mmap_size = {}", kMappedBytesMax));
    }
  } catch (...) {
    sqlite3_close(db_);
    throw;
  }
}

SqliteConnection::~SqliteConnection() {
  statements_.clear();
  sqlite3_close(db_);
}

void SqliteConnection::Fail(int status, std::string_view what) const {
  const int extended = sqlite3_extended_errcode(db_);
  const int code = (extended & 0xff) == (status & 0xff) ? extended : status;
  throw Error(CodeOf(code), MessageFor(code, what, sqlite3_errmsg(db_)));
}

SqliteConnection::Statement& SqliteConnection::Prepare(const Query& query) {
  if (streaming_) throw Internal("Query {} was run from inside ForEach", query.name);
  const auto found = statements_.find(query.name);
  // A query that is composed at run time keeps its name while its text varies.
  if (found != statements_.end() && found->second->sql == query.sql) return *found->second;
  auto statement = std::make_unique<Statement>();
  statement->sql = query.sql;
  const int status = sqlite3_prepare_v3(db_, query.sql.data(), static_cast<int>(query.sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement->handle, nullptr);
  if (status != SQLITE_OK || statement->handle == nullptr) {
    throw Error(CodeOf(status),
                fmt::format("Query {} cannot be prepared: {}", query.name, sqlite3_errmsg(db_)));
  }
  const int count = sqlite3_bind_parameter_count(statement->handle);
  for (int n = 1; n <= count; ++n) {
    const int index =
        sqlite3_bind_parameter_index(statement->handle, fmt::format("${}", n).c_str());
    if (index == 0) throw Internal("Query {} lacks parameter ${}", query.name, n);
    statement->index_of.push_back(index);
  }
  if (statements_.size() >= kStatementsMax) statements_.clear();
  return *(statements_[std::string(query.name)] = std::move(statement));
}

std::vector<Row> SqliteConnection::Select(const Query& query,
                                          const std::vector<Value>& parameters) {
  Use use(*this, query);
  use.Bind(parameters);
  std::vector<Row> rows;
  while (use.Step()) rows.push_back(use.Current());
  return rows;
}

void SqliteConnection::ForEach(const Query& query, const std::vector<Value>& parameters,
                               const std::function<bool(const Row&)>& each) {
  Use use(*this, query);
  use.Bind(parameters);
  const Streaming streaming(*this);
  while (use.Step()) {
    if (!each(use.Current())) break;
  }
}

int64_t SqliteConnection::Execute(const Query& query, const std::vector<Value>& parameters) {
  Use use(*this, query);
  use.Bind(parameters);
  const int64_t before = sqlite3_total_changes64(db_);
  while (use.Step()) {
  }
  // sqlite3_changes keeps the count of an earlier statement when this one is no DML.
  return sqlite3_total_changes64(db_) == before ? 0 : sqlite3_changes64(db_);
}

int64_t SqliteConnection::ExecuteMany(const Query& query,
                                      const std::vector<std::vector<Value>>& rows) {
  Use use(*this, query);
  int64_t changed = 0;
  for (const auto& parameters : rows) {
    use.Bind(parameters);
    const int64_t before = sqlite3_total_changes64(db_);
    while (use.Step()) {
    }
    if (sqlite3_total_changes64(db_) != before) changed += sqlite3_changes64(db_);
    use.Reset();
  }
  return changed;
}

void SqliteConnection::Control(std::string_view sql) {
  Execute({.name = sql, .sql = sql, .postgres = {}}, {});
}

void SqliteConnection::LimitTime(int64_t ms) {
  time_limit_us_ = ms * 1000;
  const auto is_over = [](void* self) {
    return MonotonicUs() > static_cast<SqliteConnection*>(self)->deadline_us_ ? 1 : 0;
  };
  sqlite3_progress_handler(db_, kInstructionsPerLook, is_over, this);
}

void SqliteConnection::EndTimeLimit() {
  time_limit_us_ = 0;
  sqlite3_progress_handler(db_, 0, nullptr, nullptr);
}

void SqliteConnection::Script(std::string_view sql) {
  const int status = sqlite3_exec(db_, std::string(sql).c_str(), nullptr, nullptr, nullptr);
  if (status != SQLITE_OK) {
    throw Error(CodeOf(status), CodeOf(status) == Code::kInternal
                                    ? fmt::format("The database failed: {}", sqlite3_errmsg(db_))
                                    : MessageFor(status, "a script", sqlite3_errmsg(db_)));
  }
}

bool SqliteConnection::InTransaction() const {
  return sqlite3_get_autocommit(db_) == 0;
}

void SqliteConnection::RunBeforeCommit() {
  const auto hooks = std::move(hooks_.before_commit);
  hooks_.before_commit.clear();
  for (const auto& hook : hooks) hook(*this);
  CHECK(hooks_.before_commit.empty());
}

std::vector<std::function<void()>> SqliteConnection::TakeAfterCommit() {
  auto hooks = std::move(hooks_.after_commit);
  hooks_.after_commit.clear();
  return hooks;
}

}  // namespace millwright::storage

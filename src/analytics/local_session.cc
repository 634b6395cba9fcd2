#include "analytics/local_session.h"

#include <charconv>
#include <filesystem>
#include <mutex>
#include <utility>

#include "analytics/duckdb_library.h"
#include "analytics/time_limit.h"
#include "analytics/vector_reader.h"
#include "base/check.h"
#include "base/error.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"

namespace millwright::analytics {
namespace {

struct Version {
  int major = 0;
  int minor = 0;
  int patch = 0;
  auto operator<=>(const Version&) const = default;
};

// The releases whose C API v1 and settings this room was tested with: 1.4.4 up to, not with, 1.6.0.
constexpr Version kVersionMin{1, 4, 4};
constexpr Version kVersionEnd{1, 6, 0};

Version ParseVersion(std::string_view text) {
  Version version;
  if (text.starts_with("v")) text.remove_prefix(1);
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int* part : {&version.major, &version.minor, &version.patch}) {
    at = std::from_chars(at, end, *part).ptr;
    if (at != end) ++at;
  }
  return version;
}

void RequireVersion() {
  const std::string_view text = duckdb_library_version();
  const Version version = ParseVersion(text);
  if (version < kVersionMin || version >= kVersionEnd)
    throw FailedPrecondition("DuckDB library must be 1.4.4 to 1.5.x, this is: {}", text);
}

struct ErrorPrefix {
  std::string_view prefix;
  Code code;
};

// DuckDB's messages start with the kind of the error; prepared statements give nothing else.
constexpr ErrorPrefix kErrorPrefixes[] = {
    {"Out of Memory Error", Code::kResourceExhausted},
    {"INTERRUPT Error", Code::kAborted},
    {"Interrupt Error", Code::kAborted},
    {"Permission Error", Code::kPermissionDenied},
    {"INTERNAL Error", Code::kInternal},
    {"FATAL Error", Code::kInternal},
};

// Memory that does not suffice is explained with how to set DuckDB up, which nobody here does.
constexpr std::string_view kAdvice = "\n\nPossible solutions:";

constexpr size_t kCsvReasonBytesMax = 160;

std::string FileName(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

// A message of many lines about a CSV file in one: the file, the line and what is wrong with it.
// Empty for another message.
std::string CsvTrouble(std::string_view message) {
  const auto after = [&](std::string_view words, std::string_view end = "\n") {
    const size_t at = message.find(words);
    if (at == std::string_view::npos) return std::string_view();
    const std::string_view rest = message.substr(at + words.size());
    return rest.substr(0, rest.find(end));
  };
  if (message.find("Error when sniffing file") != std::string_view::npos) {
    return fmt::format(
        "{} cannot be read as CSV: no delimiter and no quotes suit all of its first lines",
        FileName(after("sniffing file \"", "\"")));
  }
  const std::string_view line = after("CSV Error on Line: ");
  if (line.empty()) return "";
  const std::string file = FileName(after("  file = "));
  if (const auto size = after("Actual Size:", " bytes"); !size.empty()) {
    return fmt::format("{} has a line of {} bytes; {} can be read", file, size,
                       after("Maximum line size of ", " bytes"));
  }
  if (const auto found = after(" Found: "); !found.empty()) {
    return fmt::format("{} line {} has {} {}, not {}", file, line, found,
                       found == "1" ? "field" : "fields",
                       after("Expected Number of Columns: ", " Found"));
  }
  std::string_view reason = after("CSV Error on Line: ", "\n\n");
  reason.remove_prefix(std::min(reason.size(), reason.find('\n') + 1));
  if (reason.starts_with("Original Line: ")) {
    const size_t end = reason.find("\nError");
    reason = end == std::string_view::npos ? after("\nError", "\n") : reason.substr(end + 1);
  }
  return fmt::format("{} line {}: {}", file, line,
                     reason.substr(0, std::min(kCsvReasonBytesMax, reason.find('\n'))));
}

// The same for a Parquet file and one of JSON lines.
std::string FileTrouble(std::string_view message) {
  const auto between = [&](std::string_view begin, std::string_view end) {
    const size_t at = message.find(begin);
    if (at == std::string_view::npos) return std::string_view();
    const std::string_view rest = message.substr(at + begin.size());
    return rest.substr(0, rest.find(end));
  };
  if (const auto path = between("No magic bytes found at end of file '", "'"); !path.empty())
    return fmt::format("{} is no Parquet file, or its end is missing", FileName(path));
  const std::string_view json = between("Malformed JSON in file \"", "\n");
  if (json.empty()) return "";
  const std::string_view name = json.substr(0, json.find('"'));
  std::string_view rest = between(" in line ", "\n");
  uint64_t line = 0;
  const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), line);
  if (read.ec != std::errc() || line < 2) return "";
  rest.remove_prefix(static_cast<size_t>(read.ptr - rest.data()));
  rest = rest.substr(0, rest.find_last_not_of(" .") + 1);
  // It counts the first line as the second.
  return fmt::format("{} line {}{}", FileName(name), line - 1, rest);
}

Error SqlError(const char* text) {
  std::string message = text == nullptr ? "DuckDB gave no reason" : text;
  message.resize(std::min(message.size(), message.find(kAdvice)));
  if (message.find("No space left on device") != std::string::npos)
    return Error(Code::kResourceExhausted, message);
  for (const auto& row : kErrorPrefixes)
    if (message.starts_with(row.prefix)) return Error(row.code, message);
  constexpr std::string_view kNoFile = "IO Error: No files found that match the pattern \"";
  if (message.starts_with(kNoFile)) {
    const std::string_view rest = std::string_view(message).substr(kNoFile.size());
    return NotFound("Data file", rest.substr(0, rest.find('"')));
  }
  for (const auto& trouble : {CsvTrouble(message), FileTrouble(message)})
    if (!trouble.empty()) return Error(Code::kInvalidArgument, trouble);
  return Error(Code::kInvalidArgument, message);
}

// Some of DuckDB's C functions let its C++ exceptions pass. Their text is a JSON object with the
// kind of the error and the message.
Error FromException(const std::exception& exception) {
  try {
    const Json json = ParseJson(exception.what());
    const std::string text =
        json.GetString("exception_type") + " Error: " + json.GetString("exception_message");
    return SqlError(text.c_str());
  } catch (const Error&) {
    return SqlError(exception.what());
  }
}

template <typename F>
auto Translating(const F& call) {
  try {
    return call();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& exception) {
    throw FromException(exception);
  }
}

class Config {
 public:
  Config() { CHECK(duckdb_create_config(&config_) == DuckDBSuccess); }
  ~Config() { duckdb_destroy_config(&config_); }
  Config(const Config&) = delete;
  void Set(const char* name, const std::string& value) {
    if (duckdb_set_config(config_, name, value.c_str()) != DuckDBSuccess)
      throw InvalidArgument("DuckDB refuses the setting {}: {}", name, value);
  }
  duckdb_config get() const { return config_; }

 private:
  duckdb_config config_ = nullptr;
};

class Prepared {
 public:
  Prepared() = default;
  ~Prepared() { duckdb_destroy_prepare(&statement); }
  Prepared(const Prepared&) = delete;
  Prepared(Prepared&& other) noexcept : statement(std::exchange(other.statement, nullptr)) {}
  duckdb_prepared_statement statement = nullptr;
};

class Result {
 public:
  Result() = default;
  ~Result() { duckdb_destroy_result(&result); }
  Result(const Result&) = delete;
  duckdb_result result{};
};

class Chunk {
 public:
  explicit Chunk(duckdb_data_chunk chunk) : chunk_(chunk) {}
  ~Chunk() { duckdb_destroy_data_chunk(&chunk_); }
  Chunk(const Chunk&) = delete;
  duckdb_data_chunk get() const { return chunk_; }

 private:
  duckdb_data_chunk chunk_;
};

// The statements of a text, parsed but not yet bound: a later one may use what an earlier one made.
class Statements {
 public:
  Statements(duckdb_connection connection, const std::string& sql) : connection_(connection) {
    count_ = duckdb_extract_statements(connection, sql.c_str(), &statements_);
    if (count_ > 0) return;
    const char* error = duckdb_extract_statements_error(statements_);
    Error failure = error == nullptr ? InvalidArgument("SQL holds no statement") : SqlError(error);
    duckdb_destroy_extracted(&statements_);
    throw failure;
  }
  ~Statements() { duckdb_destroy_extracted(&statements_); }
  Statements(const Statements&) = delete;

  idx_t count() const { return count_; }
  Prepared Prepare(idx_t index) const {
    Prepared prepared;
    const duckdb_state state = Translating([&] {
      return duckdb_prepare_extracted_statement(connection_, statements_, index,
                                                &prepared.statement);
    });
    if (state != DuckDBSuccess) throw SqlError(duckdb_prepare_error(prepared.statement));
    return prepared;
  }

 private:
  duckdb_connection connection_;
  duckdb_extracted_statements statements_ = nullptr;
  idx_t count_ = 0;
};

class LogicalType {
 public:
  explicit LogicalType(duckdb_logical_type type) : type_(type) {}
  ~LogicalType() { duckdb_destroy_logical_type(&type_); }
  LogicalType(const LogicalType&) = delete;
  duckdb_logical_type get() const { return type_; }

 private:
  duckdb_logical_type type_;
};

// What a prepared statement will answer: columns as they are, and how to read them.
struct Plan {
  std::vector<Column> columns;
  std::vector<VectorReader> readers;
  bool all_readable = true;
};

Plan PlanOf(duckdb_prepared_statement statement) {
  Plan plan;
  const idx_t count = duckdb_prepared_statement_column_count(statement);
  for (idx_t i = 0; i < count; ++i) {
    const LogicalType type(duckdb_prepared_statement_column_logical_type(statement, i));
    const char* name = duckdb_prepared_statement_column_name(statement, i);
    VectorReader reader(type.get());
    plan.columns.push_back({name == nullptr ? "" : name, reader.type(), SqlTypeName(type.get())});
    plan.all_readable = plan.all_readable && reader.is_readable();
    plan.readers.push_back(std::move(reader));
    duckdb_free(const_cast<char*>(name));
  }
  return plan;
}

// Rewrites a query so that columns that VectorReader does not know come as text.
std::string CastToText(std::string sql, const Plan& plan) {
  while (!sql.empty() &&
         (sql.back() == ';' || std::isspace(static_cast<unsigned char>(sql.back()))))
    sql.pop_back();
  std::string names, selected;
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    if (i > 0) names += ", ", selected += ", ";
    const std::string name = fmt::format("c{}", i);
    names += name;
    selected += plan.readers[i].is_readable() ? name : "CAST(" + name + " AS VARCHAR)";
  }
  return fmt::format("SELECT {} FROM ({}\n) AS answer({})", selected, sql, names);
}

// Holds what cannot be closed until the process ends, so that leak checkers see that it is meant.
void KeepForever(duckdb_database database, duckdb_connection connection) {
  struct Kept {
    std::mutex mutex;
    std::vector<std::pair<duckdb_database, duckdb_connection>> handles;
  };
  static Kept* const kept = new Kept;
  const std::lock_guard lock(kept->mutex);
  kept->handles.emplace_back(database, connection);
}

}  // namespace

struct LocalSession::Impl {
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;
  std::filesystem::path spill_folder;
  bool is_confined = false;
  int64_t time_limit_ms = 0;

  ~Impl() {
    // SQL from outside can make DuckDB log into a folder that is not allowed; every statement fails
    // from then on, and disconnecting would throw out of a destructor. Such a session is kept.
    if (!is_confined || Works()) {
      duckdb_disconnect(&connection);
      duckdb_close(&database);
    } else {
      KeepForever(database, connection);
      Log(LogLevel::kWarning, "analytics", "A confined DuckDB session was left broken by its SQL");
    }
    std::error_code ignored;  // DuckDB makes it only when it spills
    std::filesystem::remove_all(spill_folder, ignored);
  }

  void Open(const SessionOptions& options);
  void Confine(const SessionOptions& options);
  void Run(duckdb_prepared_statement statement);
  bool Works();
  // Runs `work(limit)` on the connection, for time_limit_ms at most.
  template <typename F>
  void Limited(const F& work);
  // Runs all statements but the last and returns that one.
  Prepared PrepareLast(const std::string& sql);
  // Prepares the last statement such that every column can be read, with its true types in `plan`.
  Prepared PrepareReadable(const std::string& sql, Plan* plan);
  // Calls each(chunk, rows) until it returns false.
  template <typename F>
  void ForEachChunk(duckdb_prepared_statement statement, const F& each);
};

void LocalSession::Impl::Open(const SessionOptions& options) {
  const auto temp = options.temp_dir.empty() ? std::filesystem::temp_directory_path()
                                             : std::filesystem::path(options.temp_dir);
  spill_folder = temp / ("millwright-duckdb-" + NewHexId());
  Config config;
  config.Set("threads", std::to_string(options.threads));
  config.Set("memory_limit", std::to_string(options.memory_bytes_max) + "B");
  config.Set("temp_directory", spill_folder.string());
  config.Set("autoinstall_known_extensions", "false");
  config.Set("autoload_known_extensions", "false");
  config.Set("allow_community_extensions", "false");
  config.Set("allow_persistent_secrets", "false");
  char* error = nullptr;
  const char* file = options.database_file.empty() ? nullptr : options.database_file.c_str();
  if (duckdb_open_ext(file, &database, config.get(), &error) != DuckDBSuccess) {
    const Error failure = SqlError(error);
    duckdb_free(error);
    throw failure;
  }
  if (duckdb_connect(database, &connection) != DuckDBSuccess)
    throw Internal("DuckDB refuses a connection");
  // Without these there is no progress to ask for.
  for (const char* sql : {"SET enable_progress_bar = true", "SET enable_progress_bar_print = false",
                          "SET progress_bar_time = 0", "SET TimeZone = 'UTC'"})
    Run(Statements(connection, sql).Prepare(0).statement);
}

void LocalSession::Impl::Confine(const SessionOptions& options) {
  const auto list = [](const std::vector<std::string>& paths) {
    std::string sql = "[";
    for (const auto& path : paths) {
      if (sql.size() > 1) sql += ", ";
      sql += QuoteText(std::filesystem::absolute(path).lexically_normal().string());
    }
    return sql + "]";
  };
  is_confined = true;
  // The order matters: nothing can be allowed once external access is off.
  for (const std::string& sql : {"SET allowed_directories = " + list(options.allowed_folders),
                                 "SET allowed_paths = " + list(options.allowed_files),
                                 std::string("SET enable_external_access = false"),
                                 std::string("SET lock_configuration = true")})
    Run(Statements(connection, sql).Prepare(0).statement);
}

void LocalSession::Impl::Run(duckdb_prepared_statement statement) {
  Result result;
  const duckdb_state state =
      Translating([&] { return duckdb_execute_prepared(statement, &result.result); });
  if (state != DuckDBSuccess) throw SqlError(duckdb_result_error(&result.result));
}

bool LocalSession::Impl::Works() {
  try {
    Run(Statements(connection, "SELECT 1").Prepare(0).statement);
    return true;
  } catch (const Error&) {
    return false;
  }
}

Prepared LocalSession::Impl::PrepareLast(const std::string& sql) {
  const Statements statements(connection, sql);
  for (idx_t i = 0; i + 1 < statements.count(); ++i) Run(statements.Prepare(i).statement);
  return statements.Prepare(statements.count() - 1);
}

Prepared LocalSession::Impl::PrepareReadable(const std::string& sql, Plan* plan) {
  Prepared prepared = PrepareLast(sql);
  *plan = PlanOf(prepared.statement);
  if (plan->all_readable) return prepared;
  const Statements statements(connection, sql);
  if (statements.count() > 1)
    throw InvalidArgument("Nested types, times and blobs can be read from a single statement only");
  Prepared cast = Statements(connection, CastToText(sql, *plan)).Prepare(0);
  plan->readers = PlanOf(cast.statement).readers;
  return cast;
}

template <typename F>
void LocalSession::Impl::ForEachChunk(duckdb_prepared_statement statement, const F& each) {
  Result result;
  const duckdb_state state =
      Translating([&] { return duckdb_execute_prepared_streaming(statement, &result.result); });
  if (state != DuckDBSuccess) throw SqlError(duckdb_result_error(&result.result));
  for (;;) {
    const Chunk chunk(Translating([&] { return duckdb_fetch_chunk(result.result); }));
    if (chunk.get() == nullptr) break;
    const idx_t rows = duckdb_data_chunk_get_size(chunk.get());
    if (rows == 0) break;
    if (!each(chunk.get(), rows)) return;
  }
  const char* error = duckdb_result_error(&result.result);
  if (error != nullptr && *error != '\0') throw SqlError(error);
}

LocalSession::LocalSession(const SessionOptions& options) : impl_(std::make_unique<Impl>()) {
  RequireVersion();
  impl_->Open(options);
  if (!options.allowed_folders.empty() || !options.allowed_files.empty()) impl_->Confine(options);
  impl_->time_limit_ms = options.time_limit_ms;
}

LocalSession::~LocalSession() = default;

template <typename F>
void LocalSession::Impl::Limited(const F& work) {
  TimeLimit limit(time_limit_ms, [this] { duckdb_interrupt(connection); });
  try {
    work(limit);
  } catch (const Error& error) {
    if (error.code() != Code::kAborted || !limit.passed()) throw;
    throw DeadlineExceeded("The query did not end within {} s", time_limit_ms / 1000);
  }
}

void LocalSession::Execute(const std::string& sql) {
  impl_->Limited([&](TimeLimit&) { impl_->Run(impl_->PrepareLast(sql).statement); });
}

Table LocalSession::Query(const std::string& sql) {
  Plan plan;
  const Prepared prepared = impl_->PrepareReadable(sql, &plan);
  Table table;
  table.columns_ = plan.columns;
  table.cells_.resize(plan.columns.size());
  const auto take = [&](duckdb_data_chunk chunk, idx_t rows) {
    for (size_t i = 0; i < plan.readers.size(); ++i)
      plan.readers[i].Read(duckdb_data_chunk_get_vector(chunk, i), rows, &table.cells_[i]);
    table.row_count_ += rows;
    return true;
  };
  impl_->Limited([&](TimeLimit&) { impl_->ForEachChunk(prepared.statement, take); });
  return table;
}

FloatMatrix LocalSession::QueryFloats(const std::string& sql) {
  const Prepared prepared = impl_->PrepareLast(sql);
  const Plan plan = PlanOf(prepared.statement);
  FloatMatrix matrix;
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    const Column& column = plan.columns[i];
    if (!plan.readers[i].is_number())
      throw InvalidArgument("Column is no number: {} is {}", column.name, column.sql_type);
    matrix.columns.push_back(column.name);
  }
  const size_t width = plan.columns.size();
  const auto take = [&](duckdb_data_chunk chunk, idx_t rows) {
    const size_t start = matrix.values.size();
    matrix.values.resize(start + rows * width);
    for (size_t i = 0; i < width; ++i)
      plan.readers[i].ReadFloats(duckdb_data_chunk_get_vector(chunk, i), rows,
                                 &matrix.values[start + i], width);
    matrix.row_count += rows;
    return true;
  };
  impl_->Limited([&](TimeLimit&) { impl_->ForEachChunk(prepared.statement, take); });
  return matrix;
}

void LocalSession::Stream(const std::string& sql,
                          const std::function<void(const std::vector<Column>&)>& begin,
                          const EachPiece& each) {
  Plan plan;
  const Prepared prepared = impl_->PrepareReadable(sql, &plan);
  if (begin) begin(plan.columns);
  Table table;
  table.columns_ = plan.columns;
  table.cells_.resize(plan.columns.size());
  const auto take = [&](duckdb_data_chunk chunk, idx_t rows, TimeLimit& limit) {
    for (size_t i = 0; i < plan.readers.size(); ++i) {
      table.cells_[i].clear();
      plan.readers[i].Read(duckdb_data_chunk_get_vector(chunk, i), rows, &table.cells_[i]);
    }
    table.row_count_ = rows;
    const TimeLimit::Outside outside(limit);
    return each(table);
  };
  impl_->Limited([&](TimeLimit& limit) {
    impl_->ForEachChunk(prepared.statement, [&](duckdb_data_chunk chunk, idx_t rows) {
      return take(chunk, rows, limit);
    });
  });
}

void LocalSession::StreamNumbers(
    const std::string& sql,
    const std::function<bool(const std::vector<NumberSpan>&, size_t)>& each) {
  const Prepared prepared = impl_->PrepareLast(sql);
  const Plan plan = PlanOf(prepared.statement);
  for (const Column& column : plan.columns) {
    if (column.sql_type != "BIGINT" && column.sql_type != "DOUBLE")
      throw InvalidArgument("Column is neither BIGINT nor DOUBLE: {} is {}", column.name,
                            column.sql_type);
  }
  std::vector<NumberSpan> spans(plan.columns.size());
  const auto take = [&](duckdb_data_chunk chunk, idx_t rows, TimeLimit& limit) {
    for (size_t i = 0; i < spans.size(); ++i) {
      const duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, i);
      const void* data = duckdb_vector_get_data(vector);
      spans[i] = {.validity = duckdb_vector_get_validity(vector)};
      if (plan.columns[i].sql_type == "BIGINT") {
        spans[i].integers = static_cast<const int64_t*>(data);
      } else {
        spans[i].reals = static_cast<const double*>(data);
      }
    }
    const TimeLimit::Outside outside(limit);
    return each(spans, rows);
  };
  impl_->Limited([&](TimeLimit& limit) {
    impl_->ForEachChunk(prepared.statement, [&](duckdb_data_chunk chunk, idx_t rows) {
      return take(chunk, rows, limit);
    });
  });
}

namespace {

class LocalAppender final : public AppenderBackend {
 public:
  LocalAppender(duckdb_connection connection, const std::string& table) {
    if (duckdb_appender_create(connection, nullptr, table.c_str(), &appender_) == DuckDBSuccess)
      return;
    const Error failure = SqlError(duckdb_appender_error(appender_));
    duckdb_appender_destroy(&appender_);
    throw failure;
  }
  ~LocalAppender() override { duckdb_appender_destroy(&appender_); }
  LocalAppender(const LocalAppender&) = delete;

  void Null() override { Check(duckdb_append_null(appender_)); }
  void Add(bool value) override { Check(duckdb_append_bool(appender_, value)); }
  void Add(int64_t value) override { Check(duckdb_append_int64(appender_, value)); }
  void Add(uint64_t value) override { Check(duckdb_append_uint64(appender_, value)); }
  void Add(float value) override { Check(duckdb_append_float(appender_, value)); }
  void Add(double value) override { Check(duckdb_append_double(appender_, value)); }
  void Add(std::string_view value) override {
    Check(duckdb_append_varchar_length(appender_, value.data(), value.size()));
  }
  void EndRow() override { Check(duckdb_appender_end_row(appender_)); }
  void Close() override { Check(duckdb_appender_close(appender_)); }

 private:
  void Check(duckdb_state state) const {
    if (state != DuckDBSuccess) throw SqlError(duckdb_appender_error(appender_));
  }

  duckdb_appender appender_ = nullptr;
};

}  // namespace

std::unique_ptr<AppenderBackend> LocalSession::Append(const std::string& table) {
  return std::make_unique<LocalAppender>(impl_->connection, table);
}

std::vector<Column> LocalSession::Describe(const std::string& sql) {
  return PlanOf(impl_->PrepareLast(sql).statement).columns;
}

void LocalSession::RequireOneSelect(const std::string& sql) {
  const Statements statements(impl_->connection, sql);
  if (statements.count() != 1)
    throw InvalidArgument("SQL must be one SELECT statement, this holds {}", statements.count());
  const Prepared prepared = statements.Prepare(0);
  if (duckdb_prepared_statement_type(prepared.statement) != DUCKDB_STATEMENT_TYPE_SELECT)
    throw InvalidArgument("SQL must be a SELECT statement");
  const auto last = sql.find_last_not_of(" \t\r\n");
  if (last != std::string::npos && sql[last] == ';')
    throw InvalidArgument("SQL must not end with a semicolon here");
}

std::optional<double> LocalSession::Progress() const {
  const double percent = duckdb_query_progress(impl_->connection).percentage;
  if (percent < 0) return std::nullopt;
  return std::min(percent / 100.0, 1.0);
}

void LocalSession::Interrupt() {
  duckdb_interrupt(impl_->connection);
}

}  // namespace millwright::analytics

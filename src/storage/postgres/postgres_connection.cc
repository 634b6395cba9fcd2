#include "storage/postgres/postgres_connection.h"

#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "storage/postgres/postgres_value.h"
#include "storage/postgres/pq_library.h"

namespace millwright::storage {
namespace {

// Statements kept prepared; beyond it all are dropped. Far above what the rooms have.
constexpr size_t kStatementsMax = 1024;
// Rows sent before their results are read. libpq blocks while it sends, so the results of a batch
// must fit into the socket's buffer, or both sides would wait for each other.
constexpr size_t kPipelineMax = 256;

Code CodeOf(std::string_view state) {
  if (state == "08P01") return Code::kInternal;          // a wrong number of parameters, for one
  if (state == "57014") return Code::kDeadlineExceeded;  // statement_timeout
  if (state == "23505") return Code::kAlreadyExists;
  if (state.starts_with("23")) return Code::kFailedPrecondition;
  if (state == "53300" || state.starts_with("08") || state.starts_with("57P") || state == "55P03") {
    return Code::kUnavailable;
  }
  if (state.starts_with("53") || state.starts_with("54")) return Code::kResourceExhausted;
  // Not UTF-8, or a code point that the database's encoding lacks.
  if (state == "22021" || state == "22P05") return Code::kInvalidArgument;
  if (state.starts_with("40")) return Code::kAborted;
  return Code::kInternal;
}

std::string Field(const PGresult* result, int field) {
  const char* text = PQresultErrorField(result, field);
  return text == nullptr ? "" : text;
}

std::string MessageFor(const PGresult* result, std::string_view state, std::string_view name) {
  switch (CodeOf(state)) {
    case Code::kAlreadyExists:
      return fmt::format("A row with this key already exists: {}",
                         Field(result, PG_DIAG_TABLE_NAME));
    case Code::kFailedPrecondition:
      if (state == "23503") {
        return fmt::format("A row refers to another that does not exist: {}", name);
      }
      return fmt::format("A row breaks a rule of its table: {}",
                         Field(result, PG_DIAG_CONSTRAINT_NAME));
    case Code::kUnavailable:
      return "The database is not available";
    case Code::kDeadlineExceeded:
      return "A query of the database took too long";
    case Code::kResourceExhausted:
      return "The database or its disk is full";
    case Code::kInvalidArgument:
      return "A text is not valid UTF-8";
    default:
      return fmt::format("The database failed at {}: {} (PostgreSQL {})", name,
                         Field(result, PG_DIAG_MESSAGE_PRIMARY), state);
  }
}

bool Succeeded(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_SINGLE_TUPLE;
}

int64_t Affected(const PGresult* result) {
  const std::string count = PQcmdTuples(const_cast<PGresult*>(result));
  // A SELECT counts its rows too, but changes none.
  const std::string_view tag = PQcmdStatus(const_cast<PGresult*>(result));
  return count.empty() || tag.starts_with("SELECT") ? 0 : std::stoll(count);
}

}  // namespace

void PostgresConnection::ResultDeleter::operator()(pg_result* result) const {
  PQclear(result);
}

PostgresConnection::PostgresConnection(const std::string& uri) {
  const char* const keys[] = {"dbname", "client_encoding", "fallback_application_name",
                              "connect_timeout", nullptr};
  const char* const values[] = {uri.c_str(), "UTF8", "millwright", "10", nullptr};
  connection_ = PQconnectdbParams(keys, values, /*expand_dbname=*/1);
  if (PQstatus(connection_) != CONNECTION_OK) {
    std::string why = PQerrorMessage(connection_);
    while (!why.empty() && why.back() == '\n') why.pop_back();
    PQfinish(connection_);
    throw Unavailable("Cannot connect to PostgreSQL: {}", why);
  }
  PQsetNoticeProcessor(
      connection_, [](void*, const char*) {}, nullptr);
  // Its estimates make it compile queries, and start processes for them, that take a few
  // milliseconds: that alone took 100 and 250 of the 800 ms of a search.
  PQclear(PQexec(connection_, "SET jit = off; SET max_parallel_workers_per_gather = 0"));
}

PostgresConnection::~PostgresConnection() {
  PQfinish(connection_);
}

void PostgresConnection::Fail(const pg_result* result, std::string_view what) {
  if (PQstatus(connection_) == CONNECTION_BAD) {
    failure_ = Failure::kLost;
    throw Unavailable("The connection to the database was lost");
  }
  const std::string state = Field(result, PG_DIAG_SQLSTATE);
  if (state.empty()) {
    // Made by libpq and not by the server, which always says what kind it is: an answer that broke
    // off, also where the socket is not known to be closed yet.
    failure_ = Failure::kLost;
    throw Unavailable("The connection to the database was lost");
  }
  if (state.starts_with("57P")) {
    failure_ = Failure::kLost;
  } else if (state == "40001" || state == "40P01") {
    failure_ = Failure::kConflict;
  } else if (failure_ == Failure::kNone) {
    failure_ = Failure::kOther;
  }
  throw Error(CodeOf(state), MessageFor(result, state, what));
}

void PostgresConnection::CheckNotStreaming(std::string_view name) const {
  if (streaming_) throw Internal("Query {} was run from inside ForEach", name);
}

const std::string& PostgresConnection::Prepare(const Query& query,
                                               const std::vector<Value>& parameters) {
  const std::string_view text = query.postgres.empty() ? query.sql : query.postgres;
  const std::vector<unsigned> types = PostgresTypes(parameters);
  std::string key(reinterpret_cast<const char*>(types.data()), types.size() * sizeof types[0]);
  key += text;
  const auto found = prepared_.find(key);
  if (found != prepared_.end()) return found->second;
  if (prepared_.size() >= kStatementsMax) {
    Script("DEALLOCATE ALL");
    prepared_.clear();
  }
  std::string handle = fmt::format("s{}", ++prepared_count_);
  const Result result(PQprepare(connection_, handle.c_str(), std::string(text).c_str(),
                                static_cast<int>(types.size()), types.data()));
  if (!Succeeded(result.get())) Fail(result.get(), query.name);
  return prepared_.emplace(std::move(key), std::move(handle)).first->second;
}

PostgresConnection::Result PostgresConnection::Run(const Query& query,
                                                   const std::vector<Value>& parameters) {
  CheckNotStreaming(query.name);
  const PostgresParameters sent(parameters);
  const std::string& handle = Prepare(query, parameters);
  Result result(PQexecPrepared(connection_, handle.c_str(), sent.size(), sent.values(),
                               sent.lengths(), sent.formats(), /*resultFormat=*/0));
  if (!Succeeded(result.get())) Fail(result.get(), query.name);
  return result;
}

void PostgresConnection::Send(const Query& query, const std::vector<Value>& parameters) {
  const PostgresParameters sent(parameters);
  const std::string& handle = Prepare(query, parameters);
  if (!PQsendQueryPrepared(connection_, handle.c_str(), sent.size(), sent.values(), sent.lengths(),
                           sent.formats(), /*resultFormat=*/0)) {
    Fail(nullptr, query.name);
  }
}

std::vector<Row> PostgresConnection::Select(const Query& query,
                                            const std::vector<Value>& parameters) {
  const Result result = Run(query, parameters);
  std::vector<Row> rows;
  const int count = PQntuples(result.get());
  rows.reserve(count);
  for (int i = 0; i < count; ++i) rows.push_back(PostgresRow(result.get(), i));
  return rows;
}

// Reads what is left of a statement's results, so that the connection can be used again.
void PostgresConnection::Drain() noexcept {
  while (const Result result{PQgetResult(connection_)}) {
    if (PQstatus(connection_) == CONNECTION_BAD) return;
  }
}

void PostgresConnection::ForEach(const Query& query, const std::vector<Value>& parameters,
                                 const std::function<bool(const Row&)>& each) {
  CheckNotStreaming(query.name);
  Send(query, parameters);
  PQsetSingleRowMode(connection_);
  streaming_ = true;
  try {
    bool more = true;
    while (const Result result{PQgetResult(connection_)}) {
      if (!Succeeded(result.get())) Fail(result.get(), query.name);
      if (more && PQntuples(result.get()) > 0) more = each(PostgresRow(result.get(), 0));
    }
  } catch (...) {
    Drain();
    streaming_ = false;
    throw;
  }
  streaming_ = false;
}

int64_t PostgresConnection::Execute(const Query& query, const std::vector<Value>& parameters) {
  return Affected(Run(query, parameters).get());
}

int64_t PostgresConnection::ExecuteMany(const Query& query,
                                        const std::vector<std::vector<Value>>& rows) {
  CheckNotStreaming(query.name);
  // Nothing can be prepared inside a pipeline.
  for (const auto& row : rows) Prepare(query, row);
  int64_t changed = 0;
  for (size_t from = 0; from < rows.size(); from += kPipelineMax) {
    changed += RunPipeline(query, rows, from, std::min(rows.size(), from + kPipelineMax));
  }
  return changed;
}

int64_t PostgresConnection::RunPipeline(const Query& query,
                                        const std::vector<std::vector<Value>>& rows, size_t from,
                                        size_t to) {
  CHECK(PQenterPipelineMode(connection_) == 1);
  try {
    for (size_t i = from; i < to; ++i) Send(query, rows[i]);
    if (!PQpipelineSync(connection_)) Fail(nullptr, query.name);
    const int64_t changed = ReceivePipeline(query.name, to - from);
    PQexitPipelineMode(connection_);
    return changed;
  } catch (...) {
    // A row that could not be sent leaves the pipeline without its end: no answer would come.
    if (PQexitPipelineMode(connection_) == 0) failure_ = Failure::kLost;
    throw;
  }
}

int64_t PostgresConnection::ReceivePipeline(std::string_view name, size_t count) {
  int64_t changed = 0;
  Result failed;
  for (size_t i = 0; i < count; ++i) {
    Result result(PQgetResult(connection_));
    if (result == nullptr) Fail(nullptr, name);
    if (Succeeded(result.get())) {
      changed += Affected(result.get());
    } else if (failed == nullptr) {
      failed = std::move(result);
    }
    // Each statement's results end with a null.
    while (const Result rest{PQgetResult(connection_)}) {
    }
  }
  const Result sync(PQgetResult(connection_));
  if (PQresultStatus(sync.get()) != PGRES_PIPELINE_SYNC) Fail(sync.get(), name);
  if (failed != nullptr) Fail(failed.get(), name);
  return changed;
}

void PostgresConnection::LimitTime(int64_t ms) {
  Script(fmt::format("SET LOCAL statement_timeout = {}", ms));
}

std::string PostgresConnection::Script(std::string_view sql) {
  const Result result(PQexec(connection_, std::string(sql).c_str()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (!Succeeded(result.get()) && status != PGRES_EMPTY_QUERY) Fail(result.get(), "a script");
  return PQcmdStatus(result.get());
}

void PostgresConnection::Begin(std::string_view begin) {
  failure_ = Failure::kNone;
  Script(begin);
}

void PostgresConnection::RunBeforeCommit() {
  const auto hooks = std::move(hooks_.before_commit);
  hooks_.before_commit.clear();
  for (const auto& hook : hooks) hook(*this);
  CHECK(hooks_.before_commit.empty());
}

void PostgresConnection::Commit() {
  if (Script("COMMIT") == "COMMIT") return;
  if (failure_ == Failure::kNone) failure_ = Failure::kOther;
  throw Internal("A transaction went on after an error and was undone");
}

void PostgresConnection::Abandon() noexcept {
  hooks_ = {};
  if (failure_ == Failure::kLost) return;
  if (PQtransactionStatus(connection_) == PQTRANS_IDLE) return;
  const Result result(PQexec(connection_, "ROLLBACK"));
  if (PQstatus(connection_) == CONNECTION_BAD) failure_ = Failure::kLost;
}

std::vector<std::function<void()>> PostgresConnection::TakeAfterCommit() {
  auto hooks = std::move(hooks_.after_commit);
  hooks_.after_commit.clear();
  return hooks;
}

}  // namespace millwright::storage

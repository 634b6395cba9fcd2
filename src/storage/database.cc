#include "storage/database.h"

#include <filesystem>

#include "base/check.h"
#include "base/error.h"
#include "storage/database_uri.h"
#include "storage/foreign_database.h"
#include "storage/postgres/postgres_connection.h"
#include "storage/postgres/postgres_database.h"
#include "storage/sqlite/sqlite_connection.h"
#include "storage/sqlite/sqlite_database.h"

namespace millwright::storage {
namespace {

// Returns the part of `uri` after `<scheme>://` or `<scheme>+<driver>://`, as SQLAlchemy's users
// write it.
std::optional<std::string> AfterScheme(const std::string& uri, std::string_view scheme) {
  if (!uri.starts_with(scheme)) return std::nullopt;
  const size_t end = uri.find("://");
  if (end == std::string::npos) return std::nullopt;
  if (end != scheme.size() && uri[scheme.size()] != '+') return std::nullopt;
  return uri.substr(end + 3);
}

}  // namespace

std::optional<std::string> SqlitePath(const std::string& uri) {
  const auto rest = AfterScheme(uri, "sqlite");
  if (!rest) return std::nullopt;
  if (rest->size() < 2 || rest->front() != '/') {
    throw InvalidArgument(
        "Not a database file: {} (write sqlite:///relative/path.db or "
        "sqlite:////absolute/path.db)",
        uri);
  }
  return rest->substr(1);
}

std::optional<std::string> PostgresAddress(const std::string& uri) {
  for (const char* scheme : {"postgresql", "postgres"}) {
    if (const auto rest = AfterScheme(uri, scheme)) return "postgresql://" + *rest;
  }
  return std::nullopt;
}

Error NoDatabase() {
  return InvalidArgument(
      "Not a database: the URI starts with neither sqlite:/// nor postgresql://");
}

bool Row::IsNull(int column) const {
  return std::holds_alternative<std::monostate>(columns_.at(column));
}

int64_t Row::Int(int column) const {
  const auto* value = std::get_if<int64_t>(&columns_.at(column));
  CHECK(value != nullptr);
  return *value;
}

double Row::Double(int column) const {
  const Value& value = columns_.at(column);
  if (const auto* integer = std::get_if<int64_t>(&value)) return static_cast<double>(*integer);
  CHECK(std::holds_alternative<double>(value));
  return std::get<double>(value);
}

const std::string& Row::Text(int column) const {
  const auto* value = std::get_if<std::string>(&columns_.at(column));
  CHECK(value != nullptr);
  return *value;
}

const std::string& Row::Blob(int column) const {
  const auto* value = std::get_if<Bytes>(&columns_.at(column));
  CHECK(value != nullptr);
  return value->data;
}

std::optional<int64_t> Row::OptionalInt(int column) const {
  return IsNull(column) ? std::nullopt : std::optional(Int(column));
}

std::optional<double> Row::OptionalDouble(int column) const {
  return IsNull(column) ? std::nullopt : std::optional(Double(column));
}

std::optional<std::string> Row::OptionalText(int column) const {
  return IsNull(column) ? std::nullopt : std::optional(Text(column));
}

std::vector<Value> Row::Last(size_t count) const {
  CHECK(count <= columns_.size());
  return {columns_.end() - static_cast<ptrdiff_t>(count), columns_.end()};
}

std::optional<Row> Connection::SelectOne(const Query& query, const std::vector<Value>& parameters) {
  std::optional<Row> first;
  ForEach(query, parameters, [&](const Row& row) {
    first = row;
    return false;
  });
  return first;
}

void Connection::BeforeCommit(std::function<void(Connection&)> hook) {
  hooks_.before_commit.push_back(std::move(hook));
}

void Connection::AfterCommit(std::function<void()> hook) {
  hooks_.after_commit.push_back(std::move(hook));
}

std::unique_ptr<Database> OpenDatabase(const std::string& uri, const DatabaseOptions& options) {
  if (const auto path = SqlitePath(uri)) return OpenSqlite(*path, options);
  if (const auto address = PostgresAddress(uri)) return OpenPostgres(*address, options);
  throw NoDatabase();
}

std::unique_ptr<Connection> OpenForeignDatabase(const std::string& uri) {
  if (const auto path = SqlitePath(uri)) {
    if (!std::filesystem::is_regular_file(*path)) throw NotFound("database file", *path);
    return std::make_unique<SqliteConnection>(
        *path, SqliteConnection::Options{.read_only = true,
                                         .foreign = true,
                                         .busy_timeout_ms = DatabaseOptions().busy_timeout_ms});
  }
  if (const auto address = PostgresAddress(uri)) {
    auto connection = std::make_unique<PostgresConnection>(*address);
    connection->Begin("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    return connection;
  }
  throw NoDatabase();
}

}  // namespace millwright::storage

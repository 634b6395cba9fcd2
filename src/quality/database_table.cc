#include "quality/database_table.h"

#include <fstream>
#include <map>

#include "base/error.h"
#include "quality/sql.h"
#include "storage/foreign_database.h"

namespace millwright::quality {
namespace {

using analytics::QuoteName;
using analytics::QuoteText;

// schema.name, each part quoted: what it stands for is PostgreSQL's to say.
std::string QuotedRelation(const std::string& table) {
  const size_t dot = table.find('.');
  if (dot == std::string::npos) return QuoteName(table);
  return QuoteName(table.substr(0, dot)) + "." + QuoteName(table.substr(dot + 1));
}

std::string DuckdbType(const std::string& type) {
  static const std::map<std::string, std::string, std::less<>> types = {
      {"smallint", "BIGINT"},
      {"integer", "BIGINT"},
      {"bigint", "BIGINT"},
      {"oid", "BIGINT"},
      {"real", "DOUBLE"},
      {"double precision", "DOUBLE"},
      {"numeric", "DOUBLE"},
      {"boolean", "BOOLEAN"},
      {"date", "DATE"},
      {"timestamp without time zone", "TIMESTAMP"},
      {"timestamp with time zone", "TIMESTAMP WITH TIME ZONE"}};
  const auto found = types.find(type);
  return found == types.end() ? "VARCHAR" : found->second;
}

std::string ColumnsOf(storage::Connection& connection, const std::string& relation) {
  std::string columns;
  for (const storage::Row& row : connection.Select(sql::kRelationColumns, {relation})) {
    if (!columns.empty()) columns += ", ";
    columns += QuoteText(row.Text(0)) + ": " + QuoteText(DuckdbType(row.Text(1)));
  }
  return columns;
}

std::string OneSelect(std::string query) {
  while (!query.empty() &&
         (std::isspace(static_cast<unsigned char>(query.back())) || query.back() == ';')) {
    query.pop_back();
  }
  return query;
}

}  // namespace

bool IsDatabaseUri(std::string_view data) {
  return data.starts_with("postgresql://") || data.starts_with("postgres://");
}

DatabaseSource ParseDatabaseSource(const std::string& data, const std::string& query) {
  DatabaseSource source{.query = OneSelect(query)};
  const size_t mark = data.find('?');
  source.uri = data.substr(0, mark);
  std::string kept;
  for (size_t at = mark; at != std::string::npos && at < data.size();) {
    const size_t end = data.find('&', at + 1);
    const std::string part = data.substr(at + 1, end == std::string::npos ? end : end - at - 1);
    if (part.starts_with("table=")) {
      source.table = part.substr(6);
    } else if (!part.empty()) {
      kept += (kept.empty() ? "?" : "&") + part;
    }
    at = end;
  }
  source.uri += kept;
  if (source.table.empty() == source.query.empty()) {
    throw InvalidArgument("A database needs a table, as in {}?table=NAME, or --query", source.uri)
        .WithField("table");
  }
  return source;
}

CopiedTable CopyDatabaseTable(const DatabaseSource& source, const std::filesystem::path& scratch) {
  const auto connection = storage::OpenForeignDatabase(source.uri);
  CopiedTable copied{.file = scratch / "rows.jsonl"};
  std::string from = "(" + source.query + "\n)";
  if (!source.table.empty()) {
    from = QuotedRelation(source.table);
    copied.columns = ColumnsOf(*connection, from);
  }
  std::ofstream out(copied.file, std::ios::binary);
  const std::string text = "SELECT row_to_json(t)::text FROM " + from + " AS t";
  connection->ForEach({"copy_table", text, ""}, {}, [&](const storage::Row& row) {
    out << row.Text(0) << '\n';
    ++copied.rows;
    return out.good();
  });
  out.close();
  if (!out) throw Error(Code::kResourceExhausted, "The rows do not fit: " + copied.file.string());
  if (copied.rows == 0 && copied.columns.empty()) {
    throw InvalidArgument("The query finds no rows, so that its columns are not known");
  }
  return copied;
}

std::string ReadCopiedTable(analytics::Session& session, const CopiedTable& copied,
                            const std::string& name) {
  const std::string columns = copied.columns.empty() ? "" : ", columns={" + copied.columns + "}";
  session.Execute("CREATE TEMP TABLE " + QuoteName(name) + " AS SELECT * FROM read_json(" +
                  QuoteText(copied.file.string()) + ", format='newline_delimited'" + columns + ")");
  return QuoteName(name);
}

}  // namespace millwright::quality

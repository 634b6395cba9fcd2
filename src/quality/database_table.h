#pragma once

#include <filesystem>
#include <string>

#include "analytics/session.h"

namespace millwright::quality {

// A table of somebody's PostgreSQL, or what a query finds there.
struct DatabaseSource {
  std::string uri;    // as libpq reads it, without `table`
  std::string table;  // NAME or SCHEMA.NAME; empty where there is a query
  std::string query;  // one SELECT
};

bool IsDatabaseUri(std::string_view data);
// Takes `?table=` out of postgresql://…. Throws kInvalidArgument unless there is either a table or
// a query.
DatabaseSource ParseDatabaseSource(const std::string& data, const std::string& query);

// Copies the rows, of one snapshot and row by row, into a file of the empty folder `scratch`.
// Nothing is changed there. Then ReadCopiedTable makes a table out of the file. The columns of a
// table keep their types; those of a query have the types of what it finds.
struct CopiedTable {
  std::filesystem::path file;
  std::string columns;  // for DuckDB's read_json; empty where they are to be found out
  int64_t rows = 0;
};
CopiedTable CopyDatabaseTable(const DatabaseSource& source, const std::filesystem::path& scratch);
std::string ReadCopiedTable(analytics::Session& session, const CopiedTable& copied,
                            const std::string& name);

}  // namespace millwright::quality

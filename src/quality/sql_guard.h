#pragma once

#include <set>
#include <string>
#include <vector>

#include "analytics/session.h"

// What SQL inside of a suite may do: read the table that is judged and the tables that were given
// beside it. It is parsed by DuckDB and its tree is looked through, so that what it says is known
// before any of it runs; the session's own confinement is the second wall.
namespace millwright::quality {

inline constexpr size_t kSuiteSqlBytesMax = 64 << 10;
// Stands for the table where SQL is looked through.
inline constexpr char kBatchName[] = "__millwright_batch";

// Throws kInvalidArgument unless `sql` is one SELECT that reads kBatchName, `tables` and its own
// WITH queries and nothing else: no files, no other table functions than range, generate_series and
// unnest, no functions that tell of the machine or the session.
void RequireOnlyReads(analytics::Session& session, const std::string& sql,
                      const std::set<std::string>& tables);

// The same for an expression over the columns of the table; returns the names of columns in it, in
// the order in which they are written.
std::vector<std::string> RequireExpression(analytics::Session& session, const std::string& sql,
                                           const std::set<std::string>& tables);

// Puts the table in the place of {batch}; blanks and semicolons at the end are cut off.
std::string WithBatch(std::string sql, const std::string& table);

}  // namespace millwright::quality

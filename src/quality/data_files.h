#pragma once

#include <string>
#include <vector>

#include "analytics/read_files.h"
#include "analytics/session.h"

namespace millwright::quality {

inline constexpr char kDataTable[] = "data";     // as the judged table is called
inline constexpr size_t kDataFilesMax = 10'000;  // of one table
// Of a CSV file: DuckDB holds 2,048 rows of all of them at once, whatever is asked for.
inline constexpr size_t kCsvColumnsMax = 20'000;

// The files that `data` names: a file, a folder (all data files of one format in it, however deep)
// or a pattern with * and ? (** for folders of any depth). Sorted. Throws kNotFound for none,
// kInvalidArgument for more than kDataFilesMax and for files of different formats.
std::vector<std::string> FindDataFiles(const std::string& data);

// Throws kInvalidArgument for a CSV or TSV file whose first line says that it has more than
// kCsvColumnsMax columns, before DuckDB takes gigabytes to find that out. Other files, packed ones
// too, are let through.
void RequireNarrowCsv(const std::string& file);

// A reader of JSON whose columns of mixed types are texts, each value as people write it, instead
// of JSON, which nothing compares with; any other reader as it is. `file` names it in errors.
// Throws kInvalidArgument for objects of so many keys that DuckDB takes them for one map.
std::string PlainReader(analytics::Session& session, const std::string& reader,
                        const std::string& file);

// Makes a table of the session out of files and returns what may stand after FROM. CSV and JSON are
// parsed once, into a temporary table that spills to disk; Parquet, and what has more columns than
// memory has room for, is read where it lies. Throws kInvalidArgument for files that are no table
// and for CSV of more than kCsvColumnsMax columns.
std::string OpenDataFiles(analytics::Session& session, const std::vector<std::string>& files,
                          const std::string& name, const analytics::TextFileReading& reading = {});

}  // namespace millwright::quality

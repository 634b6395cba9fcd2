#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "monitoring/row_facts.h"

// The prediction log's rows as table expressions of DuckDB.
namespace millwright::monitoring {

// ['a.parquet', 'b.parquet']
std::string ListSql(const std::vector<std::filesystem::path>& files);
// Of Parquet files. Has all fixed columns, also those that files of earlier releases lack.
std::string FilesSql(RecordKind kind, const std::vector<std::filesystem::path>& files);
// Of lines of JSON.
std::string LinesSql(RecordKind kind, const std::filesystem::path& file, const Schema& schema);
std::string NoRowsSql(RecordKind kind);
// What a source told first counts; what it tells again was told already.
std::string OncePerSource(const std::string& outcomes);

}  // namespace millwright::monitoring

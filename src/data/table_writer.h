#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "analytics/session.h"
#include "data/content_store.h"
#include "data/dataset.h"
#include "data/table_format.h"

namespace millwright::data {

// A table that lies in the content store as Parquet.
struct StoredTable {
  ContentHash hash;
  int64_t row_count = 0;
  std::vector<analytics::Column> columns;
};

// A stored table that SQL sees under a name.
struct View {
  std::string name;
  std::filesystem::path file;
};

// Turns raw bytes and queries into Parquet files of the content store. Thread-safe; each call opens
// a DuckDB session that can reach the files it needs and no others.
class TableWriter {
 public:
  TableWriter(ContentStore& store, const DataOptions& options) : store_(store), options_(options) {}

  // Parses raw bytes. Parquet is kept byte by byte after every page was read once. Throws
  // kInvalidArgument when they are no table or one of more than kColumnsMax columns.
  StoredTable FromRaw(const Reader& reader, const std::filesystem::path& raw,
                      const ProgressFunction& progress = {}) const;
  // Writes the answer of one SELECT over `views`. Throws kInvalidArgument for anything else and,
  // where SQL has a process of its own, kAborted once `is_wanted` says no.
  StoredTable FromQuery(const std::string& sql, const std::vector<View>& views,
                        const std::function<bool()>& is_wanted = {}) const;
  // Writes the answer of a query over stored files to `target`, replacing it whole.
  void Export(const std::string& sql, const std::vector<std::filesystem::path>& files,
              const std::filesystem::path& target) const;

  // Opens a session that may read these files.
  analytics::Session Open(const std::vector<std::filesystem::path>& files,
                          analytics::SessionHost* host = nullptr,
                          const std::function<bool()>& is_wanted = {}) const;

 private:
  StoredTable Store(analytics::Session& session, const std::filesystem::path& parquet) const;

  ContentStore& store_;
  const DataOptions& options_;
};

// Writes the table expression of a stored Parquet file.
std::string ReadTableSql(const std::filesystem::path& file);

}  // namespace millwright::data

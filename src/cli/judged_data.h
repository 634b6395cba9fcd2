#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analytics/read_files.h"
#include "analytics/session.h"
#include "base/file.h"
#include "cli/console.h"
#include "cli/session_watch.h"
#include "quality/validation.h"

namespace millwright::cli {

// What a command that reads tables works in, unless it is told otherwise.
inline constexpr int64_t kMemoryMb = 2048;
inline constexpr int64_t kMemoryMbMin = 128;  // below this no CSV file can be read
inline constexpr int64_t kMemoryMbMax = 1 << 20;

// A session of all cores, or of as many as this memory has room for.
analytics::SessionOptions WithinMemory(int64_t memory_mb);

// Where the table of a judgement lies, as it is typed: a file, a folder or a pattern of Parquet,
// CSV or JSON lines; s3://bucket/key, s3://bucket/folder/; postgresql://…?table=NAME.
struct DataAddress {
  std::string data;
  std::string query;                // of a database
  std::vector<std::string> tables;  // NAME=ADDRESS, of what a suite may read beside it
  int64_t memory_mb = kMemoryMb;    // what does not fit spills to the disk
  analytics::TextFileReading reading = {};
  int64_t time_limit_ms = 0;  // of one statement; 0 for none
};

// Whether an address is of this kind; else it is a server's to find.
bool IsLocalData(const std::string& data);

// A judged table in a session that reaches these files and nothing else.
struct JudgedData {
  std::optional<TempDir> scratch;  // what was brought here
  std::vector<std::string> tables;
  std::string table;
  std::optional<analytics::Session> session;  // ends before what it reads
  std::optional<SessionWatch> watch;          // of all that is done with it
};
// Brings what is elsewhere to this machine first, in constant memory. Text files are read and
// parsed here, once for all that looks at the table. Ctrl-C interrupts that and throws kAborted.
std::unique_ptr<JudgedData> OpenJudgedData(const DataAddress& address, Progress& progress);

// Judges, told of by the watch. Ctrl-C interrupts the query that runs and throws kAborted.
quality::ValidationResult Judge(JudgedData& data, const quality::Suite& suite,
                                quality::ValidationOptions options);

}  // namespace millwright::cli

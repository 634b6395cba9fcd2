#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "analytics/session.h"
#include "base/json.h"

namespace millwright::data {

// A version of a dataset that SQL sees under a name of its own.
struct Input {
  std::string view;
  std::string dataset;
  int64_t version = 0;

  bool operator==(const Input&) const = default;
};

// Whether a version may be taken by those who ask for it or for the latest. One that must be judged
// first is kPending, one that failed kQuarantined until it is released; both are held: their files
// are kept and can be looked at.
enum class VersionState { kReady, kPending, kQuarantined, kReleased };
std::string_view VersionStateName(VersionState state);

// One immutable table, stored as Parquet. Versions of a dataset count 1, 2, 3, … without gaps.
struct DatasetVersion {
  std::string dataset;
  int64_t version = 0;
  std::string md5;     // of the Parquet file: its address in the store
  std::string sha256;  // of the Parquet file
  uint64_t bytes = 0;
  int64_t row_count = 0;
  std::vector<analytics::Column> columns;
  std::string source;                      // a path or URI, or "derived"
  std::optional<std::string> snapshot_id;  // of the raw bytes it was parsed from
  std::optional<std::string> sql;          // of a derived version
  std::vector<Input> inputs;               // of a derived version
  int64_t created_ms = 0;
  std::string created_by;
  VersionState state = VersionState::kReady;
  std::string state_reason;  // why it is in its state, "" for one that nothing judged
  int64_t state_ms = 0;      // since when; 0 since it was made
  std::string state_by;

  bool is_held() const {
    return state == VersionState::kPending || state == VersionState::kQuarantined;
  }
  // Writes "name@version", as people and the lineage graph name it.
  std::string Reference() const;
};

// `latest` is the newest version that is not held, or the newest of all when all are.
struct DatasetSummary {
  std::string name;
  DatasetVersion latest;
};

// A version and whether it was there before; then nothing was written.
struct Versioned {
  DatasetVersion version;
  bool is_unchanged = false;
};

// How far long work is. `total` is 0 where it is not known.
struct Progress {
  enum class Stage { kReading, kParsing, kStoring };
  Stage stage = Stage::kReading;
  uint64_t done_bytes = 0;
  uint64_t total_bytes = 0;
};
using ProgressFunction = std::function<void(const Progress&)>;

// Where and with what means the data room works.
struct DataOptions {
  // Holds raw/sha256/ab/cdef… (raw bytes), files/md5/ab/cdef… (Parquet, DVC's layout) and tmp/.
  std::filesystem::path root;
  // When not empty, file sources must lie in one of these folders.
  std::vector<std::filesystem::path> file_roots;
  int threads = 2;
  uint64_t memory_bytes_max = 2ULL << 30;
  int64_t time_limit_ms = 1'800'000;  // of parsing a file or deriving a version
  // Whose child processes derive versions by SQL from outside; this process when null.
  analytics::SessionHost* sql_host = nullptr;
};

inline constexpr size_t kColumnsMax = 10'000;    // of a table
inline constexpr size_t kNameBytesMax = 200;     // of a dataset, source, split, part or view
inline constexpr size_t kSqlBytesMax = 1 << 20;  // of a derivation
inline constexpr size_t kInputsMax = 100;        // of a derivation
inline constexpr int64_t kRowsPageMax = 10'000;  // of one Rows call
inline constexpr size_t kReasonBytesMax = 4000;  // of a release
inline constexpr int kPageMax = 10'000;          // of listings

// Throws kInvalidArgument with `field` unless a name is 1…kNameBytesMax bytes of UTF-8 without
// control characters, '/', '\', '@' and ':' and does not start with a dot or a blank.
void RequireName(const std::string& name, const char* field);

// The columns of a table as JSON and back: [{"name", "type", "sql_type"}].
Json ColumnsToJson(const std::vector<analytics::Column>& columns);
std::vector<analytics::Column> ColumnsFromJson(const Json& json);

}  // namespace millwright::data

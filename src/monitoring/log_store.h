#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "analytics/session.h"
#include "base/file.h"
#include "base/json.h"
#include "monitoring/segment.h"

// Where the prediction log's rows are: in segments that are still written or wait for compaction
// (their rows are in memory too, the tail), and in Parquet files:
//   <folder>/segments/00000012.log
//   <folder>/predictions/<endpoint>/<hour>/00000001-00000011.parquet
//   <folder>/outcomes/<endpoint>/00000001-00000011.parquet
// A Parquet file is named by the first and last segment that it holds. A segment is removed only
// after its Parquet files are durable; a crash between leaves both, and then the segment wins.
namespace millwright::monitoring {

// The columns of rows beside the fixed ones, with DuckDB's types; a column of nulls only is absent.
using Schema = std::map<std::string, std::string>;

struct TailRow {
  RecordKind kind = RecordKind::kPrediction;
  std::string endpoint;
  int64_t time_ms = 0;
  std::string line;  // JSON
};

// How many rows of an endpoint are stored; grows only.
struct LogCounts {
  int64_t predictions = 0;
  int64_t outcomes = 0;  // as recorded, repetitions included
  auto operator<=>(const LogCounts&) const = default;
};

// What an endpoint's outcomes hold beside labels by id; what is not there need not be looked for.
struct OutcomeTraits {
  std::set<std::string> key_inputs;  // of the keys
  bool has_feedback = false;
};

// The rows of an endpoint as they were when it was opened, as SQL. Compaction of older rows waits
// while one is open, so keep it for one question.
struct LogSnapshot {
  // Table expressions; their columns are those of EncodePrediction and EncodeOutcome.
  std::string predictions;
  std::string outcomes;
  OutcomeTraits traits;
  std::vector<std::string> files;  // that they read

  std::shared_lock<std::shared_mutex> lock;
  std::unique_ptr<TempDir> tail;
};

// Thread-safe, except that Compact has one caller at a time.
class LogStore {
 public:
  // Opens a folder, made if absent: reads what earlier segments hold and drops half-done Parquet.
  explicit LogStore(std::filesystem::path folder);

  // The number for the next segment, and its file.
  int64_t NewSegment();
  std::filesystem::path SegmentFile(int64_t number) const;

  // Makes rows that are durable in a segment visible to snapshots.
  void Publish(int64_t segment, std::vector<TailRow> rows);

  // Segments before this one, in order, that are not Parquet yet.
  std::vector<int64_t> Waiting(int64_t before) const;
  // Turns a closed segment into Parquet.
  void Compact(int64_t segment);

  LogSnapshot Open(const std::string& endpoint) const;
  LogCounts Counts(const std::string& endpoint) const;
  LogCounts Totals() const;
  std::set<std::string> Endpoints() const;
  // Bytes that torn or damaged segments lost at start.
  int64_t lost_bytes() const { return lost_bytes_; }

 private:
  using Schemas = std::map<std::pair<RecordKind, std::string>, Schema>;
  struct Tail {
    std::vector<TailRow> rows;
    Schemas schemas;
  };
  // A Parquet file that is written beside its place.
  struct Pending {
    std::filesystem::path written;
    std::filesystem::path place;
  };

  void ReadSegments();
  void DropParquetOf(const std::set<int64_t>& segments);
  void CountParquet();
  std::vector<Pending> WriteParquet(int64_t segment, const Tail& tail);
  void MergeLarge(const std::filesystem::path& folder);
  std::string TableOf(RecordKind kind, const std::string& endpoint, LogSnapshot& snapshot) const;

  const std::filesystem::path folder_;
  int64_t lost_bytes_ = 0;
  std::atomic<int64_t> last_segment_ = 0;
  analytics::LazySession session_;  // of Compact

  mutable std::shared_mutex files_mutex_;  // taken first: which Parquet files there are
  mutable std::mutex mutex_;               // guards what follows
  std::map<int64_t, std::shared_ptr<Tail>> tails_;
  std::map<std::string, LogCounts> counts_;
  std::map<std::string, OutcomeTraits> traits_;
};

// A file name for an endpoint's name: other characters than letters, digits, - and _ as %XX.
std::string EndpointFolder(std::string_view endpoint);

}  // namespace millwright::monitoring

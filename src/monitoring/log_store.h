#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "analytics/session.h"
#include "base/file.h"
#include "base/json.h"
#include "monitoring/row_facts.h"
#include "monitoring/segment.h"

// Where the prediction log's rows are: in segments that are still written or wait for compaction
// (their rows are in memory too, the tail), and in Parquet files:
//   <folder>/segments/00000012.log
//   <folder>/predictions/<endpoint>/<hour>/00000001-00000011.parquet
//   <folder>/outcomes/<endpoint>/00000001-00000011.parquet
//   <folder>/aside/<endpoint>-00000012.jsonl
// A Parquet file is named by the first and last segment that it holds. A segment is removed only
// after its Parquet files are durable; a crash between leaves both, and then the segment wins. Rows
// that cannot be read back are set aside as lines of JSON: they wait for a person, and nobody else
// waits for them.
namespace millwright::monitoring {

struct TailRow {
  RecordKind kind = RecordKind::kPrediction;
  std::string endpoint;
  int64_t time_ms = 0;
  std::string line;  // JSON
};

// How many rows of an endpoint are stored; falls only when rows grow too old to be kept.
struct LogCounts {
  int64_t predictions = 0;
  int64_t outcomes = 0;  // as recorded, repetitions included
  auto operator<=>(const LogCounts&) const = default;
};

// From from_ms on and before to_ms.
struct TimeRange {
  int64_t from_ms = std::numeric_limits<int64_t>::min();
  int64_t to_ms = std::numeric_limits<int64_t>::max();
  bool operator==(const TimeRange&) const = default;
};

// Which predictions a question is about: when they were asked, by the wall clock, and when they
// happened.
struct LogRange {
  TimeRange asked;
  TimeRange happened;
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

  // Makes rows that are durable in a segment visible to snapshots; `facts` are theirs.
  void Publish(int64_t segment, std::vector<TailRow> rows, const RowFacts& facts);

  // Segments before this one, in order, that are not Parquet yet.
  std::vector<int64_t> Waiting(int64_t before) const;
  // Turns a closed segment into Parquet. What of it cannot be read, whatever the reason, is set
  // aside: the rest is kept, of its endpoint and of all others.
  void Compact(int64_t segment);
  // Rows that Compact set aside since this was opened.
  int64_t set_aside() const { return set_aside_; }
  // Removes the Parquet files of hours that ended before an instant of the wall clock, and those of
  // outcomes all of which are older. Returns how many rows went. Has one caller at a time, as
  // Compact.
  LogCounts RemoveBefore(int64_t wall_ms);

  // Leaves out files whose predictions are all beside the range; rows beside it may be there all
  // the same.
  LogSnapshot Open(const std::string& endpoint, const LogRange& range = {}) const;
  // From when on the wall clock the newest `rows` predictions of an endpoint were asked, rounded
  // down to an hour; the beginning of all time when there are not as many.
  int64_t NewestFrom(const std::string& endpoint, int64_t rows) const;
  // The same of when the newest to have happened did, rounded down to those of a whole hour of
  // asking.
  int64_t NewestHappenedFrom(const std::string& endpoint, int64_t rows) const;
  LogCounts Counts(const std::string& endpoint) const;
  // From when to when the predictions of an endpoint happened; nothing when there are none.
  std::optional<TimeRange> Happened(const std::string& endpoint) const;
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
  // Throws kInvalidArgument for rows that cannot be read.
  void CopyRows(RecordKind kind, const Schema& schema, const std::vector<const TailRow*>& rows,
                const std::filesystem::path& written);
  // Copies what can be read of rows that cannot be read together, and sets the others aside.
  // Returns how many were copied; with none there is no file.
  size_t SalvageRows(RecordKind kind, const std::string& endpoint, int64_t segment,
                     const std::vector<const TailRow*>& rows, const std::filesystem::path& written);
  void MergeLarge(const std::filesystem::path& folder);
  // Needs mutex_.
  int64_t RowsInTails(const std::string& endpoint, int64_t hour) const;
  int64_t RemoveOldOutcomes(int64_t wall_ms, const std::filesystem::path& folder);
  bool IsAskedFor(const std::string& endpoint, const std::filesystem::path& hour,
                  const LogRange& range) const;
  std::string TableOf(RecordKind kind, const std::string& endpoint, const LogRange& range,
                      LogSnapshot& snapshot) const;

  const std::filesystem::path folder_;
  int64_t lost_bytes_ = 0;
  std::atomic<int64_t> last_segment_ = 0;
  std::atomic<int64_t> set_aside_ = 0;
  analytics::LazySession session_;  // of Compact

  mutable std::shared_mutex files_mutex_;  // taken first: which Parquet files there are
  mutable std::mutex mutex_;               // guards what follows
  std::map<int64_t, std::shared_ptr<Tail>> tails_;
  std::map<std::string, LogCounts> counts_;
  // Predictions by endpoint and the wall clock's hour (in hours since 1970), in Parquet or not.
  std::map<std::string, std::map<int64_t, HourOfRows>> hours_;
  std::map<std::string, OutcomeTraits> traits_;
};

// A file name for an endpoint's name: other characters than letters, digits, - and _ as %XX.
std::string EndpointFolder(std::string_view endpoint);

}  // namespace millwright::monitoring

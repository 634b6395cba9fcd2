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
#include <vector>

#include "base/file.h"
#include "monitoring/log_catalogue.h"
#include "monitoring/log_compaction.h"
#include "monitoring/log_sums.h"
#include "monitoring/log_tail.h"
#include "monitoring/row_facts.h"

// Where the prediction log's rows are: in segments that are still written or wait for compaction
// (their rows are in memory too, the tail), and in Parquet files (monitoring/log_file.h):
//   <folder>/segments/00000012.log
//   <folder>/predictions/<endpoint>/<period>/00000001-00000011.parquet
//   <folder>/outcomes/<endpoint>/00000001-00000011.parquet
//   <folder>/aside/<endpoint>-00000012.jsonl
// A Parquet file is named by the first and last segment that it holds. A segment is removed only
// after its Parquet files are durable; a crash between leaves both, and then the segment wins. A
// file that others were merged into has the segments of all of them, in their folder or in one of
// a period around theirs; a crash that leaves both leaves them to be removed. Rows that cannot be
// read back are set aside as lines of JSON: they wait for a person, and nobody else waits for them.
namespace millwright::monitoring {

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
  std::optional<std::vector<uint64_t>> ids = std::nullopt;  // HashId of each, rising
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

// The predictions of an endpoint that happened within a range, summed as far as they are.
struct SummedLog {
  std::vector<std::shared_ptr<const RowSums>> rows;
  std::vector<std::shared_ptr<const FileKnown>> known;
  int64_t summed_rows = 0;
  std::string summed;         // a table of them, or empty
  LogSnapshot rest;           // the others, and some beside the range
  int64_t rest_rows_max = 0;  // it has these at most
  std::string unknown;  // a table of those in `rows` of which `known` does not say what became; or
                        // empty. `rest.outcomes` has theirs.
};

// Thread-safe, except that Compact, Tidy, Sum and RemoveBefore have one caller at a time.
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
  void Compact(int64_t segment, const MergeRules& rules);
  // Rows that Compact set aside since this was opened.
  int64_t set_aside() const { return set_aside_; }
  // Does one thing that makes later questions cheaper: merges small files, or writes down of which
  // ids a file of an earlier release is. Returns false when there is nothing to do.
  bool Tidy(const MergeRules& rules);
  // Sums the rows of a file, or what became of them. Files that outcomes have come of are summed
  // anew for a twentieth of the time, or `at_once`. Returns false when there is nothing to do.
  bool Sum(bool at_once);
  // Removes the Parquet files all of whose rows were asked, or told, before an instant of the wall
  // clock, and out of those of months what was asked before its day. Returns how many rows went.
  LogCounts RemoveBefore(int64_t wall_ms);

  // Leaves out files whose predictions are all beside the range, and those of outcomes of none of
  // the others; rows beside it may be there all the same.
  LogSnapshot Open(const std::string& endpoint, const LogRange& range = {}) const;
  SummedLog OpenSummed(const std::string& endpoint, const TimeRange& happened) const;
  // From when on the wall clock the newest `rows` predictions of an endpoint before a time were
  // asked, or earlier; the beginning of all time when there are not as many.
  int64_t NewestFrom(const std::string& endpoint, int64_t rows,
                     int64_t before_ms = std::numeric_limits<int64_t>::max()) const;
  // The same of when the newest to have happened did.
  int64_t NewestHappenedFrom(const std::string& endpoint, int64_t rows) const;
  LogCounts Counts(const std::string& endpoint) const;
  // From when to when the predictions of an endpoint happened; nothing when there are none.
  std::optional<TimeRange> Happened(const std::string& endpoint) const;
  LogCounts Totals() const;
  std::set<std::string> Endpoints() const;
  // Parquet files, of all endpoints.
  int64_t file_count() const;
  // Bytes that torn or damaged segments lost at start.
  int64_t lost_bytes() const { return lost_bytes_; }

 private:
  // What a question reads of one kind of rows.
  struct Selection {
    LogFiles files;
    std::vector<std::shared_ptr<Tail>> tails;  // hold `rows`
    std::vector<const TailRow*> rows;
    Schema schema;  // of `rows`
  };

  void ReadSegments();
  void ReadParquet(const std::set<int64_t>& segments);
  // Puts files in their places and takes out what they replace, files of a place and a segment's
  // tail, seen by all at once.
  void Swap(const std::vector<LogCompaction::Pending>& added, const LogCatalogue::Place& place,
            const LogFiles& removed, int64_t segment);
  void RemoveFiles(const LogFiles& files);
  int64_t TrimMonths(int64_t wall_ms);
  // Those below need mutex_.
  Selection Select(RecordKind kind, const std::string& endpoint, const LogRange& range) const;
  std::vector<RowBlock> Blocks(const std::string& endpoint, bool happened) const;

  std::string TableOf(RecordKind kind, const Selection& selection, LogSnapshot& snapshot) const;
  // Files of outcomes that may tell of some of the predictions.
  LogFiles OutcomesOf(const LogFiles& predictions, const std::vector<const TailRow*>& rows,
                      const LogFiles& outcomes, int64_t all_rows) const;
  // Whether what is known of a file's predictions is all; `told` are HashId of the outcomes in
  // memory, rising.
  bool IsCurrent(const LogFile& file, int64_t through_segment, const LogFiles& outcomes,
                 const std::vector<uint64_t>& told) const;
  // Up to which segment all rows are in Parquet. Needs mutex_.
  int64_t StoredThrough() const;
  void SumKnownOf(const LogCatalogue::Place& place, const LogFilePtr& file);
  std::vector<std::pair<LogCatalogue::Place, LogFilePtr>> FilesToJoin() const;

  const std::filesystem::path folder_;
  int64_t lost_bytes_ = 0;
  std::atomic<int64_t> last_segment_ = 0;
  std::atomic<int64_t> set_aside_ = 0;
  LogCompaction compaction_;
  mutable LogRelations relations_;
  mutable LogSums sums_;
  // Of Sum: what to join next and when.
  analytics::LazySession session_;
  std::vector<std::pair<LogCatalogue::Place, LogFilePtr>> to_join_;
  int64_t join_again_us_ = 0;  // by the monotonic clock

  mutable std::shared_mutex files_mutex_;  // taken first: which Parquet files there are
  mutable std::mutex mutex_;               // guards what follows
  LogCatalogue catalogue_;
  std::map<int64_t, std::shared_ptr<Tail>> tails_;
  std::map<std::string, LogCounts> counts_;
  std::map<std::string, OutcomeTraits> traits_;
};

}  // namespace millwright::monitoring

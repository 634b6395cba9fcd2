#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "monitoring/log_store.h"
#include "monitoring/offer_ring.h"
#include "monitoring/prediction.h"

namespace millwright::monitoring {

// Whether a column, in or out, of an endpoint is left out of the log.
using Hides = std::function<bool(const std::string& endpoint, const std::string& column)>;

struct PredictionLogOptions {
  size_t queue_slots = 1 << 16;        // a power of two
  size_t queue_bytes_max = 128 << 20;  // of what waits to be written; one alone may have more
  int64_t segment_bytes_max = 4 << 20;
  int64_t segment_age_ms_max = 60'000;
  // Predictions and outcomes older than this, by the wall clock, are removed; 0 keeps them.
  int64_t keep_ms = 0;
  Hides hides;  // asked of every row before it is written, wherever it comes from; nothing: none is
};

// How long the writer lets offered rows gather, unless somebody waits for theirs.
inline constexpr int64_t kGatherMs = 20;
inline constexpr int64_t kSettleMs = 100;  // a question waits for rows offered before it
inline constexpr size_t kOutcomesPerCallMax = 10'000;
inline constexpr size_t kCommentBytesMax = 10'000;
inline constexpr size_t kSourceBytesMax = 500;
// How far ahead of this machine's clock the time of an outcome may be: clocks differ by minutes,
// and local times that say no zone by up to 14 hours. What is later still would win over every
// correction to come.
inline constexpr int64_t kOutcomeAheadMsMax = 86'400'000;

struct PredictionLogStats {
  int64_t offered = 0;
  int64_t dropped = 0;  // refused because the queue was full, by number or by bytes
  int64_t lost = 0;     // accepted but not written: a full disk, or a row that cannot be decoded
  int64_t written = 0;  // rows that are durable
  int64_t syncs = 0;
  int64_t queued = 0;
  int64_t set_aside = 0;  // written rows that could not be turned into Parquet; see LogStore
};

// The log of what was predicted and what really happened. Serving offers predictions and never
// waits; one thread writes them to segments (a sync per batch), another turns closed segments into
// Parquet. What was written survives kill -9; what was only offered does not. Thread-safe.
class PredictionLog {
 public:
  PredictionLog(const std::filesystem::path& folder, const Clock& clock,
                const PredictionLogOptions& options = {});
  // Writes what was offered before it ends.
  ~PredictionLog();

  // Hands a prediction over without blocking; returns false and counts when the queue is full. It
  // is written with those that come within kGatherMs: a wake-up and a sync are for all of them.
  bool Offer(Prediction prediction);
  // The same for what must be taken apart first: `decode` is run by the writer's thread. What it
  // throws is logged and counted as lost. `bytes` is about what it holds until then.
  using Decode = std::function<std::vector<Prediction>()>;
  bool OfferLater(Decode decode, size_t bytes);

  // Writes predictions that were made elsewhere; they are durable when this returns. Throws
  // kInvalidArgument for one of more than kRecordBytesMax bytes or from before 1970, before any is
  // written, and kResourceExhausted for a full disk.
  void RecordPredictions(const std::vector<Prediction>& predictions);
  // Records outcomes; they are durable when this returns. Predictions that are not known (yet) are
  // fine: the outcome waits for them. Throws kInvalidArgument for more than kOutcomesPerCallMax or
  // an outcome with neither prediction_id nor key, without anything to say, from before 1970 or
  // more than kOutcomeAheadMsMax after now, or with a key of an input that the log leaves out: then
  // none is recorded. Throws kResourceExhausted for a full disk.
  void RecordOutcomes(const std::string& endpoint, std::vector<Outcome> outcomes,
                      const std::string& who);

  // Waits until everything that was offered before is durable and seen by Open.
  void Flush();
  // Flushes, closes the open segment, turns all into Parquet and merges what is to be merged.
  void Compact();
  // Sums all that is in Parquet, as a thread of the log does by and by.
  void Sum();

  // Removes what is older than the options allow, as a thread of the log does at its start, twice a
  // minute and after it turned rows into Parquet. Returns how many rows went.
  LogCounts RemoveOld();

  // Both first wait for what was offered before, for kSettleMs at most: who was answered sees the
  // row, unless the writer is behind.
  LogSnapshot Open(const std::string& endpoint, const LogRange& range = {}) const {
    Settle();
    return store_.Open(endpoint, range);
  }
  SummedLog OpenSummed(const std::string& endpoint, const TimeRange& happened) const {
    Settle();
    return store_.OpenSummed(endpoint, happened);
  }
  int64_t NewestFrom(const std::string& endpoint, int64_t rows,
                     int64_t before_ms = std::numeric_limits<int64_t>::max()) const {
    return store_.NewestFrom(endpoint, rows, before_ms);
  }
  int64_t NewestHappenedFrom(const std::string& endpoint, int64_t rows) const {
    return store_.NewestHappenedFrom(endpoint, rows);
  }
  LogCounts Counts(const std::string& endpoint) const { return store_.Counts(endpoint); }
  std::optional<TimeRange> Happened(const std::string& endpoint) const {
    return store_.Happened(endpoint);
  }
  LogCounts Totals() const { return store_.Totals(); }
  // Whether a column is left out.
  bool Hides(const std::string& endpoint, const std::string& column) const {
    return options_.hides && options_.hides(endpoint, column);
  }
  int64_t file_count() const { return store_.file_count(); }
  // The names under which something was ever logged, in order.
  std::set<std::string> Endpoints() const { return store_.Endpoints(); }
  PredictionLogStats stats() const;

 private:
  struct Offered {
    std::optional<Prediction> prediction;
    Decode decode;
    size_t bytes = 0;
  };
  // Rows that someone waits for.
  struct Batch {
    std::vector<TailRow> rows;
    size_t bytes = 0;  // of what was offered
    RowFacts facts;
    bool compact = false;
    bool is_stored = false;
    bool done = false;
    std::optional<Error> error;
  };

  bool Push(Offered offered);
  int64_t NextSequence(int64_t count);
  void Wake();
  void Submit(Batch& batch);
  void Write(std::stop_token stop);
  void AwaitWork(const std::stop_token& stop);
  void Settle() const;
  // Tells whether there was more than is written at a time.
  bool WriteOnce();
  static bool IsFull(const Batch& batch);
  size_t TakeOffered(Batch& batch);
  void Store(Batch batch);
  void Roll();
  void CompactInBackground(std::stop_token stop);
  MergeRules Rules() const;
  // Whether segments after this one were closed.
  bool HasClosed(int64_t after);
  bool TidyOnce();
  bool SumOnce();

  const Clock& clock_;
  const PredictionLogOptions options_;
  LogStore store_;
  OfferRing<Offered> ring_;
  std::atomic<size_t> queued_bytes_ = 0;  // of what is in ring_

  std::atomic<int64_t> offered_ = 0, dropped_ = 0, lost_ = 0, written_ = 0, syncs_ = 0;

  std::atomic<int64_t> sequence_ = 0;  // of outcomes
  mutable std::atomic<bool> asleep_ = false;
  mutable std::mutex mutex_;  // guards what follows to open_before_; both threads sleep on it
  mutable std::condition_variable wake_, done_, compact_;
  mutable bool is_hurried_ = false;  // somebody waits for what was offered
  uint64_t settled_ = 0;             // so many of those offered are written or lost
  std::vector<Batch*> batches_;
  int64_t open_before_ = 0;  // segments before this one are closed

  // Of the writer's thread.
  std::unique_ptr<SegmentWriter> segment_;
  int64_t segment_number_ = 0;
  int64_t segment_opened_ms_ = 0;

  std::mutex compacting_;  // held over LogStore::Compact, Tidy, Sum and RemoveBefore
  std::jthread writer_;
  std::jthread compactor_;
};

}  // namespace millwright::monitoring

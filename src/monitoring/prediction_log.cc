#include "monitoring/prediction_log.h"

#include <algorithm>

#include "base/error.h"
#include "base/lane.h"
#include "base/log.h"

namespace millwright::monitoring {
namespace {

// Rows that are written between two syncs at most.
constexpr size_t kBatchRowsMax = 8192;
constexpr size_t kBatchBytesMax = 16 << 20;
// The writer looks this often for a segment that has become too old.
constexpr std::chrono::milliseconds kIdleWait(500);
// How often rows that are too old to be kept are looked for.
constexpr std::chrono::seconds kRemovalPeriod(30);

template <typename Work>
void LogFailure(std::string_view what, Work&& work) {
  try {
    work();
  } catch (const Error& failure) {
    Log(LogLevel::kError, "monitoring", std::string(what), {{"error", failure.message()}});
  }
}

// Makes rows such as they are written: without what is hidden, and with no column twice. Rows that
// are written together mostly have the same columns, which are looked at once.
class RowCleaner {
 public:
  explicit RowCleaner(const Hides& hides) : hides_(hides) {}

  // The row itself where nothing is to be changed, else a copy that lasts until the next call.
  const Prediction& Clean(const Prediction& row) {
    const bool is_same =
        row.endpoint == endpoint_ && Has(inputs_, row.inputs) && Has(outputs_, row.outputs);
    if (is_same) return row;
    clean_ = row;
    bool changes = false;
    for (NamedValues* values : {&clean_.inputs, &clean_.outputs}) {
      const auto is_hidden = [&](const auto& value) { return hides_(row.endpoint, value.first); };
      if (hides_) changes |= std::erase_if(*values, is_hidden) > 0;
      changes |= MakeColumnsUnique(values);
    }
    if (changes) return clean_;
    endpoint_ = row.endpoint;
    inputs_ = NamesOf(row.inputs);
    outputs_ = NamesOf(row.outputs);
    return row;
  }

 private:
  using Names = std::vector<std::string>;
  static Names NamesOf(const NamedValues& values) {
    Names names;
    for (const auto& value : values) names.push_back(value.first);
    return names;
  }
  static bool Has(const Names& names, const NamedValues& values) {
    return std::equal(names.begin(), names.end(), values.begin(), values.end(),
                      [](const auto& name, const auto& value) { return name == value.first; });
  }

  const Hides& hides_;
  std::string endpoint_;  // and the columns of the last row that was clean
  Names inputs_, outputs_;
  Prediction clean_;
};

// About what a prediction holds.
size_t BytesOf(const Prediction& prediction) {
  size_t bytes = sizeof prediction;
  for (const NamedValues* values : {&prediction.inputs, &prediction.outputs}) {
    for (const auto& [name, value] : *values) {
      const auto* text = std::get_if<std::string>(&value);
      bytes += sizeof(NamedValues::value_type) + name.size() + (text ? text->size() : 0);
    }
  }
  return bytes;
}

TailRow RowOf(const Prediction& prediction) {
  if (prediction.time_ms < 0) {
    throw InvalidArgument("A prediction is asked in 1970 or later, not at {} ms",
                          prediction.time_ms)
        .WithField("time_ms");
  }
  std::string line = EncodePrediction(prediction);
  if (line.size() > kRecordBytesMax) {
    throw InvalidArgument("A prediction of {} bytes is too large to log", line.size());
  }
  return {
      .kind = RecordKind::kPrediction,
      .endpoint = prediction.endpoint,
      .time_ms = prediction.time_ms,
      .happened_ms = prediction.event_time_ms == 0 ? prediction.time_ms : prediction.event_time_ms,
      .about = HashId(prediction.id),
      .line = std::move(line)};
}

void Check(const Outcome& outcome, int64_t now_ms) {
  if (outcome.time_ms < 0) {
    throw InvalidArgument("An outcome was known in 1970 or later, not at {} ms", outcome.time_ms)
        .WithField("time_ms");
  }
  if (outcome.time_ms > now_ms + kOutcomeAheadMsMax) {
    throw InvalidArgument(
        "An outcome cannot be known at {}: it is {} now, and clocks may differ by {} hours",
        FormatTime(outcome.time_ms), FormatTime(now_ms), kOutcomeAheadMsMax / 3'600'000)
        .WithField("time_ms");
  }
  if (outcome.prediction_id.empty() && !outcome.key) {
    throw InvalidArgument("An outcome needs the id of its prediction, or a key")
        .WithField("prediction_id");
  }
  const bool is_empty = std::holds_alternative<std::monostate>(outcome.value);
  if (is_empty && (outcome.kind == OutcomeKind::kLabel || outcome.comment.empty())) {
    throw InvalidArgument("An outcome needs a value; only feedback may be a comment alone")
        .WithField("value");
  }
  if (outcome.comment.size() > kCommentBytesMax) {
    throw InvalidArgument("A comment may have {} bytes", kCommentBytesMax).WithField("comment");
  }
  if (outcome.source.size() > kSourceBytesMax) {
    throw InvalidArgument("A source may have {} bytes", kSourceBytesMax).WithField("source");
  }
  if (!outcome.key) return;
  if (outcome.key->input.empty()) {
    throw InvalidArgument("A key needs the name of an input").WithField("key");
  }
  if (outcome.key->within_ms < 1 || outcome.key->within_ms > kOutcomeWithinMsMax) {
    throw InvalidArgument("within_ms must be from 1 to {}", kOutcomeWithinMsMax)
        .WithField("within_ms");
  }
}

}  // namespace

PredictionLog::PredictionLog(const std::filesystem::path& folder, const Clock& clock,
                             const PredictionLogOptions& options)
    : clock_(clock), options_(options), store_(folder), ring_(options.queue_slots) {
  open_before_ = store_.NewSegment();
  writer_ = std::jthread([this](std::stop_token stop) { Write(stop); });
  compactor_ = std::jthread([this](std::stop_token stop) { CompactInBackground(stop); });
}

PredictionLog::~PredictionLog() {
  writer_.request_stop();
  Wake();
  writer_.join();
  compactor_.request_stop();
  {
    std::lock_guard lock(mutex_);
    compact_.notify_all();
  }
  compactor_.join();
}

bool PredictionLog::Offer(Prediction prediction) {
  const size_t bytes = BytesOf(prediction);
  return Push({std::move(prediction), nullptr, bytes});
}

bool PredictionLog::OfferLater(Decode decode, size_t bytes) {
  return Push({std::nullopt, std::move(decode), bytes});
}

bool PredictionLog::Push(Offered offered) {
  offered_.fetch_add(1, std::memory_order_relaxed);
  const size_t bytes = offered.bytes;
  const size_t before = queued_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  const bool has_room = before == 0 || before + bytes <= options_.queue_bytes_max;
  if (!has_room || !ring_.TryPush(offered)) {
    queued_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  // The lock is only for a writer that is about to sleep or sleeps: a busy writer costs nothing. A
  // flag seen too late delays a row by kIdleWait at most.
  if (asleep_.load()) Wake();
  return true;
}

void PredictionLog::Wake() {
  std::lock_guard lock(mutex_);
  asleep_.store(false);
  wake_.notify_one();
}

void PredictionLog::Submit(Batch& batch) {
  std::unique_lock lock(mutex_);
  batches_.push_back(&batch);
  asleep_.store(false);
  wake_.notify_one();
  done_.wait(lock, [&] { return batch.done; });
  if (batch.error) throw *batch.error;
}

void PredictionLog::RecordPredictions(const std::vector<Prediction>& predictions) {
  if (predictions.empty()) return;
  Batch batch;
  batch.rows.reserve(predictions.size());
  RowCleaner cleaner(options_.hides);
  for (const Prediction& each : predictions) {
    const Prediction& prediction = cleaner.Clean(each);
    batch.rows.push_back(RowOf(prediction));
    batch.facts.Add(prediction);
  }
  Submit(batch);
}

void PredictionLog::RecordOutcomes(const std::string& endpoint, std::vector<Outcome> outcomes,
                                   const std::string& who) {
  if (outcomes.size() > kOutcomesPerCallMax) {
    throw InvalidArgument("One call may bring {} outcomes; this one has {}", kOutcomesPerCallMax,
                          outcomes.size());
  }
  if (outcomes.empty()) return;
  Batch batch;
  const auto count = static_cast<int64_t>(outcomes.size());
  int64_t sequence = NextSequence(count);
  for (Outcome& outcome : outcomes) {
    try {
      Check(outcome, clock_.NowMs());
      if (outcome.key && Hides(endpoint, outcome.key->input)) {
        throw InvalidArgument("The log of {} leaves {} out: no prediction can be found by it",
                              endpoint, outcome.key->input)
            .WithField("key");
      }
    } catch (const Error& error) {
      if (count == 1) throw;
      throw Error(error.code(), fmt::format("Outcome {} of {}: {}", batch.rows.size() + 1, count,
                                            error.message()))
          .WithField(error.field());
    }
    if (outcome.time_ms == 0) outcome.time_ms = clock_.NowMs();
    batch.facts.Add(endpoint, outcome);
    batch.rows.push_back({.kind = RecordKind::kOutcome,
                          .endpoint = endpoint,
                          .time_ms = outcome.time_ms,
                          .happened_ms = outcome.time_ms,
                          .about = outcome.key ? 0 : HashId(outcome.prediction_id),
                          .line = EncodeOutcome(endpoint, outcome, who, sequence++)});
  }
  Submit(batch);
}

// Grows with the clock, so that a restart goes on above what was given before.
int64_t PredictionLog::NextSequence(int64_t count) {
  int64_t last = sequence_.load();
  for (;;) {
    const int64_t first =
        std::max(last, clock_.NowMs() * static_cast<int64_t>(kOutcomesPerCallMax)) + 1;
    if (sequence_.compare_exchange_weak(last, first + count)) return first;
  }
}

void PredictionLog::Flush() {
  Batch batch;
  Submit(batch);
}

void PredictionLog::Compact() {
  Batch batch;
  batch.compact = true;
  Submit(batch);
  int64_t before = 0;
  {
    std::lock_guard lock(mutex_);
    before = open_before_;
  }
  std::lock_guard compacting(compacting_);
  for (int64_t segment : store_.Waiting(before)) store_.Compact(segment, Rules());
  while (store_.Tidy(Rules())) {
  }
}

void PredictionLog::Sum() {
  std::lock_guard compacting(compacting_);
  while (store_.Sum(true)) {
  }
}

// Without a limit of age rows may lie together that are of one month.
MergeRules PredictionLog::Rules() const {
  return {.now_ms = clock_.NowMs(), .has_months = options_.keep_ms == 0};
}

PredictionLogStats PredictionLog::stats() const {
  return {offered_.load(),   dropped_.load(), lost_.load(),
          written_.load(),   syncs_.load(),   static_cast<int64_t>(ring_.size()),
          store_.set_aside()};
}

void PredictionLog::Write(std::stop_token stop) {
  NameThisThread("prediction-log");
  bool is_behind = false;
  while (!stop.stop_requested()) {
    if (!is_behind) AwaitWork(stop);
    is_behind = WriteOnce();
  }
  while (ring_.size() > 0) WriteOnce();
  WriteOnce();
}

void PredictionLog::AwaitWork(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!batches_.empty()) return;
  asleep_.store(true);
  // Something may have come between the last look and the flag.
  if (ring_.size() == 0) {
    wake_.wait_for(lock, kIdleWait, [&] { return !asleep_.load() || stop.stop_requested(); });
  }
  asleep_.store(false);
  if (ring_.size() == 0) return;
  // The first row that is offered wakes this thread; the next ones find it awake.
  wake_.wait_for(lock, std::chrono::milliseconds(kGatherMs),
                 [&] { return !batches_.empty() || is_hurried_ || stop.stop_requested(); });
}

void PredictionLog::Settle() const {
  const uint64_t offered = ring_.pushed();
  std::unique_lock lock(mutex_);
  if (settled_ >= offered) return;
  is_hurried_ = true;
  asleep_.store(false);
  wake_.notify_one();
  done_.wait_for(lock, std::chrono::milliseconds(kSettleMs), [&] { return settled_ >= offered; });
}

// Batches are taken before the ring, so that a flush covers what was offered before it.
bool PredictionLog::WriteOnce() {
  std::vector<Batch*> batches;
  {
    std::lock_guard lock(mutex_);
    batches.swap(batches_);
    is_hurried_ = false;
  }
  std::optional<Error> error;
  bool compact = false, has_more = false;
  const auto is_refused = [](const Batch* batch) { return batch->error.has_value(); };
  try {
    const size_t waiting = batches.empty() ? 0 : ring_.size();
    size_t taken = 0;
    do {
      Batch offered;
      taken += TakeOffered(offered);
      has_more = IsFull(offered);
      if (!offered.rows.empty()) {
        Store(std::move(offered));
      } else if (taken < waiting) {
        std::this_thread::yield();  // a producer is between taking a slot and filling it
      }
    } while (taken < waiting);
    for (Batch* batch : batches) {
      compact |= batch->compact;
      if (batch->rows.empty()) continue;
      try {
        Store({.rows = std::move(batch->rows), .facts = std::move(batch->facts)});
        batch->is_stored = true;
      } catch (const Error& failure) {
        batch->error = failure;  // of this one alone: the others may be durable
      }
    }
    const bool old = segment_ && clock_.NowMs() - segment_opened_ms_ > options_.segment_age_ms_max;
    if (segment_ && (compact || old || segment_->bytes() > options_.segment_bytes_max)) Roll();
  } catch (const Error& failure) {
    error = failure;
  } catch (const std::exception& failure) {
    error = Internal("{}", failure.what());
  }
  const auto refused = std::find_if(batches.begin(), batches.end(), is_refused);
  if (error || refused != batches.end()) {
    Log(LogLevel::kError, "monitoring", "Predictions could not be written",
        {{"error", error ? error->message() : (*refused)->error->message()}});
  }
  std::lock_guard lock(mutex_);
  settled_ = ring_.popped();
  for (Batch* batch : batches) {
    if (error && !batch->is_stored) batch->error = error;
    batch->done = true;
  }
  done_.notify_all();
  return has_more;
}

bool PredictionLog::IsFull(const Batch& batch) {
  return batch.rows.size() >= kBatchRowsMax || batch.bytes >= kBatchBytesMax;
}

size_t PredictionLog::TakeOffered(Batch& batch) {
  size_t taken = 0;
  RowCleaner cleaner(options_.hides);
  while (!IsFull(batch)) {
    std::optional<Offered> offered = ring_.TryPop();
    if (!offered) break;
    ++taken;
    queued_bytes_.fetch_sub(offered->bytes, std::memory_order_relaxed);
    try {
      const auto add = [&](const Prediction& prediction) {
        const Prediction& clean = cleaner.Clean(prediction);
        batch.rows.push_back(RowOf(clean));
        batch.bytes += batch.rows.back().line.size();
        batch.facts.Add(clean);
      };
      if (offered->prediction) {
        add(*offered->prediction);
      } else {
        for (const Prediction& prediction : offered->decode()) add(prediction);
      }
    } catch (const std::exception& failure) {
      lost_.fetch_add(1, std::memory_order_relaxed);
      Log(LogLevel::kWarning, "monitoring", "A prediction could not be taken apart",
          {{"error", failure.what()}});
    }
  }
  return taken;
}

void PredictionLog::Store(Batch batch) {
  const auto count = static_cast<int64_t>(batch.rows.size());
  try {
    if (!segment_) {
      std::lock_guard lock(mutex_);
      segment_number_ = open_before_;
      segment_ = std::make_unique<SegmentWriter>(store_.SegmentFile(segment_number_));
      segment_opened_ms_ = clock_.NowMs();
    }
    for (const TailRow& row : batch.rows) segment_->Append(row.kind, row.line);
    segment_->Sync();
  } catch (const Error&) {
    lost_.fetch_add(count, std::memory_order_relaxed);
    throw;
  }
  syncs_.fetch_add(1, std::memory_order_relaxed);
  written_.fetch_add(count, std::memory_order_relaxed);
  store_.Publish(segment_number_, std::move(batch.rows), batch.facts);
}

void PredictionLog::Roll() {
  segment_.reset();
  std::lock_guard lock(mutex_);
  open_before_ = store_.NewSegment();
  compact_.notify_all();
}

LogCounts PredictionLog::RemoveOld() {
  if (options_.keep_ms == 0) return {};
  std::lock_guard compacting(compacting_);
  const LogCounts removed = store_.RemoveBefore(clock_.NowMs() - options_.keep_ms);
  if (removed != LogCounts()) {
    Log(LogLevel::kInfo, "monitoring", "Old rows of the prediction log were removed",
        {{"predictions", std::to_string(removed.predictions)},
         {"outcomes", std::to_string(removed.outcomes)}});
  }
  return removed;
}

bool PredictionLog::HasClosed(int64_t after) {
  std::lock_guard lock(mutex_);
  return open_before_ > after;
}

bool PredictionLog::TidyOnce() {
  std::lock_guard compacting(compacting_);
  return store_.Tidy(Rules());
}

bool PredictionLog::SumOnce() {
  std::lock_guard compacting(compacting_);
  return store_.Sum(false);
}

void PredictionLog::CompactInBackground(std::stop_token stop) {
  NameThisThread("prediction-file");
  std::unique_lock lock(mutex_);
  int64_t tried = 0;
  auto remove_at = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    compact_.wait_until(lock, remove_at,
                        [&] { return stop.stop_requested() || open_before_ > tried; });
    if (stop.stop_requested()) return;
    tried = open_before_;
    lock.unlock();
    remove_at = std::chrono::steady_clock::now() + kRemovalPeriod;
    const auto remove = [&] {
      LogFailure("Old predictions could not be removed", [&] { RemoveOld(); });
    };
    remove();  // first, for it may make the room that the others need
    // What cannot be compacted stays in its segment and in memory, and does not keep the others
    // from it; the next segment tries again.
    for (int64_t segment : store_.Waiting(tried)) {
      LogFailure("Predictions could not be turned into Parquet", [&] {
        std::lock_guard compacting(compacting_);
        store_.Compact(segment, Rules());
      });
    }
    remove();  // what came with a time that is past
    LogFailure("Files of the prediction log could not be merged", [&] {
      while (!stop.stop_requested() && !HasClosed(tried) && TidyOnce()) {
      }
    });
    LogFailure("Files of the prediction log could not be summed", [&] {
      while (!stop.stop_requested() && !HasClosed(tried) && SumOnce()) {
      }
    });
    lock.lock();
  }
}

}  // namespace millwright::monitoring

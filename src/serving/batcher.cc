#include "serving/batcher.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/log_trace.h"

namespace millwright::serving {
namespace {

// What takes longer is handed to another thread: a change of threads costs some 10 microseconds,
// and the caller's thread has other connections to look after.
constexpr double kAtOnceUsMax = 50;
// The same for the average of its runs, into which a busy machine's pauses go: threads that wait
// for one another would only be more of them.
constexpr double kAtOnceMeanUsMax = 200;
// A run on the caller's thread that took so long (the model does not do what it was measured to do,
// or the machine has no time) sends the next ones to other threads for a while.
constexpr int64_t kFarTooLongUs = 20'000;
constexpr int64_t kHandedOverUs = 10'000'000;
constexpr double kIntervalWeight = 1.0 / 16;
// Of the queue's items that are looked at for what can be one run with the first.
constexpr size_t kLookedAtMax = 256;
constexpr int64_t kTrialRows = 8;  // of a run that only shows what it costs
// Of what a row costs in one run of all that waits, so much it may cost where they are shared out.
constexpr double kSharedCostMax = 1.2;

size_t SizeOf(int64_t rows) {
  const auto above = static_cast<uint64_t>(std::max<int64_t>(rows, 1) - 1);
  return std::min<size_t>(std::bit_width(above), BatchStatistics::kSizes - 1);
}

// Asked once: it takes a file to be opened and read.
int Cores() {
  static const auto cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return cores;
}

int64_t DeadlineUs(const InferRequest& request) {
  return request.deadline_us.value_or(std::numeric_limits<int64_t>::max());
}

Error TooLate() {
  return Unavailable("The request cannot be answered within its time");
}

}  // namespace

Batcher::Batcher(RunModel run, BatchRules rules, const BatchProbe& probe,
                 const BatchingOptions& options, Lane& lane, inference::RunWatch& watch)
    : run_(std::move(run)),
      rules_(std::move(rules)),
      options_(options),
      lane_(lane),
      watch_(watch),
      costs_(probe.costs),
      gain_(probe.gain),
      is_bounded_(probe.is_bounded) {}

bool Batcher::Joins() const {
  if (options_.batching == Batching::kAuto) return is_bounded_ && gain_.Pays();
  return options_.batching == Batching::kOn;
}

// Runs of a model that gains by batches should not be more than there are cores: the next ones
// become one batch meanwhile. Where a whole batch takes less than a change of threads, one is
// enough.
int Batcher::RunsMax() const {
  if (Joins() && rules_.cost_follows_rows() &&
      costs_.EstimateUs(options_.rows_max) <= kAtOnceUsMax) {
    return 1;
  }
  return Joins() ? std::min(options_.threads, Cores()) : options_.threads;
}

void Batcher::Submit(InferRequest&& request, Done done, std::shared_ptr<const void> keep) {
  Item item{.request = std::move(request), .done = std::move(done), .come_us = MonotonicUs()};
  const auto joined_rows = rules_.RowsOf(item.request);
  item.joins = joined_rows.has_value();
  item.rows = joined_rows.value_or(CountRows(item.request));
  const double estimate_us = costs_.EstimateUs(item.rows);
  const bool runs_at_once = RunsAtOnce(item.rows);
  if (!runs_at_once && (!options_.callers_wait || Joins())) {
    return Queue(std::move(item), std::move(keep));
  }
  const auto deadline_us = item.request.deadline_us;
  if (deadline_us && estimate_us != CostCurve::kUnknownUs &&
      static_cast<double>(*deadline_us - item.come_us) < estimate_us) {
    impossible_.fetch_add(1, std::memory_order_relaxed);
    item.done(item.request, {.outputs = Unexpected(TooLate())});
    return;
  }
  RunOne(item, runs_at_once ? Ends::kSoon : Ends::kInTime);
  const int64_t end_us = MonotonicUs();
  if (end_us - item.come_us > kFarTooLongUs) handed_over_until_us_.store(end_us + kHandedOverUs);
}

bool Batcher::RunsAtOnce(const InferRequest& request) const {
  return RunsAtOnce(rules_.RowsOf(request).value_or(CountRows(request)));
}

bool Batcher::RunsAtOnce(int64_t rows) const {
  return is_bounded_ && options_.batching != Batching::kOn && rules_.cost_follows_rows() &&
         costs_.TypicalUs(rows) <= kAtOnceUsMax && costs_.EstimateUs(rows) <= kAtOnceMeanUsMax &&
         MonotonicUs() >= handed_over_until_us_.load();
}

void Batcher::Queue(Item&& item, std::shared_ptr<const void> keep) {
  // A thread that works already holds what the request gave that it was begun for.
  item.keep = std::move(keep);
  std::optional<Error> refusal;
  {
    std::lock_guard lock(mutex_);
    refusal = Refusal(item);
    if (!refusal) {
      if (last_us_ != 0) {
        const auto interval_us = static_cast<double>(item.come_us - last_us_);
        interval_us_ = interval_us_ == 0
                           ? interval_us
                           : interval_us_ + kIntervalWeight * (interval_us - interval_us_);
      }
      last_us_ = item.come_us;
      queued_rows_ += item.rows;
      queue_.push_back(std::move(item));
      if (waiting_ > 0) arrived_.notify_one();
      if (threads_ >= RunsMax()) return;
      if (lane_.Submit([this, held = queue_.back().keep] { RunQueue(); })) {
        ++threads_;
        return;
      }
      if (threads_ > 0) return;  // who works will come to it
      item = std::move(queue_.back());
      queue_.pop_back();
      queued_rows_ -= item.rows;
      refusal = Unavailable("The server has too many models at work");
    }
  }
  item.done(item.request, {.outputs = Unexpected(*refusal)});
}

double Batcher::AnswerUs(const Item& item) const {
  const int runs_max = RunsMax();
  double us = 0;
  if (run_ends_us_.size() >= static_cast<size_t>(runs_max)) {
    const auto first_us = *std::min_element(run_ends_us_.begin(), run_ends_us_.end());
    us = static_cast<double>(std::max<int64_t>(0, first_us - item.come_us));
  }
  const auto waiting = static_cast<int64_t>(queue_.size());
  if (!item.joins || !Joins()) {
    const int64_t mean_rows = queued_rows_ / std::max<int64_t>(waiting, 1);
    us += static_cast<double>(waiting) * costs_.EstimateUs(mean_rows) / runs_max;
    return us + costs_.EstimateUs(item.rows);
  }
  // What waits goes with it, or before it in runs that are full.
  if (queued_rows_ + item.rows <= options_.rows_max) {
    return us + costs_.EstimateUs(queued_rows_ + item.rows);
  }
  const int64_t runs = (queued_rows_ + options_.rows_max - 1) / options_.rows_max;
  us += static_cast<double>(runs) * costs_.EstimateUs(options_.rows_max) / runs_max;
  return us + costs_.EstimateUs(item.rows);
}

std::optional<Error> Batcher::Refusal(const Item& item) {
  if (queue_.size() >= kBatchQueueMax) {
    ++refused_;
    return Unavailable("{} requests wait for the model {}, as many as may", kBatchQueueMax,
                       item.request.model);
  }
  if (!item.request.deadline_us || costs_.EstimateUs(item.rows) == CostCurve::kUnknownUs) {
    return std::nullopt;
  }
  const auto left_us = static_cast<double>(*item.request.deadline_us - item.come_us);
  if (left_us >= AnswerUs(item)) return std::nullopt;
  impossible_.fetch_add(1, std::memory_order_relaxed);
  return TooLate();
}

// One of the lane's threads; begun when a request found too few of them at work.
void Batcher::RunQueue() {
  std::unique_lock lock(mutex_);
  while (!queue_.empty()) {
    std::vector<Item> items = TakeItems(lock);
    if (items.empty()) continue;
    int64_t rows = 0;
    for (const Item& item : items) rows += item.rows;
    const double run_us = costs_.EstimateUs(rows);
    const int64_t end_us =
        MonotonicUs() + (run_us == CostCurve::kUnknownUs ? 0 : static_cast<int64_t>(run_us));
    run_ends_us_.push_back(end_us);
    lock.unlock();
    Run(items);
    items.clear();
    lock.lock();
    run_ends_us_.erase(std::find(run_ends_us_.begin(), run_ends_us_.end(), end_us));
  }
  --threads_;
}

std::optional<int64_t> Batcher::WaitUntilUs(const Item& first, int64_t rows) const {
  if (run_ends_us_.empty() || interval_us_ == 0 || !first.joins) return std::nullopt;
  const double one_us = costs_.EstimateUs(1);
  const double saved_us = one_us + costs_.EstimateUs(rows) - costs_.EstimateUs(rows + 1);
  if (interval_us_ >= saved_us) return std::nullopt;
  const double wait_us = std::min<double>(options_.delay_us, one_us / 2);
  return first.come_us + static_cast<int64_t>(wait_us);
}

std::optional<int64_t> Batcher::RowsMax(const Item& first) {
  if (!first.joins || options_.batching == Batching::kOff) return std::nullopt;
  // One request that does not end would take the others of its run with it.
  if (options_.batching == Batching::kAuto && !is_bounded_) return std::nullopt;
  if (options_.batching == Batching::kOn || (queue_.empty() && gain_.Pays())) {
    return options_.rows_max;
  }
  if (queue_.empty()) return std::nullopt;  // there is no choice
  const auto choice = gain_.Choose();
  if (!choice.together) return std::nullopt;
  return choice.is_trial ? std::min<int64_t>(options_.rows_max, kTrialRows) : options_.rows_max;
}

bool Batcher::EndsBefore(int64_t until_us, int64_t now_us, int64_t rows) const {
  return until_us == std::numeric_limits<int64_t>::max() ||
         static_cast<double>(until_us - now_us) >= costs_.EstimateUs(rows);
}

void Batcher::Gather(int64_t rows_max, std::vector<Item>* items, int64_t* rows) {
  const Item& first = items->front();
  const int64_t now_us = MonotonicUs();
  int64_t deadline_us = std::numeric_limits<int64_t>::max();  // the earliest of the run
  for (const Item& item : *items) deadline_us = std::min(deadline_us, DeadlineUs(item.request));
  size_t looked_at = 0;
  for (auto it = queue_.begin(); it != queue_.end() && looked_at < kLookedAtMax; ++looked_at) {
    if (*rows >= rows_max) return;
    const int64_t until_us = std::min(deadline_us, DeadlineUs(it->request));
    if (!it->joins || *rows + it->rows > rows_max ||
        !EndsBefore(until_us, now_us, *rows + it->rows) ||
        !rules_.CanJoin(first.request, it->request)) {
      ++it;
      continue;
    }
    deadline_us = until_us;
    *rows += it->rows;
    queued_rows_ -= it->rows;
    items->push_back(std::move(*it));
    it = queue_.erase(it);
  }
}

int64_t Batcher::ShareOf(int64_t rows) const {
  const int64_t runs_max = RunsMax();
  const auto us_of_all = costs_.EstimateUs(rows);
  if (us_of_all == CostCurve::kUnknownUs) return rows;
  for (int64_t share = (rows + runs_max - 1) / runs_max; share < rows; share *= 2) {
    const double us = costs_.EstimateUs(share) / static_cast<double>(share);
    if (us * static_cast<double>(rows) <= kSharedCostMax * us_of_all) return share;
  }
  return rows;
}

std::vector<Batcher::Item> Batcher::TakeItems(std::unique_lock<std::mutex>& lock) {
  std::vector<Item> items;
  items.push_back(std::move(queue_.front()));
  queue_.pop_front();
  int64_t rows = items[0].rows;
  queued_rows_ -= rows;
  BatchEnd end = BatchEnd::kIdle;
  if (const auto rows_max = RowsMax(items[0])) {
    items.reserve(static_cast<size_t>(*rows_max));  // no item moves while others join it
    const int64_t all = queued_rows_ + rows;
    const int64_t share = ShareOf(all);
    Gather(std::min(*rows_max, share), &items, &rows);
    while (share == all && rows < *rows_max) {
      const auto until_us = WaitUntilUs(items[0], rows);
      if (!until_us) break;
      const int64_t left_us = *until_us - MonotonicUs();
      if (left_us <= 0) {
        end = BatchEnd::kTimeout;
        break;
      }
      ++waiting_;
      arrived_.wait_for(lock, std::chrono::microseconds(left_us));
      --waiting_;
      Gather(*rows_max, &items, &rows);
    }
    if (rows >= *rows_max) end = BatchEnd::kFull;
  }
  ++ends_[static_cast<size_t>(end)];
  const int64_t now_us = MonotonicUs();
  for (const Item& item : items) queue_us_ += now_us - item.come_us;
  return items;
}

void Batcher::Run(std::vector<Item>& items) {
  const int64_t now_us = MonotonicUs();
  const auto late = std::stable_partition(items.begin(), items.end(), [&](const Item& item) {
    return !item.request.deadline_us || *item.request.deadline_us > now_us;
  });
  for (auto it = late; it != items.end(); ++it) {
    late_.fetch_add(1, std::memory_order_relaxed);
    it->done(it->request, {.outputs = Unexpected(DeadlineExceeded(
                               "The request's time passed while it waited for the model"))});
  }
  items.erase(late, items.end());
  if (items.size() == 1) return RunOne(items[0], Ends::kInTime);
  if (!items.empty()) RunTogether(items);
}

inference::RunTime Batcher::TimeOfRun(int64_t start_us) const {
  return {start_us + options_.run_ms_max * int64_t{1000}, options_.run_ms_max, "--run-timeout-ms"};
}

inference::RunTime Batcher::TimeOf(const Item& item, int64_t start_us) const {
  const inference::RunTime run = TimeOfRun(start_us);
  if (item.request.deadline_us.value_or(run.until_us) >= run.until_us) return run;
  const int64_t given_us = *item.request.deadline_us - item.come_us;
  return {*item.request.deadline_us, (given_us + 999) / 1000,
          "X-Request-Timeout-Ms or a gRPC deadline"};
}

void Batcher::RunOne(Item& item, Ends ends) {
  const LogTrace trace(TraceIdOf(item.request));
  const int64_t start_us = MonotonicUs();
  Finished finished{.outputs = Outputs(), .times = {.queue_us = start_us - item.come_us}};
  try {
    std::optional<inference::RunLimit> limit;
    if (ends == Ends::kInTime) {
      limit.emplace(watch_, TimeOf(item, start_us));
    }
    finished.outputs = run_(item.request.inputs, item.request.params);
    finished.times.compute_us = MonotonicUs() - start_us;
    const auto us = static_cast<double>(finished.times.compute_us);
    gain_.AddAlone(CountElements(item.request.inputs), us);
    Record(item.rows, us);
  } catch (const Error& error) {
    finished.outputs = Unexpected(error);
  } catch (const std::exception& error) {  // std::bad_alloc
    finished.outputs = Unexpected(Internal("The model could not be run: {}", error.what()));
  }
  if (!finished.outputs) finished.times.compute_us = MonotonicUs() - start_us;
  item.done(item.request, std::move(finished));
}

void Batcher::RunTogether(std::vector<Item>& items) {
  std::vector<const InferRequest*> requests;
  std::vector<int64_t> rows;
  for (const Item& item : items) {
    requests.push_back(&item.request);
    rows.push_back(item.rows);
  }
  std::vector<Outputs> parts;
  int64_t elements = 0;
  const int64_t start_us = MonotonicUs();
  int64_t joined_us = 0;
  int64_t computed_us = 0;
  try {
    const auto joined = rules_.Join(requests);
    joined_us = MonotonicUs();
    for (const Item& item : items) elements += CountElements(item.request.inputs);
    const inference::RunLimit limit(watch_, TimeOfRun(start_us));
    Outputs outputs = run_(joined, items[0].request.params);
    computed_us = MonotonicUs();
    parts = SplitOutputs(std::move(outputs), rows);
  } catch (const std::exception&) {
    // Whose fault it was shows one by one.
    for (Item& item : items) RunOne(item, Ends::kInTime);
    return;
  }
  const int64_t end_us = MonotonicUs();
  const auto run_us = static_cast<double>(end_us - start_us);
  int64_t all = 0;
  for (const int64_t one : rows) all += one;
  gain_.AddTogether(elements, run_us);
  Record(all, run_us);
  for (size_t i = 0; i < items.size(); ++i) {
    const LogTrace trace(TraceIdOf(items[i].request));
    items[i].done(items[i].request, {.outputs = std::move(parts[i]),
                                     .times = {.queue_us = start_us - items[i].come_us,
                                               .input_us = joined_us - start_us,
                                               .compute_us = computed_us - joined_us,
                                               .output_us = end_us - computed_us}});
  }
}

void Batcher::Record(int64_t rows, double us) {
  costs_.Add(rows, us);
  SizeCounts& size = sizes_[SizeOf(rows)];
  size.runs.fetch_add(1, std::memory_order_relaxed);
  size.rows.fetch_add(rows, std::memory_order_relaxed);
  size.us.fetch_add(static_cast<int64_t>(us), std::memory_order_relaxed);
}

BatchStatistics Batcher::statistics() const {
  BatchStatistics statistics;
  for (size_t i = 0; i < sizes_.size(); ++i) {
    statistics.sizes[i] = {sizes_[i].runs.load(std::memory_order_relaxed),
                           sizes_[i].rows.load(std::memory_order_relaxed),
                           sizes_[i].us.load(std::memory_order_relaxed)};
  }
  statistics.impossible = impossible_.load(std::memory_order_relaxed);
  statistics.late = late_.load(std::memory_order_relaxed);
  std::lock_guard lock(mutex_);
  statistics.ends = ends_;
  statistics.waiting = static_cast<int64_t>(queue_.size());
  statistics.queue_us = queue_us_;
  statistics.refused = refused_;
  return statistics;
}

}  // namespace millwright::serving

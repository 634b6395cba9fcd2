#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/lane.h"
#include "base/result.h"
#include "inference/engine.h"
#include "inference/run_limit.h"
#include "serving/batch_probe.h"
#include "serving/batch_rules.h"
#include "serving/batching.h"
#include "serving/predictor.h"

namespace millwright::serving {

// Runs the requests of one version of a model. A run that takes less than a change of threads is
// done by the caller's thread; others wait in a queue for a thread of the lane. A thread takes what
// has come since and can be one run, where the model was measured to gain by it; of a model whose
// small runs cost hardly more a row, only its share, so that other threads have work. It waits for
// more only while another run of the version is under way and the next request is expected sooner
// than what it saves, and never longer than half of a run. So a single caller never waits. Nor does
// a run become so large that one of its requests would miss its deadline by it.
//
// A run of several requests that fails is run again request by request, so that each has the answer
// that is its own. One that takes longer than it may, or than its requests wait, is stopped where
// the engine can be (inference/run_limit.h). Thread-safe; must outlive what was given to it.
class Batcher {
 public:
  using Outputs = std::vector<inference::Tensor>;
  // Runs one set of inputs with the params of a request; throws what Engine::Run throws.
  using RunModel =
      std::function<Outputs(const std::vector<inference::Tensor>&, const Json& params)>;
  // What becomes of a request. Called once, by any thread.
  struct Finished {
    Result<Outputs> outputs;
    InferTimes times = {};  // of the run that it was part of
  };
  using Done = std::function<void(InferRequest& request, Finished finished)>;

  Batcher(RunModel run, BatchRules rules, const BatchProbe& probe, const BatchingOptions& options,
          Lane& lane, inference::RunWatch& watch);
  // Answers a request. A queue that is full, or one that would answer only after the request's
  // deadline, gives kUnavailable at once. `keep` is held until nothing of this is used for the
  // request any more: it owns this batcher and its model, and what `done` uses. Requests of one
  // batcher may give different ones.
  void Submit(InferRequest&& request, Done done, std::shared_ptr<const void> keep);

  // Whether Submit would run this on the calling thread, within what a change of threads costs.
  bool RunsAtOnce(const InferRequest& request) const;

  BatchStatistics statistics() const;

 private:
  struct Item {
    std::shared_ptr<const void> keep = nullptr;  // set while it is queued
    InferRequest request;
    Done done;
    int64_t rows = 1;
    bool joins = false;  // may be run with others
    int64_t come_us = 0;
  };

  bool Joins() const;
  int RunsMax() const;
  void Queue(Item&& item, std::shared_ptr<const void> keep);
  // Why a request is not taken; nothing when it is. Counts it.
  std::optional<Error> Refusal(const Item& item);
  // How long the answer to what comes now is expected to take, behind all that is there.
  double AnswerUs(const Item& item) const;
  void RunQueue();
  std::vector<Item> TakeItems(std::unique_lock<std::mutex>& lock);
  bool EndsBefore(int64_t until_us, int64_t now_us, int64_t rows) const;
  // Moves what can be one run with the first item, within everyone's time, out of the queue.
  void Gather(int64_t rows_max, std::vector<Item>* items, int64_t* rows);
  // How many rows the run that begins with the first item may have; one request where it is alone.
  std::optional<int64_t> RowsMax(const Item& first);
  // Of so many rows that wait, what one run takes, so that others find work when they end and no
  // processor stands idle until the callers of this one ask again. All, where small runs are dear.
  int64_t ShareOf(int64_t rows) const;
  // Until when the first item may wait for others; nothing when it should not.
  std::optional<int64_t> WaitUntilUs(const Item& first, int64_t rows) const;
  void Run(std::vector<Item>& items);
  // Where it was measured to end soon it has no limit, which would cost as much as it.
  enum class Ends { kSoon, kInTime };
  void RunOne(Item& item, Ends ends);
  // How long a run that begins now may take, and one for a request of which nobody else is part.
  inference::RunTime TimeOfRun(int64_t start_us) const;
  inference::RunTime TimeOf(const Item& item, int64_t start_us) const;
  void RunTogether(std::vector<Item>& items);
  void Record(int64_t rows, double us);

  // Whether a run may be done by the caller's thread.
  bool RunsAtOnce(int64_t rows) const;

  const RunModel run_;
  const BatchRules rules_;
  const BatchingOptions options_;
  Lane& lane_;
  inference::RunWatch& watch_;
  CostCurve costs_;
  BatchGain gain_;
  const bool is_bounded_;
  std::atomic<int64_t> handed_over_until_us_ = 0;  // after a run that took far too long

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable arrived_;
  std::deque<Item> queue_;
  int waiting_ = 0;  // threads that wait for more to come
  int64_t queued_rows_ = 0;
  int threads_ = 0;                   // of the lane that work on the queue, or are about to
  std::vector<int64_t> run_ends_us_;  // when each run that is under way is expected to end
  int64_t last_us_ = 0;
  double interval_us_ = 0;  // between requests, a moving average
  std::array<int64_t, kBatchEnds> ends_ = {};
  int64_t queue_us_ = 0;
  int64_t refused_ = 0;

  std::atomic<int64_t> late_ = 0;
  std::atomic<int64_t> impossible_ = 0;
  struct SizeCounts {
    std::atomic<int64_t> runs = 0;
    std::atomic<int64_t> rows = 0;
    std::atomic<int64_t> us = 0;
  };
  std::array<SizeCounts, BatchStatistics::kSizes> sizes_;
};

}  // namespace millwright::serving

#pragma once

#include <atomic>
#include <cstdint>

#include "serving/predictor.h"
#include "serving/traffic.h"

namespace millwright::serving {

// Counts what one version answers. Thread-safe without locks.
class VersionCounters {
 public:
  void AddSuccess(int64_t now_ms, int64_t rows, int64_t us, const InferTimes& times) {
    last_ms_.store(now_ms, std::memory_order_relaxed);
    rows_.fetch_add(rows, std::memory_order_relaxed);
    successes_.fetch_add(1, std::memory_order_relaxed);
    success_us_.fetch_add(us, std::memory_order_relaxed);
    request_.Add(us, false);
    queue_.Add(times.queue_us, false);
    // Zero where a request was run alone, as most are.
    if (times.input_us != 0) input_us_.fetch_add(times.input_us, std::memory_order_relaxed);
    if (times.output_us != 0) output_us_.fetch_add(times.output_us, std::memory_order_relaxed);
    compute_.Add(times.compute_us, false);
  }
  void AddFailure(int64_t now_ms, int64_t us) {
    last_ms_.store(now_ms, std::memory_order_relaxed);
    failures_.fetch_add(1, std::memory_order_relaxed);
    failure_us_.fetch_add(us, std::memory_order_relaxed);
  }
  void Read(VersionStatistics* statistics) const {
    statistics->last_ms = last_ms_.load(std::memory_order_relaxed);
    statistics->rows = rows_.load(std::memory_order_relaxed);
    statistics->successes = successes_.load(std::memory_order_relaxed);
    statistics->failures = failures_.load(std::memory_order_relaxed);
    statistics->success_us = success_us_.load(std::memory_order_relaxed);
    statistics->failure_us = failure_us_.load(std::memory_order_relaxed);
    statistics->input_us = input_us_.load(std::memory_order_relaxed);
    statistics->output_us = output_us_.load(std::memory_order_relaxed);
    statistics->request = request_.Counts();
    statistics->queue = queue_.Counts();
    statistics->compute = compute_.Counts();
  }

 private:
  std::atomic<int64_t> last_ms_ = 0;
  std::atomic<int64_t> rows_ = 0;
  std::atomic<int64_t> successes_ = 0;
  std::atomic<int64_t> failures_ = 0;
  std::atomic<int64_t> success_us_ = 0;
  std::atomic<int64_t> failure_us_ = 0;
  std::atomic<int64_t> input_us_ = 0;
  std::atomic<int64_t> output_us_ = 0;
  LatencyHistogram request_;
  LatencyHistogram queue_;
  LatencyHistogram compute_;
};

}  // namespace millwright::serving

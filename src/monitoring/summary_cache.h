#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "base/clock.h"
#include "monitoring/prediction_reader.h"

namespace millwright::monitoring {

// Predictions and outcomes of a log from which on its figures are kept: they take some 0.1 s.
inline constexpr int64_t kLargeLogRows = 200'000;

// Figures of logs that dashboards and scrapers ask for again and again. Those of a small log are
// counted whenever it has changed. Those of a large one are counted by Refresh, at most a twentieth
// of the time, and answered as of then: nobody but the first waits for them. Thread-safe.
class SummaryCache {
 public:
  SummaryCache(const PredictionLog& log, const Clock& clock, int64_t large_rows = kLargeLogRows)
      : log_(log), clock_(clock), large_rows_(large_rows), reader_(log) {}

  // PredictionReader::Summary; `as_of_ms` says of when it is.
  LogSummary Get(const std::string& endpoint, const LabelRule& rule);
  // Counts again what is large, has changed and was asked for of late. One caller at a time.
  void Refresh();

 private:
  using Key = std::pair<std::string, LabelRule>;  // an endpoint, and how it is judged
  struct Entry {
    LogSummary summary;
    LogCounts counts;  // of the log, before the summary was made
    int64_t cost_us = 0;
    int64_t made_us = 0;  // by the monotonic clock
    int64_t asked_us = 0;
  };

  bool IsLarge(const LogCounts& counts) const {
    return counts.predictions + counts.outcomes >= large_rows_;
  }
  Entry Make(const Key& key);
  void Keep(const Key& key, Entry entry);

  const PredictionLog& log_;
  const Clock& clock_;
  const int64_t large_rows_;
  PredictionReader reader_;
  std::mutex mutex_;  // guards entries_
  std::map<Key, Entry> entries_;
};

}  // namespace millwright::monitoring

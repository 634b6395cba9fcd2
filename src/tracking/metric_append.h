#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/database.h"
#include "tracking/entities.h"

namespace millwright::tracking {

// The metrics of one call, made ready to be written: whatever can be done before the transaction is
// done by the constructor, on the caller's thread. Used by one thread at a time.
class MetricAppend {
 public:
  explicit MetricAppend(const std::vector<Metric>& metrics);

  // Writes within a transaction: one append, the latest point of each key, of which searches
  // may have to be told (MetricRanks), and what belongs to logged models. May be called again when
  // the transaction is run again.
  void Write(storage::Connection& connection, const RunId& run, int64_t run_seq, int64_t now_ms);

 private:
  void RaiseLatest(storage::Connection& connection, int64_t run_seq);

  size_t points_;
  storage::Bytes data_;
  // {run, key, time, step, value, is_nan} by key; the run is filled in when they are written.
  std::vector<std::vector<storage::Value>> latest_;
  // {model, key, run, dataset, digest, time, step, value, is_nan}; likewise.
  std::vector<std::vector<storage::Value>> of_models_;
};

}  // namespace millwright::tracking

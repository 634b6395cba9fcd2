#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/database.h"
#include "tracking/entities.h"
#include "tracking/latest_metrics.h"

namespace millwright::tracking {

// The metrics of one call, made ready to be written: whatever can be done before the transaction is
// done by the constructor, on the caller's thread. Used by one thread at a time.
class MetricAppend {
 public:
  // When the latest metrics of the run are raised: kOnDemand leaves it to who looks at them, which
  // suits what is logged live; what is taken over by the million must not be left to one search.
  enum class Raise { kNow, kOnDemand };
  static Raise RaiseLive(storage::Dialect dialect) {
    return dialect == storage::Dialect::kPostgres ? Raise::kNow : Raise::kOnDemand;
  }
  MetricAppend(const std::vector<Metric>& metrics, Raise raise);

  // Writes within a transaction: one append, the latest point of each key or a note that there may
  // be later ones, and what belongs to logged models. May be called again when the transaction is
  // run again.
  void Write(storage::Connection& connection, const RunId& run, int64_t run_seq, int64_t now_ms);

 private:
  size_t points_;
  Raise raise_;
  storage::Bytes data_;
  LatestPoints latest_;  // to be raised at once
  // {model, key, run, dataset, digest, time, step, value, is_nan}; the run is filled in when they
  // are written.
  std::vector<std::vector<storage::Value>> of_models_;
};

}  // namespace millwright::tracking

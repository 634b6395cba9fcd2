#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "monitoring/row_facts.h"

namespace millwright::monitoring {

// A row that is in a segment and not in Parquet yet.
struct TailRow {
  RecordKind kind = RecordKind::kPrediction;
  std::string endpoint;
  int64_t time_ms = 0;
  int64_t happened_ms = 0;  // of a prediction
  uint64_t about = 0;       // HashId of its prediction; 0 for an outcome by a key
  std::string line;         // JSON
};

using Schemas = std::map<std::pair<RecordKind, std::string>, Schema>;

// The rows of one segment. They stay where they are when more are added.
struct Tail {
  std::deque<TailRow> rows;
  Schemas schemas;
  std::map<std::string, OutcomeTraits> traits;                  // by endpoint
  std::map<std::pair<std::string, int64_t>, HourOfRows> hours;  // by endpoint and hour
};

}  // namespace millwright::monitoring

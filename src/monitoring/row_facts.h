#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "monitoring/prediction.h"
#include "monitoring/segment.h"

namespace millwright::monitoring {

// The columns of rows beside the fixed ones, with DuckDB's types; a column of nulls only is absent.
using Schema = std::map<std::string, std::string>;

// Adds columns; one that has two types is a text.
void MergeSchema(const Schema& from, Schema& into);

// What an endpoint's outcomes hold beside labels by id; what is not there need not be looked for.
struct OutcomeTraits {
  std::set<std::string> key_inputs;  // of the keys
  bool has_feedback = false;
  bool has_sources = false;
  void Add(const OutcomeTraits& other);
};

// The hour of the wall clock, in hours since 1970.
inline constexpr int64_t kHourMs = 3'600'000;
int64_t HourAt(int64_t time_ms);

// Predictions that were asked in one hour, and when they happened.
struct HourOfRows {
  int64_t rows = 0;
  int64_t happened_first_ms = std::numeric_limits<int64_t>::max();
  int64_t happened_last_ms = std::numeric_limits<int64_t>::min();
  void Add(int64_t count, int64_t first_ms, int64_t last_ms);
};

// What some rows of the log are like: found while they are written, when they are at hand, or out
// of their lines.
class RowFacts {
 public:
  void Add(const Prediction& prediction);
  void Add(const std::string& endpoint, const Outcome& outcome);
  // A row as EncodePrediction or EncodeOutcome wrote it.
  void AddStored(RecordKind kind, const Json& row);

  std::map<std::pair<RecordKind, std::string>, Schema> schemas;
  std::map<std::string, OutcomeTraits> traits;                  // by endpoint
  std::map<std::pair<std::string, int64_t>, HourOfRows> hours;  // by endpoint and hour
  std::map<std::pair<RecordKind, std::string>, int64_t> rows;

 private:
  // Names and types of a row's columns in their order; most rows have those of the one before.
  using Shape = std::vector<std::pair<std::string, const char*>>;
  static Shape ShapeOf(const NamedValues& values);
  static bool Has(const Shape& shape, const NamedValues& values);

  std::string last_endpoint_;
  Shape last_inputs_, last_outputs_;
};

}  // namespace millwright::monitoring

#pragma once

#include <cstdint>
#include <vector>

#include "analytics/session.h"
#include "quality/table_profile.h"

namespace millwright::quality {

// Takes a column of numbers or times piece by piece, in row order.
class NumberColumn {
 public:
  // `rows` is how many there will be.
  NumberColumn(NumberKind kind, int64_t rows);

  void Add(const analytics::NumberSpan& span, size_t rows);
  // Completes what can be told of the values and gives the sketch to the column. Takes the time of
  // sorting; different columns may be finished by different threads.
  void Finish(size_t top_values, ColumnStatistics* column);

 private:
  void AddKey(uint64_t key);
  void Sort();

  std::vector<uint64_t> pending_;
  ColumnSketch sketch_;
  uint64_t last_ = 0;
  bool is_rising_ = true, is_falling_ = true;
  int64_t infinite_ = 0;
};

// Keeps the counts of the most frequent values apart and puts neighbours together, so that the
// sketch is small.
void CompressNumbers(size_t top_values, ColumnSketch* sketch);

// Writes the figures of a column of numbers or times, and its distinct values, top values and
// quantiles, from what its sketch holds. Keeps the flags of order and what is infinite.
void TellNumbers(size_t top_values, ColumnStatistics* column);

// The bottom of the hashes of the values, so that a 5 is the same as a 5.0.
void SketchDistinct(const Distribution& values, DistinctSketch* sketch);

}  // namespace millwright::quality

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analytics/session.h"
#include "drift/reference.h"
#include "statistics/drift_tests.h"

namespace millwright::drift {

// A column of a reference and of current rows, row by row as numbers. A missing value, or one that
// is not finite, is NaN. A category is its place among the values that either side has, in rising
// order of their text.
struct PairedColumn {
  std::string name;
  statistics::ColumnKind kind = statistics::ColumnKind::kNumeric;
  statistics::ValueType type = statistics::ValueType::kReal;
  size_t categories = 0;
  std::vector<double> reference, current;
};

struct PairedColumns {
  std::vector<PairedColumn> columns;
  size_t reference_rows = 0, current_rows = 0;  // that were taken
  int64_t reference_rows_all = 0, current_rows_all = 0;
  // The period of each row; empty where nobody asked.
  std::vector<std::string> reference_period, current_period;
};

struct PairedOptions {
  // All numbers, booleans and texts that both sides have, when empty. Times are never taken by
  // themselves: they only ever move on.
  std::vector<std::string> columns;
  std::vector<std::string> categorical;  // numbers to take as categories
  std::string time_column;               // rows are in its order, equal ones as they lie
  Period period = Period::kNone;
  // About so many rows of each side are drawn where it has more, by their place in the table and
  // the seed: the same rows every time. 0 takes all.
  int64_t rows_max = 0;
  uint64_t seed = 0;
};

// What is held in memory at most, both sides together: 2 GB.
inline constexpr int64_t kPairedCellsMax = 250'000'000;

// Reads columns of two tables, or table expressions. Throws kInvalidArgument for an unknown column,
// a type that is neither number, boolean nor text, or no column; kResourceExhausted for more than
// kPairedCellsMax cells.
PairedColumns ReadPaired(analytics::Session& session, const std::string& reference,
                         const std::string& current, const PairedOptions& options = {});

}  // namespace millwright::drift

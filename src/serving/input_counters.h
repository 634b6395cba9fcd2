#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "inference/tensor.h"

namespace millwright::serving {

// What the values of one input column were since the start, for those who watch for drift: their
// number, those missing, and what mean, spread and range follow from.
struct ColumnCounts {
  std::string column;
  int64_t count = 0;  // that were not missing
  int64_t missing = 0;
  double sum = 0;
  double sum_of_squares = 0;
  double min = 0;  // 0 where there was none
  double max = 0;
};

// Counts a model's inputs of numbers: each named column of a table, else each input of one number a
// row. Added to and published by one thread, read by any; each number is right, all together may be
// of two moments.
class InputCounters {
 public:
  // Columns and inputs that are named in `left_out` are not looked at.
  InputCounters(const inference::Signature& signature, const std::vector<std::string>& left_out);

  // `values` are the input's bytes, row by row. They count once they are published, which takes
  // longer than adding a few rows.
  void Add(const std::string& input, inference::DataType type, std::string_view values);
  void Publish();
  std::vector<ColumnCounts> Read() const;

 private:
  struct Column {
    std::string name;
    bool is_left_out = false;
    std::atomic<int64_t> count = 0;
    std::atomic<int64_t> missing = 0;
    std::atomic<double> sum = 0;
    std::atomic<double> sum_of_squares = 0;
    std::atomic<double> min = 0;
    std::atomic<double> max = 0;
  };
  // Of each column, what was added and not published.
  struct Sums {
    std::vector<int64_t> count;
    std::vector<double> sum;
    std::vector<double> squares;
    std::vector<double> min;
    std::vector<double> max;
  };
  struct Input {
    std::string name;
    std::deque<Column> columns;
    Sums added;
    int64_t rows_added = 0;
  };

  static void Clear(Input* input);
  template <typename T>
  static void AddValues(Input& input, std::string_view values);
  template <typename T>
  static void AddColumn(const char* values, size_t row_bytes, size_t rows, size_t column,
                        Sums* added);
  template <typename T>
  static void AddColumns(const char* values, size_t row_bytes, size_t rows, size_t column,
                         Sums* added);

  std::deque<Input> inputs_;
};

}  // namespace millwright::serving

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
// row. Added to by one thread, read by any; each number is right, all together may be of two
// moments.
class InputCounters {
 public:
  // Columns and inputs that are named in `left_out` are not looked at.
  InputCounters(const inference::Signature& signature, const std::vector<std::string>& left_out);

  // `values` are the input's bytes, row by row.
  void Add(const std::string& input, inference::DataType type, std::string_view values);
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
  struct Input {
    std::string name;
    std::deque<Column> columns;
  };

  template <typename T>
  static void AddValues(Input& input, std::string_view values);

  std::deque<Input> inputs_;
};

}  // namespace millwright::serving

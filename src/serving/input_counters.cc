#include "serving/input_counters.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace millwright::serving {
namespace {

using inference::DataType;
using inference::TensorSpec;

// Without names a wide input is an image or the like, of whose columns nobody asks.
constexpr int64_t kUnnamedColumnsMax = 256;

bool IsCounted(DataType type) {
  return type != DataType::kBytes && type != DataType::kFp16;
}

// The width of a row of one input; 0 where it is not of columns.
int64_t WidthOf(const TensorSpec& spec) {
  if (spec.shape.size() == 1) return 1;
  return spec.shape.size() == 2 && spec.shape[1] > 0 ? spec.shape[1] : 0;
}

// What a column's values of one request come to.
struct Sums {
  int64_t count = 0;
  double sum = 0;
  double squares = 0;
  double min = INFINITY;
  double max = -INFINITY;
};

template <typename T>
Sums SumColumn(const char* values, size_t row_bytes, size_t rows) {
  Sums sums;
  for (size_t row = 0; row < rows; ++row) {
    T stored;
    std::memcpy(&stored, values + row * row_bytes, sizeof stored);
    const auto value = static_cast<double>(stored);
    if (!std::isfinite(value)) continue;
    ++sums.count;
    sums.sum += value;
    sums.squares += value * value;
    sums.min = std::min(sums.min, value);
    sums.max = std::max(sums.max, value);
  }
  return sums;
}

#if defined(__x86_64__)

constexpr size_t kLanes = 4;

bool HasVectors() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}

// The same for columns that are neighbours, one in each lane, by the same steps.
template <typename T>
__attribute__((target("avx2"))) void SumColumns(const char* values, size_t row_bytes, size_t rows,
                                                Sums* columns) {
  typedef T Stored __attribute__((vector_size(kLanes * sizeof(T))));
  typedef double Values __attribute__((vector_size(kLanes * sizeof(double))));
  typedef int64_t Mask __attribute__((vector_size(kLanes * sizeof(int64_t))));
  Mask count = {};
  Values sum = {};
  Values squares = {};
  Values min = Values{} + INFINITY;
  Values max = Values{} - INFINITY;
  for (size_t row = 0; row < rows; ++row) {
    Stored stored;
    std::memcpy(&stored, values + row * row_bytes, sizeof stored);
    const Values value = __builtin_convertvector(stored, Values);
    const Mask is_finite = value - value == Values{};
    count -= is_finite;  // true is -1
    const Values kept = is_finite ? value : Values{};
    sum += kept;
    squares += kept * kept;
    min = (is_finite & (value < min)) ? value : min;
    max = (is_finite & (value > max)) ? value : max;
  }
  for (size_t i = 0; i < kLanes; ++i) {
    columns[i] = {count[i], sum[i], squares[i], min[i], max[i]};
  }
}

#endif

}  // namespace

InputCounters::InputCounters(const inference::Signature& signature,
                             const std::vector<std::string>& left_out) {
  const auto is_left_out = [&](const std::string& name) {
    return std::find(left_out.begin(), left_out.end(), name) != left_out.end();
  };
  for (const TensorSpec& spec : signature.inputs) {
    const int64_t width = WidthOf(spec);
    const auto& names = signature.columns;
    const bool is_named = static_cast<int64_t>(names.size()) == width;
    if (!IsCounted(spec.type) || width == 0 || is_left_out(spec.name)) continue;
    if (!is_named && width > kUnnamedColumnsMax) continue;
    Input& input = inputs_.emplace_back();
    input.name = spec.name;
    for (int64_t i = 0; i < width; ++i) {
      Column& column = input.columns.emplace_back();
      column.name = is_named     ? names[static_cast<size_t>(i)].name
                    : width == 1 ? spec.name
                                 : spec.name + "[" + std::to_string(i) + "]";
      column.is_left_out = is_left_out(column.name);
    }
  }
}

// Sums are kept apart while the rows are walked: the atomics are for the readers.
template <typename T>
void InputCounters::AddValues(Input& input, std::string_view values) {
  const size_t width = input.columns.size();
  const size_t row_bytes = width * sizeof(T);
  const size_t rows = values.size() / row_bytes;
  const auto add = [](auto& total, auto more) {
    total.store(total.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  };
  const auto add_column = [&](Column& column, const Sums& sums) {
    if (column.is_left_out) return;
    const bool is_first = column.count.load(std::memory_order_relaxed) == 0;
    if (sums.count > 0 && (is_first || sums.min < column.min.load(std::memory_order_relaxed))) {
      column.min.store(sums.min, std::memory_order_relaxed);
    }
    if (sums.count > 0 && (is_first || sums.max > column.max.load(std::memory_order_relaxed))) {
      column.max.store(sums.max, std::memory_order_relaxed);
    }
    add(column.sum, sums.sum);
    add(column.sum_of_squares, sums.squares);
    add(column.missing, static_cast<int64_t>(rows) - sums.count);
    add(column.count, sums.count);
  };
  size_t i = 0;
#if defined(__x86_64__)
  if constexpr (std::is_floating_point_v<T>) {
    const bool is_long = rows >= kLanes && HasVectors();
    for (; is_long && i + kLanes <= width; i += kLanes) {
      Sums sums[kLanes];
      SumColumns<T>(values.data() + i * sizeof(T), row_bytes, rows, sums);
      for (size_t lane = 0; lane < kLanes; ++lane) add_column(input.columns[i + lane], sums[lane]);
    }
  }
#endif
  for (; i < width; ++i) {
    add_column(input.columns[i], SumColumn<T>(values.data() + i * sizeof(T), row_bytes, rows));
  }
}

void InputCounters::Add(const std::string& name, DataType type, std::string_view values) {
  const auto input = std::find_if(inputs_.begin(), inputs_.end(),
                                  [&](const Input& one) { return one.name == name; });
  if (input == inputs_.end()) return;
  switch (type) {
    case DataType::kBool:
    case DataType::kUint8:
      return AddValues<uint8_t>(*input, values);
    case DataType::kUint16:
      return AddValues<uint16_t>(*input, values);
    case DataType::kUint32:
      return AddValues<uint32_t>(*input, values);
    case DataType::kUint64:
      return AddValues<uint64_t>(*input, values);
    case DataType::kInt8:
      return AddValues<int8_t>(*input, values);
    case DataType::kInt16:
      return AddValues<int16_t>(*input, values);
    case DataType::kInt32:
      return AddValues<int32_t>(*input, values);
    case DataType::kInt64:
      return AddValues<int64_t>(*input, values);
    case DataType::kFp32:
      return AddValues<float>(*input, values);
    case DataType::kFp64:
      return AddValues<double>(*input, values);
    case DataType::kFp16:
    case DataType::kBytes:
      return;
  }
}

std::vector<ColumnCounts> InputCounters::Read() const {
  std::vector<ColumnCounts> all;
  for (const Input& input : inputs_) {
    for (const Column& column : input.columns) {
      if (column.is_left_out) continue;
      all.push_back({column.name, column.count.load(), column.missing.load(), column.sum.load(),
                     column.sum_of_squares.load(), column.min.load(), column.max.load()});
    }
  }
  return all;
}

}  // namespace millwright::serving

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

#if defined(__x86_64__)

constexpr size_t kLanes = 4;

bool HasVectors() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
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
    Clear(&input);
  }
}

void InputCounters::Clear(Input* input) {
  const size_t width = input->columns.size();
  input->rows_added = 0;
  input->added.count.assign(width, 0);
  input->added.sum.assign(width, 0);
  input->added.squares.assign(width, 0);
  input->added.min.assign(width, INFINITY);
  input->added.max.assign(width, -INFINITY);
}

template <typename T>
void InputCounters::AddColumn(const char* values, size_t row_bytes, size_t rows, size_t column,
                              Sums* added) {
  for (size_t row = 0; row < rows; ++row) {
    T stored;
    std::memcpy(&stored, values + row * row_bytes, sizeof stored);
    const auto value = static_cast<double>(stored);
    if (!std::isfinite(value)) continue;
    ++added->count[column];
    added->sum[column] += value;
    added->squares[column] += value * value;
    added->min[column] = std::min(added->min[column], value);
    added->max[column] = std::max(added->max[column], value);
  }
}

#if defined(__x86_64__)

// The same for kLanes columns from `column` on, by the same steps.
template <typename T>
__attribute__((target("avx2"))) void InputCounters::AddColumns(const char* values, size_t row_bytes,
                                                               size_t rows, size_t column,
                                                               Sums* added) {
  typedef T Stored __attribute__((vector_size(kLanes * sizeof(T))));
  typedef double Values __attribute__((vector_size(kLanes * sizeof(double))));
  typedef int64_t Mask __attribute__((vector_size(kLanes * sizeof(int64_t))));
  const auto load = [](const auto& from, auto* to) { std::memcpy(to, &from, sizeof *to); };
  Mask count;
  Values sum, squares, min, max;
  load(added->count[column], &count);
  load(added->sum[column], &sum);
  load(added->squares[column], &squares);
  load(added->min[column], &min);
  load(added->max[column], &max);
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
  const auto store = [](const auto& from, auto* to) { std::memcpy(to, &from, sizeof from); };
  store(count, &added->count[column]);
  store(sum, &added->sum[column]);
  store(squares, &added->squares[column]);
  store(min, &added->min[column]);
  store(max, &added->max[column]);
}

#endif

template <typename T>
void InputCounters::AddValues(Input& input, std::string_view values) {
  const size_t width = input.columns.size();
  const size_t row_bytes = width * sizeof(T);
  const size_t rows = values.size() / row_bytes;
  input.rows_added += static_cast<int64_t>(rows);
  size_t i = 0;
#if defined(__x86_64__)
  if constexpr (std::is_floating_point_v<T>) {
    const bool has_vectors = HasVectors();
    for (; has_vectors && i + kLanes <= width; i += kLanes) {
      AddColumns<T>(values.data() + i * sizeof(T), row_bytes, rows, i, &input.added);
    }
  }
#endif
  for (; i < width; ++i) {
    AddColumn<T>(values.data() + i * sizeof(T), row_bytes, rows, i, &input.added);
  }
}

void InputCounters::Publish() {
  const auto add = [](auto& total, auto more) {
    total.store(total.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  };
  for (Input& input : inputs_) {
    if (input.rows_added == 0) continue;
    const Sums& added = input.added;
    for (size_t i = 0; i < input.columns.size(); ++i) {
      Column& column = input.columns[i];
      if (column.is_left_out) continue;
      const bool is_first = column.count.load(std::memory_order_relaxed) == 0;
      const bool has_any = added.count[i] > 0;
      if (has_any && (is_first || added.min[i] < column.min.load(std::memory_order_relaxed))) {
        column.min.store(added.min[i], std::memory_order_relaxed);
      }
      if (has_any && (is_first || added.max[i] > column.max.load(std::memory_order_relaxed))) {
        column.max.store(added.max[i], std::memory_order_relaxed);
      }
      add(column.sum, added.sum[i]);
      add(column.sum_of_squares, added.squares[i]);
      add(column.missing, input.rows_added - added.count[i]);
      add(column.count, added.count[i]);
    }
    Clear(&input);
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

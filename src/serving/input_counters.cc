#include "serving/input_counters.h"

#include <algorithm>
#include <cmath>
#include <cstring>

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
  const size_t rows = values.size() / sizeof(T) / width;
  for (size_t i = 0; i < width; ++i) {
    Column& column = input.columns[i];
    if (column.is_left_out) continue;
    int64_t count = 0;
    double sum = 0;
    double squares = 0;
    double min = INFINITY;
    double max = -INFINITY;
    for (size_t row = 0; row < rows; ++row) {
      T stored;
      std::memcpy(&stored, values.data() + (row * width + i) * sizeof(T), sizeof stored);
      const auto value = static_cast<double>(stored);
      if (!std::isfinite(value)) continue;
      ++count;
      sum += value;
      squares += value * value;
      min = std::min(min, value);
      max = std::max(max, value);
    }
    const auto add = [](auto& total, auto more) {
      total.store(total.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
    };
    const bool is_first = column.count.load(std::memory_order_relaxed) == 0;
    if (count > 0 && (is_first || min < column.min.load(std::memory_order_relaxed))) {
      column.min.store(min, std::memory_order_relaxed);
    }
    if (count > 0 && (is_first || max > column.max.load(std::memory_order_relaxed))) {
      column.max.store(max, std::memory_order_relaxed);
    }
    add(column.sum, sum);
    add(column.sum_of_squares, squares);
    add(column.missing, static_cast<int64_t>(rows) - count);
    add(column.count, count);
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
